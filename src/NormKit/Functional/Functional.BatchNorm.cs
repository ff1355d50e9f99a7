using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

public static partial class Functional
{
    /// <summary>Normalizes each channel over the batch and all positions.</summary>
    /// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // var is biased: divided by N * positions</code>
    /// Input and output: (N, C, *), (N, C) included; weight, bias and running statistics: (C).
    /// Source: Ioffe, Szegedy 2015, arXiv:1502.03167.</remarks>
    /// <param name="input">The tensor to normalize: (N, C, *).</param>
    /// <param name="training">Whether the statistics are those of the batch; otherwise the running ones are used.</param>
    /// <param name="runningMean">Moved towards the batch's mean in training, used instead of it otherwise; a value a channel, or none.</param>
    /// <param name="runningVar">The same for the variance; the unbiased one, divided by n - 1, moves it.</param>
    /// <param name="weight">A value a channel; none for ones.</param>
    /// <param name="bias">A value a channel; none for zeros.</param>
    /// <param name="momentum">The weight of the new value: <c>running = (1 - momentum) * running + momentum * batch</c>.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="saved">Filled with what Backward needs; null where no gradient is wanted.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="mask">Which elements take part, or which positions; see <see cref="NormLayer{T}"/>. None, and all do.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The normalized tensor, channels-last where the input is, else row-major.</returns>
    /// <exception cref="ArgumentException">There is one value per channel in training, there are no running statistics otherwise, a shape does not fit, or the destination overlaps an input.</exception>
    /// <exception cref="ArgumentOutOfRangeException">eps is negative or not finite, momentum is outside 0 to 1, or the number of threads is 0.</exception>
    public static Tensor<T> BatchNorm<T>(
        in ReadOnlyTensorSpan<T> input, bool training, in TensorSpan<T> runningMean = default, in TensorSpan<T> runningVar = default,
        in ReadOnlyTensorSpan<T> weight = default, in ReadOnlyTensorSpan<T> bias = default,
        double momentum = 0.1, double eps = 1e-5, SavedStatistics? saved = null, int maxDegreeOfParallelism = -1,
        in ReadOnlyTensorSpan<bool> mask = default, CancellationToken cancellationToken = default) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> destination = Results.Like(Operand<T>.Of(input));
        BatchNorm(input, destination.AsTensorSpan(), training, runningMean, runningVar, weight, bias, momentum, eps, saved, maxDegreeOfParallelism, mask, cancellationToken);
        return destination;
    }

    /// <inheritdoc cref="BatchNorm{T}(in ReadOnlyTensorSpan{T}, bool, in TensorSpan{T}, in TensorSpan{T}, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, double, double, SavedStatistics, int, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <param name="input">The tensor to normalize: (N, C, *).</param>
    /// <param name="destination">Overwritten with the normalized tensor; of the input's shape, in any layout; may be the input.</param>
    /// <param name="training">Whether the statistics are those of the batch; otherwise the running ones are used.</param>
    /// <param name="runningMean">Moved towards the batch's mean in training, used instead of it otherwise; a value a channel, or none.</param>
    /// <param name="runningVar">The same for the variance; the unbiased one, divided by n - 1, moves it.</param>
    /// <param name="weight">A value a channel; none for ones.</param>
    /// <param name="bias">A value a channel; none for zeros.</param>
    /// <param name="momentum">The weight of the new value: <c>running = (1 - momentum) * running + momentum * batch</c>.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="saved">Filled with what Backward needs; null where no gradient is wanted.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="mask">Which elements take part, or which positions; see <see cref="NormLayer{T}"/>. None, and all do.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void BatchNorm<T>(
        in ReadOnlyTensorSpan<T> input, in TensorSpan<T> destination, bool training, in TensorSpan<T> runningMean = default, in TensorSpan<T> runningVar = default,
        in ReadOnlyTensorSpan<T> weight = default, in ReadOnlyTensorSpan<T> bias = default,
        double momentum = 0.1, double eps = 1e-5, SavedStatistics? saved = null, int maxDegreeOfParallelism = -1,
        in ReadOnlyTensorSpan<bool> mask = default, CancellationToken cancellationToken = default) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        BatchNormCore(
            nameof(BatchNorm), Operand<T>.Of(input), Operand<T>.Of(destination), Operand<T>.OfOptional(runningMean), Operand<T>.OfOptional(runningVar), training, momentum,
            Operand<T>.OfOptional(weight), Operand<T>.OfOptional(bias),
            eps, saved, Concurrency.Start(maxDegreeOfParallelism, cancellationToken), Operand<bool>.OfOptional(mask));
    }

    /// <inheritdoc cref="BatchNorm{T}(in ReadOnlyTensorSpan{T}, bool, in TensorSpan{T}, in TensorSpan{T}, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, double, double, SavedStatistics, int, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <param name="input">The values to normalize.</param>
    /// <param name="shape">The lengths of the dimensions of input: (N, C, *), in either format.</param>
    /// <param name="destination">Overwritten with the normalized values, in the same order; may be the input.</param>
    /// <param name="training">Whether the statistics are those of the batch; otherwise the running ones are used.</param>
    /// <param name="runningMean">Moved towards the batch's mean in training, used instead of it otherwise; a value a channel, or none.</param>
    /// <param name="runningVar">The same for the variance; the unbiased one, divided by n - 1, moves it.</param>
    /// <param name="weight">A value a channel; none for ones.</param>
    /// <param name="bias">A value a channel; none for zeros.</param>
    /// <param name="momentum">The weight of the new value: <c>running = (1 - momentum) * running + momentum * batch</c>.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="saved">Filled with what Backward needs; null where no gradient is wanted.</param>
    /// <param name="format">The order in memory of input and destination.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void BatchNorm<T>(
        ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, Span<T> destination, bool training, Span<T> runningMean = default, Span<T> runningVar = default,
        ReadOnlySpan<T> weight = default, ReadOnlySpan<T> bias = default,
        double momentum = 0.1, double eps = 1e-5, SavedStatistics? saved = null, MemoryFormat format = MemoryFormat.Contiguous, int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        BatchNormCore(
            nameof(BatchNorm), Operand<T>.Of(input, shape, format, nameof(BatchNorm), nameof(input)),
            Operand<T>.Of(destination, shape, format, nameof(BatchNorm), nameof(destination)), Operand<T>.OfOptional(runningMean), Operand<T>.OfOptional(runningVar), training, momentum,
            Operand<T>.OfOptional(weight), Operand<T>.OfOptional(bias),
            eps, saved, Concurrency.Start(maxDegreeOfParallelism, cancellationToken), Operand<bool>.None);
    }

    internal static void BatchNormCore<T>(
        string layer, in Operand<T> x, in Operand<T> y, in Operand<T> runningMean, in Operand<T> runningVar, bool training, double momentum,
        in Operand<T> weight, in Operand<T> bias,
        double eps, SavedStatistics? saved, Concurrency concurrency, in Operand<bool> mask) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Grouping grouping = Groupings.Batch(layer, x.Lengths, training);
        Running<T> running = Running<T>.For(layer, runningMean, runningVar, training, momentum);
        NormSpec<T> spec = new(layer, grouping, new(Spread.StandardDeviation, eps))
        {
            Weight = weight,
            Bias = bias,
            Running = running,
            Concurrency = concurrency,
        };
        NormCall.Forward(spec, x, y, saved, mask);
    }
}
