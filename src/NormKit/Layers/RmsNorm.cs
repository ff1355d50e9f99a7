using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

/// <summary>Divides by the root mean square over the trailing or other dimensions: layer norm without the mean.</summary>
/// <remarks><code>y = x / sqrt(mean(x^2) + eps) * weight</code>
/// Input and output: (*, normalizedShape), or with axes a shape that has those lengths there; weight: normalizedShape. There is no bias. The weight is
/// multiplied in before the one rounding to a 16-bit type, as in PyTorch, unless <see cref="RoundBeforeWeight"/> is set. Training and evaluation are alike.
/// Source: Zhang, Sennrich 2019, arXiv:1910.07467.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class RmsNorm<T> : RowNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer with weight 1.</summary>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="eps">Added to the mean of squares, inside the root; null for the epsilon of the type computed in, 2^-23 for float (and so for 16-bit
    /// input) and 2^-52 for double.</param>
    /// <param name="elementwiseAffine">Whether there is a weight.</param>
    /// <param name="unitOffset">Whether the weight is stored minus one, and so starts at 0.</param>
    /// <exception cref="ArgumentException"><paramref name="normalizedShape"/> is empty or has a negative length.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is negative or not finite.</exception>
    public RmsNorm(ReadOnlySpan<nint> normalizedShape, double? eps = null, bool elementwiseAffine = true, bool unitOffset = false)
        : this(normalizedShape, default, eps, elementwiseAffine, unitOffset)
    {
    }

    /// <summary>A layer over the last dimension, of <paramref name="normalizedShape"/> elements.</summary>
    /// <inheritdoc cref="RmsNorm{T}(ReadOnlySpan{nint}, double?, bool, bool)"/>
    public RmsNorm(int normalizedShape, double? eps = null, bool elementwiseAffine = true, bool unitOffset = false)
        : this([normalizedShape], eps, elementwiseAffine, unitOffset)
    {
    }

    /// <summary>A layer over any dimensions.</summary>
    /// <inheritdoc cref="RmsNorm{T}(ReadOnlySpan{nint}, double?, bool, bool)"/>
    /// <param name="normalizedShape">The lengths of the dimensions that share statistics.</param>
    /// <param name="axes">Which dimensions these are, in ascending order, negative ones counted from the end; none for the trailing ones.</param>
    /// <param name="eps">Added to the mean of squares, inside the root; null for the epsilon of the type computed in.</param>
    /// <param name="elementwiseAffine">Whether there is a weight.</param>
    /// <param name="unitOffset">Whether the weight is stored minus one, and so starts at 0.</param>
    public RmsNorm(ReadOnlySpan<nint> normalizedShape, ReadOnlySpan<int> axes, double? eps = null, bool elementwiseAffine = true, bool unitOffset = false)
        : base(nameof(RmsNorm<>), Spread.RootMeanSquare, normalizedShape, axes, eps ?? DefaultEps, elementwiseAffine, bias: false, unitOffset)
    {
    }

    /// <summary>Whether a normalized value is rounded to the type of the output before it is multiplied by its weight, as the reference code of Llama
    /// does: <c>weight * (x / sqrt(...)).to(dtype)</c>. It matters to 16-bit outputs alone; gradients are those without that rounding.</summary>
    public bool RoundBeforeWeight { get; init; }

    private protected override void Complete(ref NormSpec<T> spec, Concurrency concurrency)
    {
        base.Complete(ref spec, concurrency);
        spec.RoundsBeforeWeight = RoundBeforeWeight;
    }

    /// <summary>The distance from 1 to the next number: what PyTorch adds where no eps is given.</summary>
    internal static double DefaultEps => typeof(T) == typeof(float) ? 1.0 / (1 << 23) : 1.0 / (1L << 52);
}
