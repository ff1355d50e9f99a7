using System.Runtime.CompilerServices;

namespace NormKit.Kernels;

/// <summary>Where a kernel finds or puts the moments of its sets.</summary>
/// <param name="moments">The array itself.</param>
/// <param name="keeping">Which sets it has room for.</param>
/// <param name="setsPerUnit">Sets that a kernel treats as one unit, at most.</param>
/// <param name="setsPerBatch">Sets of one batch.</param>
internal readonly struct StatisticsStore(Moments[] moments, Keeping keeping, nint setsPerUnit, nint setsPerBatch)
{
    /// <summary>Given with the call and only read: the running statistics of each channel.</summary>
    public bool Fixed => keeping == Keeping.OfOneBatch;

    /// <summary>Those of a set, counted through all batches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref Moments Of(nint slot, nint set) => ref moments[Index(slot, set)];

    /// <summary>Those of neighbouring sets, at most as many as a unit has.</summary>
    public Span<Moments> AllOf(nint slot, nint firstSet, int sets) => moments.AsSpan((int)Index(slot, firstSet), sets);

    private nint Index(nint slot, nint set) => keeping switch
    {
        Keeping.OfEachSlot => slot * setsPerUnit,
        Keeping.OfEachUnit => set,
        _ => set % setsPerBatch,
    };
}

/// <summary>How long a unit's moments are kept.</summary>
internal enum Keeping
{
    /// <summary>Until the slot takes its next unit.</summary>
    OfEachSlot,

    /// <summary>To the end.</summary>
    OfEachUnit,

    /// <summary>There is one set of moments a channel, shared by all batches.</summary>
    OfOneBatch,
}
