using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

/// <summary>What adaptive layer norm and RMS norm have in common: a scale and a shift for each sample, which a condition gives, in place of parameters.</summary>
/// <remarks><code>y = norm(x) * (1 + scale[n]) + shift[n]</code>
/// Input and output: (N, *, normalizedShape); scale and shift: (N, normalizedShape), of the type computed in. A condition of zeros, which is where
/// training starts, gives the norm alone. This is the modulation of FiLM (Perez et al. 2017, arXiv:1709.07871) and of diffusion transformers
/// (Peebles, Xie 2022, arXiv:2212.09748).</remarks>
/// <typeparam name="T">The type of scale and shift, and what is computed in: float or double. Input and output have it too, or, with float, are Half or
/// BFloat16.</typeparam>
public abstract class AdaptiveRowNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly nint[] normalizedShape;
    private readonly string name;
    private readonly Spread spread;
    private int maxDegreeOfParallelism = -1;

    private protected AdaptiveRowNorm(string name, Spread spread, ReadOnlySpan<nint> normalizedShape, double eps)
    {
        Normalizer.RequireSupported<T>();
        NormCall.CheckEps(name, eps);
        Groupings.RequireNormalizedShape(name, normalizedShape);
        this.normalizedShape = normalizedShape.ToArray();
        this.name = name;
        this.spread = spread;
        Eps = eps;
    }

    /// <summary>Added to the variance or mean of squares, inside the root.</summary>
    public double Eps { get; }

    /// <summary>The trailing dimensions that share statistics.</summary>
    public ReadOnlySpan<nint> NormalizedShape => normalizedShape;

    /// <summary>The most threads that a pass uses; -1, the default, for one a processor. The result does not depend on it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is 0 or less than -1.</exception>
    public int MaxDegreeOfParallelism
    {
        get => maxDegreeOfParallelism;
        set
        {
            NormCall.CheckDegree(name, value);
            maxDegreeOfParallelism = value;
        }
    }

    /// <summary>Normalizes a tensor, and scales and shifts each sample.</summary>
    /// <param name="input">The tensor to normalize, (N, *, normalizedShape), in any layout.</param>
    /// <param name="scale">What each sample is multiplied by, minus one: (N, normalizedShape); none for zeros.</param>
    /// <param name="shift">What is added to each sample: (N, normalizedShape); none for zeros.</param>
    /// <param name="saved">Filled with what backward needs; null where no gradient is wanted.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The result, row-major or as the input lies.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor<T> Forward(
        in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> scale, in ReadOnlyTensorSpan<T> shift = default, SavedStatistics? saved = null,
        CancellationToken cancellationToken = default) =>
        Forward<T>(input, scale, shift, saved, cancellationToken);

    /// <inheritdoc cref="Forward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics, CancellationToken)"/>
    /// <typeparam name="TInput">The type of input and output.</typeparam>
    public Tensor<TInput> Forward<TInput>(
        in ReadOnlyTensorSpan<TInput> input, in ReadOnlyTensorSpan<T> scale, in ReadOnlyTensorSpan<T> shift = default, SavedStatistics? saved = null,
        CancellationToken cancellationToken = default)
        where TInput : unmanaged
    {
        Tensor<TInput> destination = Results.Like(Operand<TInput>.Of(input));
        Forward(input, scale, shift, destination.AsTensorSpan(), saved, cancellationToken);
        return destination;
    }

    /// <summary>The same into a tensor.</summary>
    /// <param name="input">The tensor to normalize, (N, *, normalizedShape), in any layout.</param>
    /// <param name="scale">What each sample is multiplied by, minus one: (N, normalizedShape); none for zeros.</param>
    /// <param name="shift">What is added to each sample: (N, normalizedShape); none for zeros.</param>
    /// <param name="destination">Overwritten with the result; of the input's shape, in any layout; may be the input. It comes last, so that scale and
    /// shift cannot be taken for it.</param>
    /// <param name="saved">Filled with what backward needs; null where no gradient is wanted.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or the destination overlaps another tensor.</exception>
    public void Forward(
        in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> scale, in ReadOnlyTensorSpan<T> shift, in TensorSpan<T> destination,
        SavedStatistics? saved = null, CancellationToken cancellationToken = default) => Forward<T>(input, scale, shift, destination, saved, cancellationToken);

    /// <inheritdoc cref="Forward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, in TensorSpan{T}, SavedStatistics, CancellationToken)"/>
    /// <typeparam name="TInput">The type of input and output.</typeparam>
    public void Forward<TInput>(
        in ReadOnlyTensorSpan<TInput> input, in ReadOnlyTensorSpan<T> scale, in ReadOnlyTensorSpan<T> shift, in TensorSpan<TInput> destination,
        SavedStatistics? saved = null, CancellationToken cancellationToken = default) where TInput : unmanaged
    {
        Concurrency concurrency = Concurrency.Start(maxDegreeOfParallelism, cancellationToken);
        NormSpec<T> spec = Describe(input.Lengths, concurrency);
        spec.Weight = OfEachSample(nameof(scale), scale, input.Lengths);
        spec.Bias = OfEachSample(nameof(shift), shift, input.Lengths);
        spec.UnitOffset = true;
        NormCall.Forward(spec, Operand<TInput>.Of(input), Operand<TInput>.Of(destination), saved);
    }

    /// <summary>The gradients of a forward pass.</summary>
    /// <param name="gradOutput">The gradient of the output, of the input's shape.</param>
    /// <param name="input">The input of the forward pass, unchanged since.</param>
    /// <param name="scale">The scale of that pass.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The gradients of input, scale and shift.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or something else filled <paramref name="saved"/>.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="saved"/> was never filled by a forward pass.</exception>
    public (Tensor<T> GradInput, Tensor<T> GradScale, Tensor<T> GradShift) Backward(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> scale, SavedStatistics saved,
        CancellationToken cancellationToken = default) =>
        Backward<T>(gradOutput, input, scale, saved, cancellationToken);

    /// <inheritdoc cref="Backward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics, CancellationToken)"/>
    /// <typeparam name="TInput">The type of input and output.</typeparam>
    public (Tensor<TInput> GradInput, Tensor<T> GradScale, Tensor<T> GradShift) Backward<TInput>(
        in ReadOnlyTensorSpan<TInput> gradOutput, in ReadOnlyTensorSpan<TInput> input, in ReadOnlyTensorSpan<T> scale, SavedStatistics saved,
        CancellationToken cancellationToken = default)
        where TInput : unmanaged
    {
        ArgumentNullException.ThrowIfNull(saved);
        Concurrency concurrency = Concurrency.Start(maxDegreeOfParallelism, cancellationToken);
        NormSpec<T> spec = Describe(input.Lengths, concurrency);
        if (saved.Layer.Length > 0 && (saved.Layer != name || saved.Grouping != spec.Grouping))
            throw new ArgumentException($"{name}: the saved statistics come from another layer or another shape; give those of this layer's forward pass.", nameof(saved));
        spec.Weight = OfEachSample(nameof(scale), scale, input.Lengths);
        spec.UnitOffset = true;
        Operand<TInput> x = Operand<TInput>.Of(input);
        Tensor<TInput> gradInput = Results.Like(x);
        nint[] shape = [input.Lengths[0], .. normalizedShape];
        T[] gradScale = new T[Shapes.Product(shape)], gradShift = new T[gradScale.Length];
        NormCall.Backward(
            spec, Operand<TInput>.Of(gradOutput), x, saved, Operand<TInput>.Of(gradInput), Operand<T>.OfOptional(gradScale), Operand<T>.OfOptional(gradShift), add: false);
        return (gradInput, Tensor.Create(gradScale, shape), Tensor.Create(gradShift, shape));
    }

    private NormSpec<T> Describe(ReadOnlySpan<nint> shape, Concurrency concurrency)
    {
        NormSpec<T> rows = Groupings.Rows<T>(name, shape, normalizedShape, default, default);
        if (shape.Length <= normalizedShape.Length)
            throw new ArgumentException($"{name}: expected input (N, *, normalizedShape) with samples in dimension 0, got input size {Shapes.Text(shape)}.", "input");
        nint samples = shape[0];
        WeightSharing bySample = new(samples == 0 ? 1 : Math.Max(1, rows.Grouping.N / samples), samples);
        return new(name, rows.Grouping with { Weights = bySample }, new(spread, Eps))
        {
            NormalizedRank = rows.NormalizedRank,
            Concurrency = concurrency,
        };
    }

    private Operand<T> OfEachSample(string what, in ReadOnlyTensorSpan<T> condition, ReadOnlySpan<nint> shape)
    {
        Operand<T> operand = Operand<T>.OfOptional(condition);
        if (!operand.IsPresent)
            return operand;
        nint[] needed = [shape[0], .. normalizedShape];
        if (!condition.Lengths.SequenceEqual(needed))
            throw new ArgumentException($"{name}: {what} has shape {Shapes.Text(condition.Lengths)}; it must be {Shapes.Text(needed)} for input {Shapes.Text(shape)}, one row a sample.", what);
        return operand;
    }
}
