using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Threading;

namespace NormKit;

public static partial class Functional
{
    /// <summary>Scales the vectors along a dimension to length 1, as torch.nn.functional.normalize does.</summary>
    /// <remarks><code>y = x / max(norm, eps)        norm = (sum of |x|^p over dim)^(1/p)</code>
    /// Input and output: any shape with that dimension. For a gradient use <see cref="LpNormalize{T}"/>, which says more.</remarks>
    /// <param name="input">The tensor to normalize.</param>
    /// <param name="p">The norm: 0 counts what is not 0, infinity takes the largest magnitude; not negative.</param>
    /// <param name="dim">The dimension along which vectors lie; a negative one counts from the end.</param>
    /// <param name="eps">The least that is divided by.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The normalized tensor, channels-last where the input is, else row-major.</returns>
    /// <exception cref="ArgumentException">The input does not have that dimension, or the destination does not fit or overlaps it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">p is negative or NaN, eps is negative or not finite, or the number of threads is 0.</exception>
    public static Tensor<T> Normalize<T>(
        in ReadOnlyTensorSpan<T> input, double p = 2, int dim = 1, double eps = 1e-12, int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> destination = Results.Like(Operand<T>.Of(input));
        Normalize(input, destination.AsTensorSpan(), p, dim, eps, maxDegreeOfParallelism, cancellationToken);
        return destination;
    }

    /// <inheritdoc cref="Normalize{T}(in ReadOnlyTensorSpan{T}, double, int, double, int, CancellationToken)"/>
    /// <param name="input">The tensor to normalize.</param>
    /// <param name="destination">Overwritten with the normalized tensor; of the input's shape, in any layout; may be the input.</param>
    /// <param name="p">The norm: 0 counts what is not 0, infinity takes the largest magnitude; not negative.</param>
    /// <param name="dim">The dimension along which vectors lie; a negative one counts from the end.</param>
    /// <param name="eps">The least that is divided by.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void Normalize<T>(
        in ReadOnlyTensorSpan<T> input, in TensorSpan<T> destination, double p = 2, int dim = 1, double eps = 1e-12, int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        NormalizeCore(Operand<T>.Of(input), Operand<T>.Of(destination), p, [dim], nameof(dim), eps, Concurrency.Start(maxDegreeOfParallelism, cancellationToken));

    /// <inheritdoc cref="Normalize{T}(in ReadOnlyTensorSpan{T}, double, int, double, int, CancellationToken)"/>
    /// <param name="input">The values to normalize.</param>
    /// <param name="shape">The lengths of the dimensions of input, in either format.</param>
    /// <param name="destination">Overwritten with the normalized values, in the same order; may be the input.</param>
    /// <param name="p">The norm: 0 counts what is not 0, infinity takes the largest magnitude; not negative.</param>
    /// <param name="dim">The dimension along which vectors lie; a negative one counts from the end.</param>
    /// <param name="eps">The least that is divided by.</param>
    /// <param name="format">The order in memory of input and destination.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void Normalize<T>(
        ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, Span<T> destination, double p = 2, int dim = 1, double eps = 1e-12,
        MemoryFormat format = MemoryFormat.Contiguous, int maxDegreeOfParallelism = -1, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string layer = nameof(Normalize);
        NormalizeCore(
            Operand<T>.Of(input, shape, format, layer, nameof(input)), Operand<T>.Of(destination, shape, format, layer, nameof(destination)),
            p, [dim], nameof(dim), eps, Concurrency.Start(maxDegreeOfParallelism, cancellationToken));
    }

    /// <summary>Scales the arrays along several dimensions to length 1: with p = 2 and all but the first, each sample by its Frobenius norm.</summary>
    /// <inheritdoc cref="Normalize{T}(in ReadOnlyTensorSpan{T}, double, int, double, int, CancellationToken)"/>
    /// <param name="input">The tensor to normalize.</param>
    /// <param name="p">The norm: 0 counts what is not 0, infinity takes the largest magnitude; not negative.</param>
    /// <param name="dims">The dimensions, in any order; negative ones count from the end.</param>
    /// <param name="eps">The least that is divided by.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static Tensor<T> Normalize<T>(
        in ReadOnlyTensorSpan<T> input, double p, ReadOnlySpan<int> dims, double eps = 1e-12, int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> destination = Results.Like(Operand<T>.Of(input));
        Normalize(input, destination.AsTensorSpan(), p, dims, eps, maxDegreeOfParallelism, cancellationToken);
        return destination;
    }

    /// <inheritdoc cref="Normalize{T}(in ReadOnlyTensorSpan{T}, double, ReadOnlySpan{int}, double, int, CancellationToken)"/>
    /// <param name="input">The tensor to normalize.</param>
    /// <param name="destination">Overwritten with the normalized tensor; of the input's shape, in any layout; may be the input.</param>
    /// <param name="p">The norm: 0 counts what is not 0, infinity takes the largest magnitude; not negative.</param>
    /// <param name="dims">The dimensions, in any order; negative ones count from the end.</param>
    /// <param name="eps">The least that is divided by.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public static void Normalize<T>(
        in ReadOnlyTensorSpan<T> input, in TensorSpan<T> destination, double p, ReadOnlySpan<int> dims, double eps = 1e-12, int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        NormalizeCore(Operand<T>.Of(input), Operand<T>.Of(destination), p, dims, nameof(dims), eps, Concurrency.Start(maxDegreeOfParallelism, cancellationToken));

    private static void NormalizeCore<T>(
        in Operand<T> x, in Operand<T> y, double p, ReadOnlySpan<int> dims, string argument, double eps, Concurrency concurrency)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string layer = nameof(Normalize);
        NormCall.CheckTypes<T, T>(layer);
        NormCall.CheckDegree(layer, concurrency.MaxDegreeOfParallelism);
        NormCall.CheckEps(layer, eps);
        LpCall.CheckNorm(layer, p);
        LpCall.CheckDims(layer, dims);
        LpCall.DimensionsOf(layer, x.Lengths, dims, argument);
        LpCall.Forward<T, T>(layer, p, dims, eps, x, y, saved: null, concurrency);
    }
}
