namespace NormKit.Diagnosis;

/// <summary>The families of layers that are told apart.</summary>
public enum NormalizationKind
{
    /// <summary>A channel of all samples shares statistics, or has running ones.</summary>
    BatchNorm,

    /// <summary>Some dimensions of a sample share statistics.</summary>
    LayerNorm,

    /// <summary>A channel of a sample shares statistics.</summary>
    InstanceNorm,

    /// <summary>A group of channels of a sample shares statistics.</summary>
    GroupNorm,

    /// <summary>As layer norm, without the mean.</summary>
    RmsNorm,

    /// <summary>Division by a norm.</summary>
    LpNormalize,

    /// <summary>Neighbouring channels share a sum of squares.</summary>
    LocalResponseNorm,
}
