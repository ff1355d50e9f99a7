using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

public static partial class Functional
{
    /// <summary>Normalizes over the trailing dimensions.</summary>
    /// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight + bias     // var is biased: divided by the number of elements normalized over</code>
    /// Input and output: (*, normalizedShape); weight and bias: normalizedShape.
    /// Source: Ba, Kiros, Hinton 2016, arXiv:1607.06450.</remarks>
    /// <param name="input">The tensor to normalize: (*, normalizedShape).</param>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="weight">Of shape normalizedShape, or of one that broadcasts to it, (1, C, 1, 1) too; none for ones.</param>
    /// <param name="bias">Of shape normalizedShape, or of one that broadcasts to it; none for zeros.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="saved">Filled with what Backward needs; null where no gradient is wanted.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="mask">Which elements take part, or which positions; see <see cref="NormLayer{T}"/>. None, and all do.</param>
    /// <param name="axes">Which dimensions normalizedShape are, in ascending order, negative ones counted from the end; none for the trailing ones.</param>
    /// <param name="numGroups">Into how many groups the last dimension is split, each with statistics of its own.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The normalized tensor, channels-last where the input is, else row-major.</returns>
    /// <exception cref="ArgumentException">The input's trailing dimensions are not normalizedShape, another shape does not fit, or the destination overlaps an input.</exception>
    /// <exception cref="ArgumentOutOfRangeException">eps is negative or not finite, or the number of threads is 0.</exception>
    public static Tensor<T> LayerNorm<T>(
        in ReadOnlyTensorSpan<T> input, ReadOnlySpan<nint> normalizedShape, in ReadOnlyTensorSpan<T> weight = default, in ReadOnlyTensorSpan<T> bias = default,
        double eps = 1e-5, SavedStatistics? saved = null, int maxDegreeOfParallelism = -1,
        in ReadOnlyTensorSpan<bool> mask = default, ReadOnlySpan<int> axes = default, int numGroups = 1, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> destination = Results.Like(Operand<T>.Of(input));
        LayerNorm(input, destination.AsTensorSpan(), normalizedShape, weight, bias, eps, saved, maxDegreeOfParallelism, mask, axes, numGroups, cancellationToken);
        return destination;
    }

    /// <inheritdoc cref="LayerNorm{T}(in ReadOnlyTensorSpan{T}, ReadOnlySpan{nint}, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, double, SavedStatistics, int, in ReadOnlyTensorSpan{bool}, ReadOnlySpan{int}, int, CancellationToken)"/>
    /// <param name="input">The tensor to normalize: (*, normalizedShape).</param>
    /// <param name="destination">Overwritten with the normalized tensor; of the input's shape, in any layout; may be the input.</param>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="weight">Of shape normalizedShape, or of one that broadcasts to it, (1, C, 1, 1) too; none for ones.</param>
    /// <param name="bias">Of shape normalizedShape, or of one that broadcasts to it; none for zeros.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="saved">Filled with what Backward needs; null where no gradient is wanted.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="mask">Which elements take part, or which positions; see <see cref="NormLayer{T}"/>. None, and all do.</param>
    /// <param name="axes">Which dimensions normalizedShape are, in ascending order, negative ones counted from the end; none for the trailing ones.</param>
    /// <param name="numGroups">Into how many groups the last dimension is split, each with statistics of its own.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void LayerNorm<T>(
        in ReadOnlyTensorSpan<T> input, in TensorSpan<T> destination, ReadOnlySpan<nint> normalizedShape, in ReadOnlyTensorSpan<T> weight = default, in ReadOnlyTensorSpan<T> bias = default,
        double eps = 1e-5, SavedStatistics? saved = null, int maxDegreeOfParallelism = -1,
        in ReadOnlyTensorSpan<bool> mask = default, ReadOnlySpan<int> axes = default, int numGroups = 1, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        LayerNormCore(
            nameof(LayerNorm), Operand<T>.Of(input), Operand<T>.Of(destination), normalizedShape, axes, Operand<T>.OfOptional(weight), Operand<T>.OfOptional(bias),
            eps, saved, Concurrency.Start(maxDegreeOfParallelism, cancellationToken), Operand<bool>.OfOptional(mask), numGroups);
    }

    /// <inheritdoc cref="LayerNorm{T}(in ReadOnlyTensorSpan{T}, ReadOnlySpan{nint}, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, double, SavedStatistics, int, in ReadOnlyTensorSpan{bool}, ReadOnlySpan{int}, int, CancellationToken)"/>
    /// <param name="input">The values to normalize.</param>
    /// <param name="shape">The lengths of the dimensions of input: (*, normalizedShape), in either format.</param>
    /// <param name="destination">Overwritten with the normalized values, in the same order; may be the input.</param>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="weight">In the order of normalizedShape; none for ones.</param>
    /// <param name="bias">In the order of normalizedShape; none for zeros.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="saved">Filled with what Backward needs; null where no gradient is wanted.</param>
    /// <param name="format">The order in memory of input and destination.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="axes">Which dimensions normalizedShape are, in ascending order, negative ones counted from the end; none for the trailing ones.</param>
    /// <param name="numGroups">Into how many groups the last dimension is split, each with statistics of its own.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void LayerNorm<T>(
        ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, Span<T> destination, ReadOnlySpan<nint> normalizedShape, ReadOnlySpan<T> weight = default, ReadOnlySpan<T> bias = default,
        double eps = 1e-5, SavedStatistics? saved = null, MemoryFormat format = MemoryFormat.Contiguous, int maxDegreeOfParallelism = -1,
        ReadOnlySpan<int> axes = default, int numGroups = 1, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        LayerNormCore(
            nameof(LayerNorm), Operand<T>.Of(input, shape, format, nameof(LayerNorm), nameof(input)),
            Operand<T>.Of(destination, shape, format, nameof(LayerNorm), nameof(destination)), normalizedShape, axes, Operand<T>.OfOptional(weight), Operand<T>.OfOptional(bias),
            eps, saved, Concurrency.Start(maxDegreeOfParallelism, cancellationToken), Operand<bool>.None, numGroups);
    }

    internal static void LayerNormCore<T>(
        string layer, in Operand<T> x, in Operand<T> y, ReadOnlySpan<nint> normalizedShape, ReadOnlySpan<int> axes, in Operand<T> weight, in Operand<T> bias,
        double eps, SavedStatistics? saved, Concurrency concurrency, in Operand<bool> mask, int numGroups = 1) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NormSpec<T> spec = Groupings.Rows<T>(layer, x.Lengths, normalizedShape, axes, new(Spread.StandardDeviation, eps), numGroups);
        spec.Weight = Broadcasts.Parameter(spec, x.Lengths, weight);
        spec.Bias = Broadcasts.Parameter(spec, x.Lengths, bias);
        spec.Concurrency = concurrency;
        NormCall.Forward(spec, x, y, saved, mask);
    }
}
