using System.Runtime.CompilerServices;

namespace NormKit.Kernels;

/// <summary>Where a kernel finds or puts the moments of its sets.</summary>
/// <param name="moments">The array itself.</param>
/// <param name="keeping">Which sets it has room for.</param>
/// <param name="setsPerUnit">Sets that a kernel treats as one unit.</param>
/// <param name="setsPerBatch">Sets of one batch; a multiple of the above.</param>
internal readonly struct StatisticsStore(Moments[] moments, Keeping keeping, nint setsPerUnit, nint setsPerBatch)
{
    /// <summary>Given with the call and only read: the running statistics of each channel.</summary>
    public bool Fixed => keeping == Keeping.OfOneBatch;

    /// <summary>The first of a unit's sets; the others follow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref Moments Of(nint slot, nint unit) => ref moments[Index(slot, unit)];

    public Span<Moments> AllOf(nint slot, nint unit) => moments.AsSpan((int)Index(slot, unit), (int)setsPerUnit);

    private nint Index(nint slot, nint unit) => keeping switch
    {
        Keeping.OfEachSlot => slot * setsPerUnit,
        Keeping.OfEachUnit => unit * setsPerUnit,
        _ => unit * setsPerUnit % setsPerBatch,
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
