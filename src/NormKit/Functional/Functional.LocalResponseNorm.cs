using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

public static partial class Functional
{
    /// <summary>Divides each element by a power of the mean square of its neighbours among the channels.</summary>
    /// <remarks><code>y[c] = x[c] / (k + alpha / size * sum(x[i]^2 over the window of c))^beta</code>
    /// Input and output: (N, C, *), with at least one position dimension. Channels outside 0 to C - 1 count as 0. For a gradient use
    /// <see cref="NormKit.LocalResponseNorm{T}"/>. Source: Krizhevsky, Sutskever, Hinton 2012.</remarks>
    /// <param name="input">The tensor to normalize: (N, C, *).</param>
    /// <param name="size">How many channels a window has.</param>
    /// <param name="alpha">The factor of the mean square.</param>
    /// <param name="beta">The exponent.</param>
    /// <param name="k">Added to the mean square.</param>
    /// <param name="window">On which side an even window has one channel more.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The normalized tensor, channels-last where the input is, else row-major.</returns>
    /// <exception cref="ArgumentException">The input has fewer than three dimensions, or the destination does not fit or overlaps it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">size is less than 1, another number is not finite, or the number of threads is 0.</exception>
    public static Tensor<T> LocalResponseNorm<T>(
        in ReadOnlyTensorSpan<T> input, int size, double alpha = 1e-4, double beta = 0.75, double k = 1, LrnWindow window = LrnWindow.PyTorch,
        int maxDegreeOfParallelism = -1, CancellationToken cancellationToken = default) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> destination = Results.Like(Operand<T>.Of(input));
        LocalResponseNorm(input, destination.AsTensorSpan(), size, alpha, beta, k, window, maxDegreeOfParallelism, cancellationToken);
        return destination;
    }

    /// <inheritdoc cref="LocalResponseNorm{T}(in ReadOnlyTensorSpan{T}, int, double, double, double, LrnWindow, int, CancellationToken)"/>
    /// <param name="input">The tensor to normalize: (N, C, *).</param>
    /// <param name="destination">Overwritten with the normalized tensor; of the input's shape, in any layout; may be the input.</param>
    /// <param name="size">How many channels a window has.</param>
    /// <param name="alpha">The factor of the mean square.</param>
    /// <param name="beta">The exponent.</param>
    /// <param name="k">Added to the mean square.</param>
    /// <param name="window">On which side an even window has one channel more.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void LocalResponseNorm<T>(
        in ReadOnlyTensorSpan<T> input, in TensorSpan<T> destination, int size, double alpha = 1e-4, double beta = 0.75, double k = 1,
        LrnWindow window = LrnWindow.PyTorch, int maxDegreeOfParallelism = -1, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        LocalResponseCore(Operand<T>.Of(input), Operand<T>.Of(destination), size, alpha, beta, k, window, Concurrency.Start(maxDegreeOfParallelism, cancellationToken));

    /// <inheritdoc cref="LocalResponseNorm{T}(in ReadOnlyTensorSpan{T}, int, double, double, double, LrnWindow, int, CancellationToken)"/>
    /// <param name="input">The values to normalize.</param>
    /// <param name="shape">The lengths of the dimensions of input, (N, C, *) in either format.</param>
    /// <param name="destination">Overwritten with the normalized values, in the same order; may be the input.</param>
    /// <param name="size">How many channels a window has.</param>
    /// <param name="alpha">The factor of the mean square.</param>
    /// <param name="beta">The exponent.</param>
    /// <param name="k">Added to the mean square.</param>
    /// <param name="window">On which side an even window has one channel more.</param>
    /// <param name="format">The order in memory of input and destination.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void LocalResponseNorm<T>(
        ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, Span<T> destination, int size, double alpha = 1e-4, double beta = 0.75, double k = 1,
        LrnWindow window = LrnWindow.PyTorch, MemoryFormat format = MemoryFormat.Contiguous, int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string layer = nameof(LocalResponseNorm);
        LocalResponseCore(
            Operand<T>.Of(input, shape, format, layer, nameof(input)), Operand<T>.Of(destination, shape, format, layer, nameof(destination)),
            size, alpha, beta, k, window, Concurrency.Start(maxDegreeOfParallelism, cancellationToken));
    }

    private static void LocalResponseCore<T>(
        in Operand<T> x, in Operand<T> y, int size, double alpha, double beta, double k, LrnWindow window, Concurrency concurrency)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string layer = nameof(LocalResponseNorm);
        NormCall.CheckTypes<T, T>(layer);
        NormCall.CheckDegree(layer, concurrency.MaxDegreeOfParallelism);
        LocalResponse rule = LocalResponseCall.Rule(layer, size, alpha, beta, k, window);
        LocalResponseCall.Forward(layer, rule, x, y, saved: null, concurrency);
    }
}
