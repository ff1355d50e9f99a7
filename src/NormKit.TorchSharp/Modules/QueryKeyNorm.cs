using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>RMS norm of the queries or keys of attention, (*, H, L, D), with a weight for each head.</summary>
/// <remarks><code>y = x / sqrt(mean(x^2) + eps) * weight[h]</code>
/// See <see cref="NormKit.QueryKeyNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class QueryKeyNorm : AffineNormModule
{
    /// <summary>A layer with weight 1.</summary>
    /// <param name="numHeads">How many heads there are, H.</param>
    /// <param name="headDim">The dimensions of a head, D.</param>
    /// <param name="eps">Added to the mean of squares; null for the epsilon of the type computed in.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public QueryKeyNorm(long numHeads, long headDim, double? eps = null, Device? device = null, ScalarType? dtype = null)
        : base(new QueryKeyNormOperator(Sizes.Count(nameof(QueryKeyNorm<>), nameof(numHeads), numHeads), Sizes.Count(nameof(QueryKeyNorm<>), nameof(headDim), headDim), eps), device, dtype)
    {
    }
}
