using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Strengthens the channels whose response over the whole image is larger than the average channel's.</summary>
/// <remarks><code>y = x + weight[c] * x * |x[c]| / (mean over c of |x[c]| + eps) + bias[c]</code>
/// See <see cref="NormKit.GlobalResponseNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class GlobalResponseNorm : AffineNormModule
{
    /// <summary>A layer with weight 0 and bias 0, which hands its input on until it is trained.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the mean of the channels' responses.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public GlobalResponseNorm(long numFeatures, double eps = 1e-6, Device? device = null, ScalarType? dtype = null)
        : base(new GlobalResponseNormOperator(Sizes.Count(nameof(GlobalResponseNorm<>), nameof(numFeatures), numFeatures), eps), device, dtype)
    {
    }
}
