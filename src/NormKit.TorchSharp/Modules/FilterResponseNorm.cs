using NormKit.TorchSharp.Operators;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace NormKit.TorchSharp;

/// <summary>Divides each channel of each sample by its root mean square, then bounds it from below by a learned threshold.</summary>
/// <remarks><code>y = max(z, tau[c])        z = weight[c] * x / sqrt(mean(x^2) + eps) + bias[c]</code>
/// See <see cref="NormKit.FilterResponseNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class FilterResponseNorm : AffineNormModule
{
    /// <summary>A layer with weight 1, bias 0 and threshold 0.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the mean of squares, inside the root.</param>
    /// <param name="threshold">Whether there is a threshold; without, y = z.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public FilterResponseNorm(long numFeatures, double eps = 1e-6, bool threshold = true, Device? device = null, ScalarType? dtype = null)
        : base(new FilterResponseNormOperator(Sizes.Count(nameof(FilterResponseNorm<>), nameof(numFeatures), numFeatures), eps, threshold), device, dtype)
    {
    }

    /// <summary>Gets the least output of each channel, tau; null where there is none.</summary>
    public TorchParameter? Threshold => Parameter("tau");
}
