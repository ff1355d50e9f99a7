using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Threading;

namespace NormKit;

/// <summary>What all layers have in common: parameters, training or evaluation, and a forward and a backward pass in each form.</summary>
/// <remarks>
/// A forward pass keeps nothing in the layer but running statistics; what backward needs goes into a <see cref="SavedStatistics"/> of the caller.
/// So the forward pass of a layer in evaluation mode, or of one without running statistics, may be used from several threads at once; backward adds to
/// the gradients of parameters, and a lazy layer's first input makes them, so these need a thread to themselves. Everything is checked before
/// anything is written: an exception leaves destination, gradients and running statistics as they were.
/// <para>A call whose token is cancelled throws an OperationCanceledException, once no thread works for it any more: a token that is cancelled before,
/// without anything written. Else destination or gradInput hold new values in some places and old ones in others, the gradients of parameters and the
/// running statistics are what they were before the call, and a <see cref="SavedStatistics"/> given to it counts as never filled. The
/// token is looked at after each piece of work, of some hundred kilobytes, not only between passes.</para>
/// <para>A mask says which elements take part. It has the input's shape (lengths may be 1), or lacks the dimensions that are normalized over or, in
/// layers whose statistics go by channels, the channel dimension. The other elements count in no statistic, are 0 in the output, have a gradient of
/// 0, and what their output's gradient holds is ignored; a set without any element gives zeros. Backward takes the mask of the forward pass.</para>
/// </remarks>
/// <typeparam name="T">The type of parameters and running statistics, and what is computed in: float or double. Input and output have it too, or, in a
/// layer of float, are <see cref="Half"/> or <see cref="BFloat16"/>: converted a block at a time, and rounded once at the end.</typeparam>
public abstract partial class NormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private int maxDegreeOfParallelism = -1;

    private protected NormLayer(string name, double eps)
    {
        Kernels.Normalizer.RequireSupported<T>();
        NormCall.CheckEps(name, eps);
        Name = name;
        Eps = eps;
    }

    /// <summary>Added to the variance or the mean of squares, inside the root, or the least norm that is divided by: see the layer. 0 in layers without one.</summary>
    public double Eps { get; }

    /// <summary>The factor of each normalized value; null where the layer has none.</summary>
    public Parameter<T>? Weight { get; private protected set; }

    /// <summary>What is added last; null where the layer has none.</summary>
    public Parameter<T>? Bias { get; private protected set; }

    /// <summary>Whether the layer is in training mode, which is where it starts.</summary>
    public bool Training { get; private set; } = true;

    /// <summary>The most threads that a pass uses; -1, the default, for one a processor. The result does not depend on it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is 0 or less than -1.</exception>
    public int MaxDegreeOfParallelism
    {
        get => maxDegreeOfParallelism;
        set
        {
            NormCall.CheckDegree(Name, value);
            maxDegreeOfParallelism = value;
        }
    }

    /// <summary>The layer's name in errors.</summary>
    private protected string Name { get; }

    /// <summary>The rank of a single sample that the layer takes in place of a batch; none for most layers.</summary>
    private protected virtual int UnbatchedRank => -1;

    /// <summary>Changes to training mode.</summary>
    public void Train() => Training = true;

    /// <summary>Changes to evaluation mode: layers that track running statistics then use them and leave them as they are.</summary>
    public void Eval() => Training = false;

    /// <summary>Sets the gradients of all parameters to zero.</summary>
    public void ZeroGrad()
    {
        foreach ((_, Parameter<T> parameter) in NamedParameters)
            parameter.ZeroGrad();
    }

    /// <summary>Normalizes a tensor.</summary>
    /// <param name="input">The tensor to normalize, in any layout.</param>
    /// <param name="saved">Filled with what <see cref="Backward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics, in ReadOnlyTensorSpan{bool}, CancellationToken)"/> needs; null where no gradient is wanted.</param>
    /// <param name="mask">Which elements take part; none, and all do.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The normalized tensor, channels-last where the input is, else row-major.</returns>
    /// <exception cref="ArgumentException">The layer does not take an input of this shape, or no such mask.</exception>
    public Tensor<T> Forward(
        in ReadOnlyTensorSpan<T> input, SavedStatistics? saved = null, in ReadOnlyTensorSpan<bool> mask = default,
        CancellationToken cancellationToken = default) =>
        Forward<T>(input, saved, mask, cancellationToken);

    /// <inheritdoc cref="Forward(in ReadOnlyTensorSpan{T}, SavedStatistics, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <typeparam name="TInput">The type of input and output: <typeparamref name="T"/>, or in a layer of float also Half or BFloat16.</typeparam>
    /// <exception cref="NotSupportedException">The layer does not compute on such elements.</exception>
    public Tensor<TInput> Forward<TInput>(
        in ReadOnlyTensorSpan<TInput> input, SavedStatistics? saved = null, in ReadOnlyTensorSpan<bool> mask = default,
        CancellationToken cancellationToken = default)
        where TInput : unmanaged
    {
        Concurrency concurrency = Start(cancellationToken);
        Operand<TInput> x = Operand<TInput>.Of(input);
        Tensor<TInput> destination = Results.Like(x, isSample: x.Lengths.Length == UnbatchedRank);
        Run(x, Operand<TInput>.Of(destination), saved, Operand<bool>.OfOptional(mask), concurrency);
        return destination;
    }

    /// <summary>Normalizes a tensor into another, without allocating where both are contiguous or both channels-last (see <see cref="Functional"/>).</summary>
    /// <param name="input">The tensor to normalize, in any layout.</param>
    /// <param name="destination">Overwritten with the normalized tensor; of the input's shape, in any layout; may be the input.</param>
    /// <param name="saved">Filled with what backward needs; null where no gradient is wanted.</param>
    /// <param name="mask">Which elements take part; none, and all do.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">The layer does not take an input of this shape or no such mask, or the destination does not fit or overlaps it.</exception>
    public void Forward(
        in ReadOnlyTensorSpan<T> input, in TensorSpan<T> destination, SavedStatistics? saved = null, in ReadOnlyTensorSpan<bool> mask = default,
        CancellationToken cancellationToken = default) =>
        Forward<T>(input, destination, saved, mask, cancellationToken);

    /// <inheritdoc cref="Forward(in ReadOnlyTensorSpan{T}, in TensorSpan{T}, SavedStatistics, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <typeparam name="TInput">The type of input and output: <typeparamref name="T"/>, or in a layer of float also Half or BFloat16.</typeparam>
    /// <exception cref="NotSupportedException">The layer does not compute on such elements.</exception>
    public void Forward<TInput>(
        in ReadOnlyTensorSpan<TInput> input, in TensorSpan<TInput> destination, SavedStatistics? saved = null, in ReadOnlyTensorSpan<bool> mask = default,
        CancellationToken cancellationToken = default)
        where TInput : unmanaged =>
        Run(Operand<TInput>.Of(input), Operand<TInput>.Of(destination), saved, Operand<bool>.OfOptional(mask), Start(cancellationToken));

    /// <summary>Normalizes the values of a span into another, without allocating (see <see cref="Functional"/>).</summary>
    /// <param name="input">The values to normalize.</param>
    /// <param name="shape">The lengths of the dimensions of input, in the order that the layer names them whatever the format.</param>
    /// <param name="destination">Overwritten with the normalized values, in the same order; may be the input.</param>
    /// <param name="saved">Filled with what backward needs; null where no gradient is wanted.</param>
    /// <param name="format">The order in memory of input and destination.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">The layer does not take an input of this shape, or a span does not fit or overlaps another.</exception>
    public void Forward(
        ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, Span<T> destination, SavedStatistics? saved = null,
        MemoryFormat format = MemoryFormat.Contiguous, CancellationToken cancellationToken = default) =>
        Forward<T>(input, shape, destination, saved, format, cancellationToken);

    /// <inheritdoc cref="Forward(ReadOnlySpan{T}, ReadOnlySpan{nint}, Span{T}, SavedStatistics, MemoryFormat, CancellationToken)"/>
    /// <typeparam name="TInput">The type of input and output: <typeparamref name="T"/>, or in a layer of float also Half or BFloat16.</typeparam>
    /// <exception cref="NotSupportedException">The layer does not compute on such elements.</exception>
    public void Forward<TInput>(
        ReadOnlySpan<TInput> input, ReadOnlySpan<nint> shape, Span<TInput> destination, SavedStatistics? saved = null,
        MemoryFormat format = MemoryFormat.Contiguous, CancellationToken cancellationToken = default) where TInput : unmanaged =>
        Run(
            Operand<TInput>.Of(input, shape, format, Name, nameof(input)),
            Operand<TInput>.Of(destination, shape, format, Name, nameof(destination)), saved, default, Start(cancellationToken));

    /// <summary>The gradient of a forward pass. Those of the parameters are added to <see cref="Parameter{T}.Grad"/>.</summary>
    /// <param name="gradOutput">The gradient of the output, of the input's shape.</param>
    /// <param name="input">The input of the forward pass, unchanged since.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="mask">The mask of that pass, if it had one.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The gradient of the input.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or another layer filled <paramref name="saved"/>.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="saved"/> was never filled by a forward pass.</exception>
    public Tensor<T> Backward(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> input, SavedStatistics saved, in ReadOnlyTensorSpan<bool> mask = default,
        CancellationToken cancellationToken = default) =>
        Backward<T>(gradOutput, input, saved, mask, cancellationToken);

    /// <inheritdoc cref="Backward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <typeparam name="TInput">The type of the tensors: <typeparamref name="T"/>, or in a layer of float also Half or BFloat16.</typeparam>
    /// <exception cref="NotSupportedException">The layer does not compute on such elements.</exception>
    public Tensor<TInput> Backward<TInput>(
        in ReadOnlyTensorSpan<TInput> gradOutput, in ReadOnlyTensorSpan<TInput> input, SavedStatistics saved, in ReadOnlyTensorSpan<bool> mask = default,
        CancellationToken cancellationToken = default)
        where TInput : unmanaged
    {
        Concurrency concurrency = Start(cancellationToken);
        Operand<TInput> x = Operand<TInput>.Of(input);
        Tensor<TInput> gradInput = Results.Like(x, isSample: x.Lengths.Length == UnbatchedRank);
        RunBackward(Operand<TInput>.Of(gradOutput), x, saved, Operand<TInput>.Of(gradInput), Operand<bool>.OfOptional(mask), concurrency);
        return gradInput;
    }

    /// <inheritdoc cref="Backward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <param name="gradOutput">The gradient of the output, of the input's shape.</param>
    /// <param name="input">The input of the forward pass, unchanged since.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="gradInput">Overwritten with the gradient of the input; may be <paramref name="gradOutput"/> or <paramref name="input"/>; empty where it is not wanted.</param>
    /// <param name="mask">The mask of that pass, if it had one.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public void Backward(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> input, SavedStatistics saved, in TensorSpan<T> gradInput,
        in ReadOnlyTensorSpan<bool> mask = default, CancellationToken cancellationToken = default) =>
        Backward<T>(gradOutput, input, saved, gradInput, mask, cancellationToken);

    /// <inheritdoc cref="Backward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics, in TensorSpan{T}, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <typeparam name="TInput">The type of the tensors: <typeparamref name="T"/>, or in a layer of float also Half or BFloat16.</typeparam>
    /// <exception cref="NotSupportedException">The layer does not compute on such elements.</exception>
    public void Backward<TInput>(
        in ReadOnlyTensorSpan<TInput> gradOutput, in ReadOnlyTensorSpan<TInput> input, SavedStatistics saved, in TensorSpan<TInput> gradInput,
        in ReadOnlyTensorSpan<bool> mask = default, CancellationToken cancellationToken = default) where TInput : unmanaged =>
        RunBackward(
            Operand<TInput>.Of(gradOutput), Operand<TInput>.Of(input), saved, Operand<TInput>.OfOptional(gradInput), Operand<bool>.OfOptional(mask),
            Start(cancellationToken));

    /// <inheritdoc cref="Backward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics, in ReadOnlyTensorSpan{bool}, CancellationToken)"/>
    /// <param name="gradOutput">The gradient of the output.</param>
    /// <param name="input">The input of the forward pass, unchanged since.</param>
    /// <param name="shape">The lengths of the input's dimensions, in the order that the layer names them whatever the format.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="gradInput">Overwritten with the gradient of the input; may be <paramref name="gradOutput"/> or <paramref name="input"/>; empty where it is not wanted.</param>
    /// <param name="format">The order in memory of gradOutput, input and gradInput.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public void Backward(
        ReadOnlySpan<T> gradOutput, ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, SavedStatistics saved, Span<T> gradInput,
        MemoryFormat format = MemoryFormat.Contiguous, CancellationToken cancellationToken = default) =>
        Backward<T>(gradOutput, input, shape, saved, gradInput, format, cancellationToken);

    /// <inheritdoc cref="Backward(ReadOnlySpan{T}, ReadOnlySpan{T}, ReadOnlySpan{nint}, SavedStatistics, Span{T}, MemoryFormat, CancellationToken)"/>
    /// <typeparam name="TInput">The type of the values: <typeparamref name="T"/>, or in a layer of float also Half or BFloat16.</typeparam>
    /// <exception cref="NotSupportedException">The layer does not compute on such elements.</exception>
    public void Backward<TInput>(
        ReadOnlySpan<TInput> gradOutput, ReadOnlySpan<TInput> input, ReadOnlySpan<nint> shape, SavedStatistics saved, Span<TInput> gradInput,
        MemoryFormat format = MemoryFormat.Contiguous, CancellationToken cancellationToken = default) where TInput : unmanaged =>
        RunBackward(
            Operand<TInput>.Of(gradOutput, shape, format, Name, nameof(gradOutput)), Operand<TInput>.Of(input, shape, format, Name, nameof(input)), saved,
            gradInput.IsEmpty ? Operand<TInput>.None : Operand<TInput>.Of(gradInput, shape, format, Name, nameof(gradInput)), default, Start(cancellationToken));
}
