using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

/// <summary>Divides each element by a power of the mean square of its neighbours among the channels.</summary>
/// <remarks><code>y[c] = x[c] / (k + alpha / size * sum(x[i]^2 over the window of c))^beta</code>
/// Input and output: (N, C, *), with at least one position dimension. Channels outside 0 to C - 1 count as 0, and the sum is divided by size all the
/// same. Computed in double and rounded once. There is nothing to train and no eps; training and evaluation are alike; it takes no mask.
/// Source: Krizhevsky, Sutskever, Hinton 2012, "ImageNet Classification with Deep Convolutional Neural Networks"; divided by size as in PyTorch.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class LocalResponseNorm<T> : NormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LocalResponse rule;

    /// <summary>A layer.</summary>
    /// <param name="size">How many channels a window has.</param>
    /// <param name="alpha">The factor of the mean square.</param>
    /// <param name="beta">The exponent.</param>
    /// <param name="k">Added to the mean square.</param>
    /// <param name="window">On which side an even window has one channel more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is less than 1, or another number is not finite.</exception>
    public LocalResponseNorm(int size, double alpha = 1e-4, double beta = 0.75, double k = 1, LrnWindow window = LrnWindow.PyTorch)
        : base(nameof(LocalResponseNorm<>), eps: 0) =>
        rule = LocalResponseCall.Rule(Name, size, alpha, beta, k, window);

    /// <summary>How many channels a window has.</summary>
    public int Size => rule.Size;

    /// <summary>The factor of the mean square.</summary>
    public double Alpha => rule.Alpha;

    /// <summary>The exponent.</summary>
    public double Beta => rule.Beta;

    /// <summary>Added to the mean square.</summary>
    public double K => rule.K;

    /// <summary>On which side an even window has one channel more.</summary>
    public LrnWindow Window => rule.Window;

    private protected override void ForwardCore<TInput>(
        in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency)
    {
        RequireNoMask(mask);
        LocalResponseCall.Forward(Name, rule, x, y, saved, concurrency);
    }

    private protected override void BackwardCore<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, SavedStatistics saved, in Operand<TInput> dx, in Operand<bool> mask, Concurrency concurrency)
    {
        RequireNoMask(mask);
        LocalResponseCall.Backward(Name, rule, dy, x, saved, dx, concurrency);
    }
}
