using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>A kernel whose sums can be had without the rest of its work.</summary>
internal interface ISummingKernel : IUnitKernel
{
    /// <summary>Writes the total of the reduced blocks of each set of a unit to the place of the set.</summary>
    void TotalsOf(nint slot, nint unit, BlockSums[] ofSets);
}

/// <summary>The reduction of a kernel alone, for sets that continue elsewhere: on other ranks.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="totals">Takes the sums of each set.</param>
internal readonly struct LocalSums<TKernel>(TKernel kernel, BlockSums[] totals) : IUnitKernel where TKernel : struct, ISummingKernel
{
    private readonly TKernel kernel = kernel;

    public void Reduce(nint slot, nint unit, int block) => kernel.Reduce(slot, unit, block);

    public void Combine(nint slot, nint unit) => kernel.TotalsOf(slot, unit, totals);

    public void Apply(nint slot, nint unit, int block)
    {
    }
}
