namespace NormKit.Diagnosis.Tests.Small;

/// <summary>The layers of the small cases.</summary>
internal enum SmallLayer
{
    /// <summary>Over the last dimension.</summary>
    LayerNorm,

    /// <summary>Layer norm over everything, the samples too.</summary>
    Everything,
    BatchNorm,
    InstanceNorm,
    GroupNorm,
    RmsNorm,

    /// <summary>RMS norm in two groups of the last dimension.</summary>
    GroupedRmsNorm,
    LpNormalize,

    /// <summary>Batch norm in evaluation, with running statistics that are given.</summary>
    Evaluation,

    /// <summary>Batch norm in evaluation, with the statistics of a new layer, and nothing given.</summary>
    NewLayer,

    /// <summary>Batch norm with the running statistics of a new layer after one update.</summary>
    Updated,
}

/// <summary>What a small case does otherwise than the textbook.</summary>
internal enum SmallFault
{
    None,
    SampleVariance,
    EpsOutside,
    NoRoot,
    NotCentered,
    EpsAfter,
    WeightMissing,
    BiasMissing,

    /// <summary>A factor for all elements that nobody gave.</summary>
    Scaled,
}
