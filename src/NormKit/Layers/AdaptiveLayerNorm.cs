using System.Numerics;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Layer norm whose scale and shift are given for each sample by a condition: a class, a time step, a style.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * (1 + scale[n]) + shift[n]     // var is biased</code>
/// <inheritdoc/></remarks>
/// <typeparam name="T">float or double; see <see cref="AdaptiveRowNorm{T}"/>.</typeparam>
public sealed class AdaptiveLayerNorm<T> : AdaptiveRowNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A norm over the trailing dimensions.</summary>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <exception cref="ArgumentException"><paramref name="normalizedShape"/> is empty or has a negative length.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is negative or not finite.</exception>
    public AdaptiveLayerNorm(ReadOnlySpan<nint> normalizedShape, double eps = 1e-5)
        : base(nameof(AdaptiveLayerNorm<>), Spread.StandardDeviation, normalizedShape, eps)
    {
    }

    /// <summary>A norm over the last dimension, of <paramref name="normalizedShape"/> elements.</summary>
    /// <inheritdoc cref="AdaptiveLayerNorm{T}(ReadOnlySpan{nint}, double)"/>
    public AdaptiveLayerNorm(int normalizedShape, double eps = 1e-5)
        : this([normalizedShape], eps)
    {
    }
}
