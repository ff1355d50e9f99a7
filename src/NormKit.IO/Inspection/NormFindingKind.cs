namespace NormKit.IO;

/// <summary>What is wrong with a norm, worst first.</summary>
public enum NormFindingKind
{
    /// <summary>A tensor holds NaN or infinity.</summary>
    NotFinite,

    /// <summary>A running variance is negative.</summary>
    NegativeVariance,

    /// <summary>A tensor that the norm needs is missing, or has another number of channels than its weight.</summary>
    Incomplete,

    /// <summary>The graph normalizes by the statistics of each batch.</summary>
    TrainingMode,

    /// <summary>Running mean 0 and running variance 1 in every channel, as in a new layer.</summary>
    UntouchedStatistics,

    /// <summary>A running statistic has one value in all channels.</summary>
    AlikeStatistics,

    /// <summary>The weight looks stored minus one, but the architecture multiplies by it as it is.</summary>
    StoredMinusOne,

    /// <summary>The weight looks stored as it is, but the architecture adds one to it.</summary>
    StoredAsIs,

    /// <summary>The eps is zero, negative, not finite or unusually large.</summary>
    UnusualEps,

    /// <summary>The format requires an eps, and the file has none, or its readers disagree about the default.</summary>
    MissingEps,

    /// <summary>The other file has another eps for this norm.</summary>
    OtherEps,

    /// <summary>A value is beyond the range of half precision.</summary>
    HalfOverflow,

    /// <summary>Channels whose weight is zero: their output does not depend on the input.</summary>
    DeadChannels,

    /// <summary>Channels whose variance is below eps, so that eps decides their scale.</summary>
    VarianceBelowEps,

    /// <summary>A momentum that looks like the other convention's.</summary>
    Momentum,
}
