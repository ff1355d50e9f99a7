using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Scales each row to one length, which is the only parameter.</summary>
/// <remarks><code>y = weight * x / max(|x|, eps)        // |x|: the Euclidean length of the row</code>
/// See <see cref="NormKit.ScaleNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class ScaleNorm : AffineNormModule
{
    /// <summary>A layer whose weight is the root of <paramref name="dim"/>.</summary>
    /// <param name="dim">The length of the last dimension.</param>
    /// <param name="eps">The smallest length that is divided by.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public ScaleNorm(long dim, double eps = 1e-5, Device? device = null, ScalarType? dtype = null)
        : base(new ScaleNormOperator(Sizes.Count(nameof(ScaleNorm<>), nameof(dim), dim), eps), device, dtype)
    {
    }
}
