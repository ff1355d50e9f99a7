using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Normalizes over the trailing or other dimensions, sample by sample; torch.nn.LayerNorm.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight + bias     // var is biased: divided by the number of elements normalized over</code>
/// See <see cref="NormKit.LayerNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class LayerNorm : AffineNormModule
{
    /// <summary>A layer over the trailing dimensions, or others.</summary>
    /// <param name="normalizedShape">The lengths of the dimensions that share statistics.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="elementwiseAffine">Whether there are a weight and, unless <paramref name="bias"/> is false, a bias.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="device">Where parameters lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters; torch's default unless given.</param>
    /// <param name="axes">Which dimensions share statistics, in ascending order, negative ones counted from the end; null for the trailing ones. Axis 1 of (N, C, H, W) is the layer norm of ConvNeXt.</param>
    /// <param name="unitOffset">Whether the weight is stored minus one, and so starts at 0.</param>
    /// <exception cref="ArgumentException"><paramref name="normalizedShape"/> is empty or has a negative length, or there are not as many axes.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is negative or not finite.</exception>
    public LayerNorm(
        long[] normalizedShape, double eps = 1e-5, bool elementwiseAffine = true, bool bias = true, Device? device = null, ScalarType? dtype = null,
        long[]? axes = null, bool unitOffset = false)
        : base(new LayerNormOperator(Sizes.Of(normalizedShape), Sizes.Of(axes ?? []), eps, elementwiseAffine, bias, unitOffset), device, dtype)
    {
    }

    /// <summary>A layer over the last dimension, of <paramref name="normalizedShape"/> elements.</summary>
    /// <inheritdoc cref="LayerNorm(long[], double, bool, bool, Device, ScalarType?, long[], bool)"/>
    public LayerNorm(long normalizedShape, double eps = 1e-5, bool elementwiseAffine = true, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : this([normalizedShape], eps, elementwiseAffine, bias, device, dtype)
    {
    }

    /// <summary>Gets the lengths of the dimensions that share statistics.</summary>
    public IReadOnlyList<long> NormalizedShape => ((RowNormOperator)Operator).NormalizedShape.Lengths;
}
