using System.Numerics;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit.Interop;

/// <summary>A normalization as a layer or function chooses it: who shares statistics, how they are used, and with which parameters.</summary>
/// <param name="layer">The layer or function, for errors.</param>
/// <param name="grouping">Who shares statistics in this input.</param>
/// <param name="scaling">How statistics become a factor.</param>
internal ref struct NormSpec<T>(string layer, Grouping grouping, Scaling scaling) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Layer { get; } = layer;

    public Grouping Grouping { get; } = grouping;

    public Scaling Scaling { get; } = scaling;

    /// <summary>A weight for each parameter, or none.</summary>
    public Operand<T> Weight { get; set; }

    /// <summary>A bias for each parameter, or none.</summary>
    public Operand<T> Bias { get; set; }

    /// <summary>Whether a weight is stored minus one.</summary>
    public bool UnitOffset { get; set; }

    /// <summary>Running statistics, to be used instead of those of the input or to be moved by them.</summary>
    public Running<T> Running { get; set; }

    /// <summary>The other ranks that sets go on on; null for sets that lie here.</summary>
    public SyncStatistics? Ranks { get; set; }

    /// <summary>Whether the statistics were given to the forward call whose gradient this is.</summary>
    public bool FixedStatistics { get; set; }

    public Activation Activation { get; set; }

    /// <summary>Whether a normalized value is rounded to the type of the output before it is multiplied by its weight.</summary>
    public bool RoundsBeforeWeight { get; set; }

    /// <summary>The dimensions in the order in which the grouping counts elements; none where that is their own.</summary>
    public ReadOnlySpan<int> Order { get; set; }

    /// <summary>How many of the last dimensions, in that order, are normalized over; 0 where channels and positions say it.</summary>
    public int NormalizedRank { get; set; }

    /// <summary>The threads of the call, and what ends it early.</summary>
    public Concurrency Concurrency { get; set; }

    /// <summary>Whether a mask of fewer dimensions than the input leaves a dimension out: those normalized over, else the channels.</summary>
    public readonly bool Shares(int dimension, int rank)
    {
        if (NormalizedRank == 0)
            return dimension == 1;
        return Order.IsEmpty ? dimension >= rank - NormalizedRank : Order[(rank - NormalizedRank)..].Contains(dimension);
    }

    /// <summary>The lengths of the dimensions normalized over.</summary>
    public readonly void NormalizedLengths(scoped ReadOnlySpan<nint> input, scoped Span<nint> lengths)
    {
        for (int d = 0; d < NormalizedRank; d++)
        {
            int from = input.Length - NormalizedRank + d;
            lengths[d] = input[Order.IsEmpty ? from : Order[from]];
        }
    }
}
