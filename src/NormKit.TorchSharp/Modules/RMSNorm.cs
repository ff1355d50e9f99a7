using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Divides by the root mean square over the trailing or other dimensions; torch.nn.RMSNorm.</summary>
/// <remarks><code>y = x / sqrt(mean(x^2) + eps) * weight</code>
/// See <see cref="NormKit.RmsNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class RMSNorm : AffineNormModule
{
    /// <summary>A layer over the trailing dimensions, or others.</summary>
    /// <param name="normalizedShape">The lengths of the dimensions that share statistics.</param>
    /// <param name="eps">Added to the mean of squares, inside the root; null for the epsilon of the type computed in, 2^-23 for float32 and 16-bit input, 2^-52 for float64.</param>
    /// <param name="elementwiseAffine">Whether there is a weight.</param>
    /// <param name="device">Where parameters lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters; torch's default unless given.</param>
    /// <param name="axes">Which dimensions share statistics, in ascending order, negative ones counted from the end; null for the trailing ones. Axis 1 of (N, C, H, W) is the layer norm of ConvNeXt.</param>
    /// <param name="unitOffset">Whether the weight is stored minus one, and so starts at 0.</param>
    /// <exception cref="ArgumentException"><paramref name="normalizedShape"/> is empty or has a negative length, or there are not as many axes.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is negative or not finite.</exception>
    public RMSNorm(
        long[] normalizedShape, double? eps = null, bool elementwiseAffine = true, Device? device = null, ScalarType? dtype = null,
        long[]? axes = null, bool unitOffset = false)
        : base(new RmsNormOperator(Sizes.Of(normalizedShape), Sizes.Of(axes ?? []), eps, elementwiseAffine, unitOffset), device, dtype)
    {
    }

    /// <summary>A layer over the last dimension, of <paramref name="normalizedShape"/> elements.</summary>
    /// <inheritdoc cref="RMSNorm(long[], double?, bool, Device, ScalarType?, long[], bool)"/>
    public RMSNorm(long normalizedShape, double? eps = null, bool elementwiseAffine = true, Device? device = null, ScalarType? dtype = null)
        : this([normalizedShape], eps, elementwiseAffine, device, dtype)
    {
    }

    /// <summary>Gets the lengths of the dimensions that share statistics.</summary>
    public IReadOnlyList<long> NormalizedShape => ((RowNormOperator)Operator).NormalizedShape.Lengths;
}
