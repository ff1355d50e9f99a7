using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Divides each value by the neighbouring channels' mean square, raised to a power; torch.nn.LocalResponseNorm.</summary>
/// <remarks><code>y = x / (k + alpha * mean square of the window)^beta</code>
/// See <see cref="NormKit.LocalResponseNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class LocalResponseNorm : NormModule
{
    /// <summary>A layer.</summary>
    /// <param name="size">How many channels a window has.</param>
    /// <param name="alpha">The factor of the mean square.</param>
    /// <param name="beta">The exponent.</param>
    /// <param name="k">Added to the mean square.</param>
    /// <param name="window">On which side an even window has one channel more.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public LocalResponseNorm(long size, double alpha = 1e-4, double beta = 0.75, double k = 1, LrnWindow window = LrnWindow.PyTorch)
        : base(new LocalResponseNormOperator(Sizes.Count(nameof(LocalResponseNorm<>), nameof(size), size), alpha, beta, k, window), null, null)
    {
    }
}
