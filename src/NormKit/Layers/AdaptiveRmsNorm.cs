using System.Numerics;
using NormKit.Kernels;

namespace NormKit;

/// <summary>RMS norm whose scale and shift are given for each sample by a condition: a class, a time step, a style.</summary>
/// <remarks><code>y = x / sqrt(mean(x^2) + eps) * (1 + scale[n]) + shift[n]</code>
/// <inheritdoc/></remarks>
/// <typeparam name="T">float or double; see <see cref="AdaptiveRowNorm{T}"/>.</typeparam>
public sealed class AdaptiveRmsNorm<T> : AdaptiveRowNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A norm over the trailing dimensions.</summary>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="eps">Added to the mean of squares, inside the root; null for 2^-23 in float and 2^-52 in double.</param>
    /// <exception cref="ArgumentException"><paramref name="normalizedShape"/> is empty or has a negative length.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is negative or not finite.</exception>
    public AdaptiveRmsNorm(ReadOnlySpan<nint> normalizedShape, double? eps = null)
        : base(nameof(AdaptiveRmsNorm<>), Spread.RootMeanSquare, normalizedShape, eps ?? RmsNorm<T>.DefaultEps)
    {
    }

    /// <summary>A norm over the last dimension, of <paramref name="normalizedShape"/> elements.</summary>
    /// <inheritdoc cref="AdaptiveRmsNorm{T}(ReadOnlySpan{nint}, double?)"/>
    public AdaptiveRmsNorm(int normalizedShape, double? eps = null)
        : this([normalizedShape], eps)
    {
    }
}
