namespace NormKit.Lab;

/// <summary>The layers that the page offers, by the names that it uses in its address.</summary>
internal static class LayerChoice
{
    public const string Batch = "batch", Layer = "layer", Instance = "instance", Group = "group", Rms = "rms";

    /// <summary>Creates a layer for an input (N, C, H, W). Layer norm and RMS norm go over (C, H, W), as in the notebook.</summary>
    /// <exception cref="ArgumentException">The layer is unknown, or it refuses its settings.</exception>
    public static NormLayer<float> Create(string name, ReadOnlySpan<nint> shape, int groups, double eps, bool affine = true)
    {
        int channels = (int)shape[1];
        return name switch
        {
            Batch => new BatchNorm<float>(channels, eps, affine: affine),
            Layer => new LayerNorm<float>(shape[1..], eps, elementwiseAffine: affine),
            Instance => new InstanceNorm<float>(channels, eps, affine: affine),
            Group => new GroupNorm<float>(groups, channels, eps, affine: affine),
            Rms => new RmsNorm<float>(shape[1..], eps, elementwiseAffine: affine),
            _ => throw new ArgumentException($"The page knows no layer '{name}'; it knows batch, layer, instance, group and rms."),
        };
    }

    /// <summary>The activation of this name, applied to the layer's output.</summary>
    /// <exception cref="ArgumentException">There is no such activation.</exception>
    public static Activation Activation(string name) => name switch
    {
        "none" => NormKit.Activation.None,
        "relu" => NormKit.Activation.Relu,
        "leaky" => NormKit.Activation.LeakyRelu(0.2),
        "silu" => NormKit.Activation.Silu,
        "gelu" => NormKit.Activation.Gelu,
        _ => throw new ArgumentException($"The page knows no activation '{name}'."),
    };
}
