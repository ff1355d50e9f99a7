using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;

namespace NormKit;

/// <summary>What all layers have in common: parameters, training or evaluation, and a forward and a backward pass in each form.</summary>
/// <remarks>
/// A forward pass keeps nothing in the layer but running statistics; what backward needs goes into a <see cref="SavedStatistics"/> of the caller.
/// So a layer in evaluation mode, or one without running statistics, may be used from several threads at once. Everything is checked before
/// anything is written: an exception leaves destination, gradients and running statistics as they were.
/// </remarks>
/// <typeparam name="T">The element type, float or double: of parameters, running statistics, input and output.</typeparam>
public abstract class NormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private int maxDegreeOfParallelism = -1;

    private protected NormLayer(string name, double eps)
    {
        Kernels.Normalizer.RequireSupported<T>();
        NormCall.CheckEps(name, eps);
        Name = name;
        Eps = eps;
    }

    /// <summary>Added to the variance, inside the root.</summary>
    public double Eps { get; }

    /// <summary>The factor of each normalized value; null where the layer has none.</summary>
    public Parameter<T>? Weight { get; private protected init; }

    /// <summary>What is added last; null where the layer has none.</summary>
    public Parameter<T>? Bias { get; private protected init; }

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

    /// <summary>Sets the gradients of weight and bias to zero.</summary>
    public void ZeroGrad()
    {
        Weight?.ZeroGrad();
        Bias?.ZeroGrad();
    }

    /// <summary>Normalizes a tensor.</summary>
    /// <param name="input">The tensor to normalize, in any layout.</param>
    /// <param name="saved">Filled with what <see cref="Backward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics)"/> needs; null where no gradient is wanted.</param>
    /// <returns>The normalized tensor, channels-last where the input is, else row-major.</returns>
    /// <exception cref="ArgumentException">The layer does not take an input of this shape.</exception>
    public Tensor<T> Forward(in ReadOnlyTensorSpan<T> input, SavedStatistics? saved = null)
    {
        Operand<T> x = Operand<T>.Of(input);
        Tensor<T> destination = Results.Like(x, isSample: x.Lengths.Length == UnbatchedRank);
        Run(x, Operand<T>.Of(destination), saved);
        return destination;
    }

    /// <summary>Normalizes a tensor into another, without allocating where both are contiguous or both channels-last (see <see cref="Functional"/>).</summary>
    /// <param name="input">The tensor to normalize, in any layout.</param>
    /// <param name="destination">Overwritten with the normalized tensor; of the input's shape, in any layout; may be the input.</param>
    /// <param name="saved">Filled with what backward needs; null where no gradient is wanted.</param>
    /// <exception cref="ArgumentException">The layer does not take an input of this shape, or the destination does not fit or overlaps it.</exception>
    public void Forward(in ReadOnlyTensorSpan<T> input, in TensorSpan<T> destination, SavedStatistics? saved = null) =>
        Run(Operand<T>.Of(input), Operand<T>.Of(destination), saved);

    /// <summary>Normalizes the values of a span into another, without allocating (see <see cref="Functional"/>).</summary>
    /// <param name="input">The values to normalize.</param>
    /// <param name="shape">The lengths of the dimensions of input, in the order that the layer names them whatever the format.</param>
    /// <param name="destination">Overwritten with the normalized values, in the same order; may be the input.</param>
    /// <param name="saved">Filled with what backward needs; null where no gradient is wanted.</param>
    /// <param name="format">The order in memory of input and destination.</param>
    /// <exception cref="ArgumentException">The layer does not take an input of this shape, or a span does not fit or overlaps another.</exception>
    public void Forward(
        ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, Span<T> destination, SavedStatistics? saved = null,
        MemoryFormat format = MemoryFormat.Contiguous) =>
        Run(
            Operand<T>.Of(input, shape, format, Name, nameof(input)),
            Operand<T>.Of(destination, shape, format, Name, nameof(destination)), saved);

    /// <summary>The gradient of a forward pass. Those of weight and bias are added to <see cref="Parameter{T}.Grad"/>.</summary>
    /// <param name="gradOutput">The gradient of the output, of the input's shape.</param>
    /// <param name="input">The input of the forward pass, unchanged since.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <returns>The gradient of the input.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or another layer filled <paramref name="saved"/>.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="saved"/> was never filled by a forward pass.</exception>
    public Tensor<T> Backward(in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> input, SavedStatistics saved)
    {
        Operand<T> x = Operand<T>.Of(input);
        Tensor<T> gradInput = Results.Like(x, isSample: x.Lengths.Length == UnbatchedRank);
        RunBackward(Operand<T>.Of(gradOutput), x, saved, Operand<T>.Of(gradInput));
        return gradInput;
    }

    /// <inheritdoc cref="Backward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics)"/>
    /// <param name="gradOutput">The gradient of the output, of the input's shape.</param>
    /// <param name="input">The input of the forward pass, unchanged since.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="gradInput">Overwritten with the gradient of the input; may be <paramref name="gradOutput"/> or <paramref name="input"/>; empty where it is not wanted.</param>
    public void Backward(in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> input, SavedStatistics saved, in TensorSpan<T> gradInput) =>
        RunBackward(Operand<T>.Of(gradOutput), Operand<T>.Of(input), saved, Operand<T>.OfOptional(gradInput));

    /// <inheritdoc cref="Backward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics)"/>
    /// <param name="gradOutput">The gradient of the output.</param>
    /// <param name="input">The input of the forward pass, unchanged since.</param>
    /// <param name="shape">The lengths of the input's dimensions, in the order that the layer names them whatever the format.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="gradInput">Overwritten with the gradient of the input; may be <paramref name="gradOutput"/> or <paramref name="input"/>; empty where it is not wanted.</param>
    /// <param name="format">The order in memory of gradOutput, input and gradInput.</param>
    public void Backward(
        ReadOnlySpan<T> gradOutput, ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, SavedStatistics saved, Span<T> gradInput,
        MemoryFormat format = MemoryFormat.Contiguous) =>
        RunBackward(
            Operand<T>.Of(gradOutput, shape, format, Name, nameof(gradOutput)), Operand<T>.Of(input, shape, format, Name, nameof(input)), saved,
            gradInput.IsEmpty ? Operand<T>.None : Operand<T>.Of(gradInput, shape, format, Name, nameof(gradInput)));

    /// <summary>Checks the rank, chooses the function and calls it.</summary>
    private protected abstract void ForwardCore(in Operand<T> x, in Operand<T> y, SavedStatistics? saved);

    /// <summary>Whether a forward pass of this layer can have chosen a grouping.</summary>
    private protected abstract bool Fits(Kernels.Grouping grouping);

    private void Run(in Operand<T> x, in Operand<T> y, SavedStatistics? saved)
    {
        if (x.Lengths.Length != UnbatchedRank)
        {
            ForwardCore(x, y, saved);
            return;
        }
        if (y.Lengths.Length != UnbatchedRank)
            throw new ArgumentException($"{Name}: destination has shape {Shapes.Text(y.Lengths)}; input has {Shapes.Text(x.Lengths)}, and they must be the same.", "destination");
        Span<nint> room = stackalloc nint[4 * (UnbatchedRank + 1)];
        int rank = UnbatchedRank + 1;
        ForwardCore(
            x.AsBatchOfOne(room[..rank], room.Slice(rank, rank)), y.AsBatchOfOne(room.Slice(2 * rank, rank), room.Slice(3 * rank, rank)), saved);
    }

    private void RunBackward(in Operand<T> dy, in Operand<T> x, SavedStatistics saved, in Operand<T> dx)
    {
        ArgumentNullException.ThrowIfNull(saved);
        if (saved.Layer.Length > 0 && saved.Layer != Name)
            throw new ArgumentException($"{Name}: the saved statistics come from {saved.Layer}; give those of this layer's forward pass.", nameof(saved));
        if (saved.Layer.Length > 0 && !Fits(saved.Grouping))
            throw new ArgumentException($"{Name}: the saved statistics come from a layer with other groups, channels or normalized dimensions; give those of this layer's forward pass.", nameof(saved));
        Operand<T> weight = Operand<T>.OfOptional(Weight?.Values), gradWeight = Operand<T>.OfOptional(Weight?.Gradients);
        Operand<T> gradBias = Operand<T>.OfOptional(Bias?.Gradients);
        if (x.Lengths.Length != UnbatchedRank || dy.Lengths.Length != UnbatchedRank || (dx.IsPresent && dx.Lengths.Length != UnbatchedRank))
        {
            NormCall.Backward(Name, dy, x, saved, weight, dx, gradWeight, gradBias, add: true, MaxDegreeOfParallelism);
            return;
        }
        int rank = UnbatchedRank + 1;
        Span<nint> room = stackalloc nint[6 * rank];
        NormCall.Backward(
            Name, dy.AsBatchOfOne(room[..rank], room.Slice(rank, rank)), x.AsBatchOfOne(room.Slice(2 * rank, rank), room.Slice(3 * rank, rank)), saved, weight,
            dx.IsPresent ? dx.AsBatchOfOne(room.Slice(4 * rank, rank), room.Slice(5 * rank, rank)) : dx,
            gradWeight, gradBias, add: true, MaxDegreeOfParallelism);
    }
}
