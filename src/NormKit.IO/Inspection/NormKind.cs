namespace NormKit.IO;

/// <summary>The kind of a normalization in a model file.</summary>
public enum NormKind
{
    /// <summary>Statistics over the batch, or running ones: a tensor for each channel.</summary>
    BatchNorm,

    /// <summary>Mean and variance over the last dimensions.</summary>
    LayerNorm,

    /// <summary>The root mean square over the last dimensions; no mean.</summary>
    RmsNorm,

    /// <summary>Mean and variance over a group of channels.</summary>
    GroupNorm,

    /// <summary>Mean and variance over each channel of each sample.</summary>
    InstanceNorm,

    /// <summary>A window over neighbouring channels. It has no weight.</summary>
    LocalResponseNorm,

    /// <summary>Division by the length of a vector. It has no weight.</summary>
    LpNormalize,

    /// <summary>ONNX's MeanVarianceNormalization. It has no weight and no eps.</summary>
    MeanVarianceNorm,
}
