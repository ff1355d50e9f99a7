using System.Numerics;
using System.Runtime.CompilerServices;

namespace NormKit.Kernels;

/// <summary>
/// A residual that is added before rows are normalized: <c>sum = x + residual + bias</c>, rounded to the element type and normalized from there, so
/// that the result is that of the two steps one after the other, while the sum is still in cache.
/// </summary>
/// <param name="x">The input.</param>
/// <param name="residual">What is added to it; none, and there is no addition.</param>
/// <param name="bias">One row that is added too; may be none.</param>
/// <param name="sum">Takes the sum; may be x or the residual.</param>
internal readonly struct Addition<T, TNarrow>(TensorView<T> x, TensorView<T> residual, TensorView<TNarrow> bias, TensorView<T> sum)
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    private readonly TensorView<T> x = x;
    private readonly TensorView<T> residual = residual;
    private readonly TensorView<TNarrow> bias = bias;
    private readonly TensorView<T> sum = sum;

    public bool IsPresent => !residual.IsEmpty;

    /// <summary>Adds a block, of which the first element is number <paramref name="start"/> of its row.</summary>
    [SkipLocalsInit]
    public void Run(nint offset, nint start, int length)
    {
        Span<TNarrow> forX = stackalloc TNarrow[BlockPlan.BlockLength];
        Span<TNarrow> to = sum.Target(offset, length, forX);
        Add(offset, start, to);
        sum.Write<TNarrow>(offset, to);
    }

    /// <summary>Adds a block into <paramref name="room"/>, where it is wanted next, and writes it to the sum with non-temporal stores.</summary>
    public void Run(nint offset, nint start, Span<TNarrow> room)
    {
        Add(offset, start, room);
        RowMaps.Copy<TNarrow>(room, sum.Direct<TNarrow>(offset, room.Length), nonTemporal: true);
    }

    [SkipLocalsInit]
    private void Add(nint offset, nint start, Span<TNarrow> to)
    {
        Span<TNarrow> forX = stackalloc TNarrow[BlockPlan.BlockLength], forResidual = stackalloc TNarrow[BlockPlan.BlockLength];
        RowMaps.Add(x.Read(offset, to.Length, forX), residual.Read(offset, to.Length, forResidual), to);
        if (!bias.IsEmpty)
            RowMaps.Add(to, bias.Read(start, to.Length, forResidual), to);
    }
}
