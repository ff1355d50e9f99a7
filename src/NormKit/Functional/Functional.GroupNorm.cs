using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

public static partial class Functional
{
    /// <summary>Normalizes each sample over groups of channels and all positions.</summary>
    /// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // var is biased: divided by C / numGroups * positions</code>
    /// Input and output: (N, C, *); weight and bias: (C). One group is layer norm over (C, *), C groups are instance norm.
    /// Source: Wu, He 2018, arXiv:1803.08494.</remarks>
    /// <param name="input">The tensor to normalize: (N, C, *).</param>
    /// <param name="numGroups">How many groups the channels are split into, in their order; divides C.</param>
    /// <param name="weight">A value a channel; none for ones.</param>
    /// <param name="bias">A value a channel; none for zeros.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="saved">Filled with what Backward needs; null where no gradient is wanted.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="mask">Which elements take part, or which positions; see <see cref="NormLayer{T}"/>. None, and all do.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The normalized tensor, channels-last where the input is, else row-major.</returns>
    /// <exception cref="ArgumentException">The channels do not split into equal groups, there is one value in all, a shape does not fit, or the destination overlaps an input.</exception>
    /// <exception cref="ArgumentOutOfRangeException">numGroups is less than 1, eps is negative or not finite, or the number of threads is 0.</exception>
    public static Tensor<T> GroupNorm<T>(
        in ReadOnlyTensorSpan<T> input, int numGroups, in ReadOnlyTensorSpan<T> weight = default, in ReadOnlyTensorSpan<T> bias = default,
        double eps = 1e-5, SavedStatistics? saved = null, int maxDegreeOfParallelism = -1,
        in ReadOnlyTensorSpan<bool> mask = default, CancellationToken cancellationToken = default) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> destination = Results.Like(Operand<T>.Of(input));
        GroupNorm(input, destination.AsTensorSpan(), numGroups, weight, bias, eps, saved, maxDegreeOfParallelism, mask, cancellationToken);
        return destination;
    }

    /// <inheritdoc cref="GroupNorm{T}(in ReadOnlyTensorSpan{T}, int, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, double, SavedStatistics, int, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <param name="input">The tensor to normalize: (N, C, *).</param>
    /// <param name="destination">Overwritten with the normalized tensor; of the input's shape, in any layout; may be the input.</param>
    /// <param name="numGroups">How many groups the channels are split into, in their order; divides C.</param>
    /// <param name="weight">A value a channel; none for ones.</param>
    /// <param name="bias">A value a channel; none for zeros.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="saved">Filled with what Backward needs; null where no gradient is wanted.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="mask">Which elements take part, or which positions; see <see cref="NormLayer{T}"/>. None, and all do.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void GroupNorm<T>(
        in ReadOnlyTensorSpan<T> input, in TensorSpan<T> destination, int numGroups, in ReadOnlyTensorSpan<T> weight = default, in ReadOnlyTensorSpan<T> bias = default,
        double eps = 1e-5, SavedStatistics? saved = null, int maxDegreeOfParallelism = -1,
        in ReadOnlyTensorSpan<bool> mask = default, CancellationToken cancellationToken = default) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GroupNormCore(
            nameof(GroupNorm), Operand<T>.Of(input), Operand<T>.Of(destination), numGroups, Operand<T>.OfOptional(weight), Operand<T>.OfOptional(bias),
            eps, saved, Concurrency.Start(maxDegreeOfParallelism, cancellationToken), Operand<bool>.OfOptional(mask));
    }

    /// <inheritdoc cref="GroupNorm{T}(in ReadOnlyTensorSpan{T}, int, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, double, SavedStatistics, int, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <param name="input">The values to normalize.</param>
    /// <param name="shape">The lengths of the dimensions of input: (N, C, *), in either format.</param>
    /// <param name="destination">Overwritten with the normalized values, in the same order; may be the input.</param>
    /// <param name="numGroups">How many groups the channels are split into, in their order; divides C.</param>
    /// <param name="weight">A value a channel; none for ones.</param>
    /// <param name="bias">A value a channel; none for zeros.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="saved">Filled with what Backward needs; null where no gradient is wanted.</param>
    /// <param name="format">The order in memory of input and destination.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void GroupNorm<T>(
        ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, Span<T> destination, int numGroups, ReadOnlySpan<T> weight = default, ReadOnlySpan<T> bias = default,
        double eps = 1e-5, SavedStatistics? saved = null, MemoryFormat format = MemoryFormat.Contiguous, int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GroupNormCore(
            nameof(GroupNorm), Operand<T>.Of(input, shape, format, nameof(GroupNorm), nameof(input)),
            Operand<T>.Of(destination, shape, format, nameof(GroupNorm), nameof(destination)), numGroups, Operand<T>.OfOptional(weight), Operand<T>.OfOptional(bias),
            eps, saved, Concurrency.Start(maxDegreeOfParallelism, cancellationToken), Operand<bool>.None);
    }

    internal static void GroupNormCore<T>(
        string layer, in Operand<T> x, in Operand<T> y, int numGroups, in Operand<T> weight, in Operand<T> bias,
        double eps, SavedStatistics? saved, Concurrency concurrency, in Operand<bool> mask) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Grouping grouping = Groupings.Group(layer, x.Lengths, numGroups);
        NormSpec<T> spec = new(layer, grouping, new(Spread.StandardDeviation, eps))
        {
            Weight = weight,
            Bias = bias,
            Concurrency = concurrency,
        };
        NormCall.Forward(spec, x, y, saved, mask);
    }
}
