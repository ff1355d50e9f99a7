namespace NormKit.Diagnosis.Sharing;

/// <summary>Where the channels are taken to be.</summary>
internal enum ChannelOrder
{
    /// <summary>(N, C, *).</summary>
    First,

    /// <summary>(N, *, C).</summary>
    Last,

    /// <summary>The memory of (N, C, *) read as if it were (N, *, C), or the other way round.</summary>
    Misread,
}

/// <summary>One name for a grouping: a layer, its settings, and which elements have a weight in common in it.</summary>
/// <param name="Kind">Batch, layer, instance or group norm.</param>
/// <param name="Weights">Which elements share a weight.</param>
/// <param name="Cost">How unlikely it is, beside the others.</param>
internal sealed record Reading(NormalizationKind Kind, IndexMap Weights, double Cost)
{
    public ChannelOrder Order { get; init; }

    /// <summary>Of the channels.</summary>
    public int Groups { get; init; }

    /// <summary>Whether channel c is in group c mod groups.</summary>
    public bool Interleaved { get; init; }

    /// <summary>The dimensions that share statistics, of layer norm.</summary>
    public IReadOnlyList<int> Axes { get; init; } = [];

    /// <summary>Whether each position has statistics of its own, over the batch alone.</summary>
    public bool PerPosition { get; init; }
}

/// <summary>Which elements share statistics, and what layers that is.</summary>
/// <param name="Sets">The number of each element's set.</param>
/// <param name="Readings">The likeliest first.</param>
internal sealed record Grouping(IndexMap Sets, IReadOnlyList<Reading> Readings)
{
    public int SetSize => Sets.Length / Sets.Count;
}
