namespace NormKit;

/// <summary>The layers that a batch norm folds into, by the shape of their weight, which is PyTorch's.</summary>
public enum FoldableLayer
{
    /// <summary>Weight (out, in). The norm's channels are its features: its input or output is (N, C).</summary>
    Linear,

    /// <summary>Weight (out, in / groups, *kernel), with at least one kernel dimension.</summary>
    Convolution,

    /// <summary>Weight (in, out / groups, *kernel), with at least one kernel dimension.</summary>
    TransposedConvolution,
}
