using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

public static partial class Functional
{
    /// <summary>Normalizes each channel of each sample over its positions.</summary>
    /// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // var is biased: divided by the number of positions</code>
    /// Input and output: (N, C, *) with at least one position dimension; weight, bias and running statistics: (C).
    /// Source: Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022.</remarks>
    /// <param name="input">The tensor to normalize: (N, C, *).</param>
    /// <param name="useInputStats">Whether the statistics are those of the input; otherwise the running ones are used.</param>
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
    /// <exception cref="ArgumentException">There is one position while input statistics are used, there are no running statistics otherwise, a shape does not fit, or the destination overlaps an input.</exception>
    /// <exception cref="ArgumentOutOfRangeException">eps is negative or not finite, momentum is outside 0 to 1, or the number of threads is 0.</exception>
    public static Tensor<T> InstanceNorm<T>(
        in ReadOnlyTensorSpan<T> input, bool useInputStats, in TensorSpan<T> runningMean = default, in TensorSpan<T> runningVar = default,
        in ReadOnlyTensorSpan<T> weight = default, in ReadOnlyTensorSpan<T> bias = default,
        double momentum = 0.1, double eps = 1e-5, SavedStatistics? saved = null, int maxDegreeOfParallelism = -1,
        in ReadOnlyTensorSpan<bool> mask = default, CancellationToken cancellationToken = default) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> destination = Results.Like(Operand<T>.Of(input));
        InstanceNorm(input, destination.AsTensorSpan(), useInputStats, runningMean, runningVar, weight, bias, momentum, eps, saved, maxDegreeOfParallelism, mask, cancellationToken);
        return destination;
    }

    /// <inheritdoc cref="InstanceNorm{T}(in ReadOnlyTensorSpan{T}, bool, in TensorSpan{T}, in TensorSpan{T}, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, double, double, SavedStatistics, int, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <param name="input">The tensor to normalize: (N, C, *).</param>
    /// <param name="destination">Overwritten with the normalized tensor; of the input's shape, in any layout; may be the input.</param>
    /// <param name="useInputStats">Whether the statistics are those of the input; otherwise the running ones are used.</param>
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
    public static void InstanceNorm<T>(
        in ReadOnlyTensorSpan<T> input, in TensorSpan<T> destination, bool useInputStats, in TensorSpan<T> runningMean = default, in TensorSpan<T> runningVar = default,
        in ReadOnlyTensorSpan<T> weight = default, in ReadOnlyTensorSpan<T> bias = default,
        double momentum = 0.1, double eps = 1e-5, SavedStatistics? saved = null, int maxDegreeOfParallelism = -1,
        in ReadOnlyTensorSpan<bool> mask = default, CancellationToken cancellationToken = default) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        InstanceNormCore(
            nameof(InstanceNorm), Operand<T>.Of(input), Operand<T>.Of(destination), Operand<T>.OfOptional(runningMean), Operand<T>.OfOptional(runningVar), useInputStats, momentum,
            Operand<T>.OfOptional(weight), Operand<T>.OfOptional(bias),
            eps, saved, Concurrency.Start(maxDegreeOfParallelism, cancellationToken), Operand<bool>.OfOptional(mask));
    }

    /// <inheritdoc cref="InstanceNorm{T}(in ReadOnlyTensorSpan{T}, bool, in TensorSpan{T}, in TensorSpan{T}, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, double, double, SavedStatistics, int, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <param name="input">The values to normalize.</param>
    /// <param name="shape">The lengths of the dimensions of input: (N, C, *), in either format.</param>
    /// <param name="destination">Overwritten with the normalized values, in the same order; may be the input.</param>
    /// <param name="useInputStats">Whether the statistics are those of the input; otherwise the running ones are used.</param>
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
    public static void InstanceNorm<T>(
        ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, Span<T> destination, bool useInputStats, Span<T> runningMean = default, Span<T> runningVar = default,
        ReadOnlySpan<T> weight = default, ReadOnlySpan<T> bias = default,
        double momentum = 0.1, double eps = 1e-5, SavedStatistics? saved = null, MemoryFormat format = MemoryFormat.Contiguous, int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        InstanceNormCore(
            nameof(InstanceNorm), Operand<T>.Of(input, shape, format, nameof(InstanceNorm), nameof(input)),
            Operand<T>.Of(destination, shape, format, nameof(InstanceNorm), nameof(destination)), Operand<T>.OfOptional(runningMean), Operand<T>.OfOptional(runningVar), useInputStats, momentum,
            Operand<T>.OfOptional(weight), Operand<T>.OfOptional(bias),
            eps, saved, Concurrency.Start(maxDegreeOfParallelism, cancellationToken), Operand<bool>.None);
    }

    internal static void InstanceNormCore<T>(
        string layer, in Operand<T> x, in Operand<T> y, in Operand<T> runningMean, in Operand<T> runningVar, bool useInputStats, double momentum,
        in Operand<T> weight, in Operand<T> bias,
        double eps, SavedStatistics? saved, Concurrency concurrency, in Operand<bool> mask) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Grouping grouping = Groupings.Instance(layer, x.Lengths, useInputStats);
        Running<T> running = Running<T>.For(layer, runningMean, runningVar, useInputStats, momentum);
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
