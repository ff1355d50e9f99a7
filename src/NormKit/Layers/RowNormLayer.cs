using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

/// <summary>What layer norm and RMS norm have in common: dimensions that are normalized over, each element of which has its own weight.</summary>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public abstract class RowNormLayer<T> : GroupedNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The elements of the longest call that is not looked at again once it has begun: some ten microseconds.</summary>
    private const int LongestUnchecked = 1 << 16;

    private readonly nint[] normalizedShape;
    private readonly int[] axes;
    private readonly Spread spread;

    /// <summary>The elements of a row, or 0 where no row of them is short.</summary>
    private readonly int width;

    private readonly int numGroups = 1;

    private protected RowNormLayer(
        string name, Spread spread, ReadOnlySpan<nint> normalizedShape, ReadOnlySpan<int> axes, double eps, bool elementwiseAffine, bool bias, bool unitOffset)
        : base(name, eps)
    {
        Groupings.RequireNormalizedShape(name, normalizedShape);
        if (!axes.IsEmpty && axes.Length != normalizedShape.Length)
            throw new ArgumentException($"{name}: {axes.Length} axes for normalizedShape {Shapes.Text(normalizedShape)}; give one for each of its lengths.", nameof(axes));
        if (unitOffset && !elementwiseAffine)
            throw new ArgumentException($"{name}: unitOffset says how the weight is stored, and without elementwiseAffine there is none.", nameof(unitOffset));
        this.normalizedShape = normalizedShape.ToArray();
        this.axes = axes.ToArray();
        this.spread = spread;
        nint elements = Shapes.Product(normalizedShape);
        width = elements <= int.MaxValue ? (int)elements : 0;
        ElementwiseAffine = elementwiseAffine;
        UnitOffset = unitOffset;
        Weight = elementwiseAffine ? new(normalizedShape, unitOffset ? T.Zero : T.One) : null;
        Bias = elementwiseAffine && bias ? new(normalizedShape, T.Zero) : null;
    }

    /// <summary>The lengths of the dimensions that are normalized over.</summary>
    public ReadOnlySpan<nint> NormalizedShape => normalizedShape;

    /// <summary>Which dimensions these are, negative ones counted from the end; empty for the trailing ones.</summary>
    public ReadOnlySpan<int> Axes => axes;

    /// <summary>Into how many groups the last dimension is split, each with statistics of its own; 1 unless set. The weight still has an element for each
    /// of the dimension. Mamba2's and Zamba2's norms split it so.</summary>
    /// <exception cref="ArgumentException">They do not divide the last dimension, or more than it is normalized over.</exception>
    public int NumGroups
    {
        get => numGroups;
        init
        {
            Groupings.RequireGroups(Name, normalizedShape, axes, value);
            numGroups = value;
        }
    }

    /// <summary>Whether the layer has a weight.</summary>
    public bool ElementwiseAffine { get; }

    /// <summary>Whether the weight is stored minus one, so that weight decay pulls it to 1: normalized values are multiplied by 1 + Weight.</summary>
    public bool UnitOffset { get; }

    /// <summary>Adds a residual and normalizes the sum, in one pass over memory: <c>sum = input + residual + addedBias; output = norm(sum)</c>.</summary>
    /// <remarks>The sum is rounded to the element type and normalized from there, so that both results are those of the two steps one after the
    /// other. ONNX Runtime's SkipLayerNormalization and SkipSimplifiedLayerNormalization are this call.</remarks>
    /// <param name="input">The tensor to add to, in any layout.</param>
    /// <param name="residual">What is added: of the input's shape, or of its trailing dimensions.</param>
    /// <param name="saved">Filled with what <see cref="BackwardAdd{TInput}(in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, SavedStatistics, CancellationToken)"/> needs; null where no gradient is wanted.</param>
    /// <param name="addedBias">What else is added: one value for each normalized element; none for zeros.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <typeparam name="TInput">The element type: <typeparamref name="T"/>, or in a layer of float also Half or BFloat16.</typeparam>
    /// <returns>The normalized sum, and the sum.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public (Tensor<TInput> Output, Tensor<TInput> Sum) ForwardAdd<TInput>(
        in ReadOnlyTensorSpan<TInput> input, in ReadOnlyTensorSpan<TInput> residual, SavedStatistics? saved = null, in ReadOnlyTensorSpan<T> addedBias = default,
        CancellationToken cancellationToken = default)
        where TInput : unmanaged
    {
        Operand<TInput> x = Operand<TInput>.Of(input);
        Tensor<TInput> output = Results.Like(x), sum = Results.Like(x);
        ForwardAdd(input, residual, output.AsTensorSpan(), sum.AsTensorSpan(), saved, addedBias, cancellationToken);
        return (output, sum);
    }

    /// <inheritdoc cref="ForwardAdd{TInput}(in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, SavedStatistics, in ReadOnlyTensorSpan{T}, CancellationToken)"/>
    public (Tensor<T> Output, Tensor<T> Sum) ForwardAdd(
        in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> residual, SavedStatistics? saved = null, in ReadOnlyTensorSpan<T> addedBias = default,
        CancellationToken cancellationToken = default) =>
        ForwardAdd<T>(input, residual, saved, addedBias, cancellationToken);

    /// <inheritdoc cref="ForwardAdd{TInput}(in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, SavedStatistics, in ReadOnlyTensorSpan{T}, CancellationToken)"/>
    /// <param name="input">The tensor to add to, in any layout.</param>
    /// <param name="residual">What is added: of the input's shape, or of its trailing dimensions.</param>
    /// <param name="destination">Overwritten with the normalized sum; may be the input or the residual, but not the sum.</param>
    /// <param name="sum">Overwritten with the sum; may be the input or the residual.</param>
    /// <param name="saved">Filled with what backward needs; null where no gradient is wanted.</param>
    /// <param name="addedBias">What else is added: one value for each normalized element; none for zeros.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public void ForwardAdd<TInput>(
        in ReadOnlyTensorSpan<TInput> input, in ReadOnlyTensorSpan<TInput> residual, in TensorSpan<TInput> destination, in TensorSpan<TInput> sum,
        SavedStatistics? saved = null, in ReadOnlyTensorSpan<T> addedBias = default, CancellationToken cancellationToken = default)
        where TInput : unmanaged
    {
        Concurrency concurrency = Start(cancellationToken);
        NormSpec<T> spec = Describe(input.Lengths);
        Complete(ref spec, concurrency);
        NormCall.Forward(
            spec, Operand<TInput>.Of(input), Operand<TInput>.Of(destination), saved, default,
            new Addends<TInput, T>(Operand<TInput>.Of(residual), Operand<T>.OfOptional(addedBias), Operand<TInput>.Of(sum)));
    }

    /// <inheritdoc cref="ForwardAdd{TInput}(in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, in TensorSpan{TInput}, in TensorSpan{TInput}, SavedStatistics, in ReadOnlyTensorSpan{T}, CancellationToken)"/>
    public void ForwardAdd(
        in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> residual, in TensorSpan<T> destination, in TensorSpan<T> sum,
        SavedStatistics? saved = null, in ReadOnlyTensorSpan<T> addedBias = default, CancellationToken cancellationToken = default) =>
        ForwardAdd<T>(input, residual, destination, sum, saved, addedBias, cancellationToken);

    /// <summary>The gradient of <see cref="ForwardAdd{TInput}(in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, SavedStatistics, in ReadOnlyTensorSpan{T}, CancellationToken)"/>:
    /// input and residual have the same. Those of weight and bias are added to <see cref="Parameter{T}.Grad"/>.</summary>
    /// <param name="gradOutput">The gradient of the normalized sum.</param>
    /// <param name="gradSum">The gradient of the sum where that was handed on; none for zeros.</param>
    /// <param name="sum">The sum that the forward pass gave, unchanged since.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <typeparam name="TInput">The element type.</typeparam>
    /// <returns>The gradient of the sum, and so of input, residual and, added up over all but the normalized dimensions, of addedBias.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or another layer filled <paramref name="saved"/>.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="saved"/> was never filled by a forward pass.</exception>
    public Tensor<TInput> BackwardAdd<TInput>(
        in ReadOnlyTensorSpan<TInput> gradOutput, in ReadOnlyTensorSpan<TInput> gradSum, in ReadOnlyTensorSpan<TInput> sum, SavedStatistics saved,
        CancellationToken cancellationToken = default)
        where TInput : unmanaged
    {
        Tensor<TInput> gradInput = Results.Like(Operand<TInput>.Of(sum));
        BackwardAdd(gradOutput, gradSum, sum, saved, gradInput.AsTensorSpan(), cancellationToken);
        return gradInput;
    }

    /// <inheritdoc cref="BackwardAdd{TInput}(in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, SavedStatistics, CancellationToken)"/>
    /// <param name="gradOutput">The gradient of the normalized sum.</param>
    /// <param name="gradSum">The gradient of the sum where that was handed on; none for zeros.</param>
    /// <param name="sum">The sum that the forward pass gave, unchanged since.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="gradInput">Overwritten with the gradient; may be one of the other tensors.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public void BackwardAdd<TInput>(
        in ReadOnlyTensorSpan<TInput> gradOutput, in ReadOnlyTensorSpan<TInput> gradSum, in ReadOnlyTensorSpan<TInput> sum, SavedStatistics saved,
        in TensorSpan<TInput> gradInput, CancellationToken cancellationToken = default) where TInput : unmanaged
    {
        RequireSavedHere(saved);
        BackwardOf(
            Operand<TInput>.Of(gradOutput), Operand<TInput>.Of(sum), saved, Operand<TInput>.Of(gradInput), default, Operand<TInput>.OfOptional(gradSum),
            Start(cancellationToken));
    }

    /// <inheritdoc cref="BackwardAdd{TInput}(in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, SavedStatistics, CancellationToken)"/>
    public Tensor<T> BackwardAdd(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> gradSum, in ReadOnlyTensorSpan<T> sum, SavedStatistics saved,
        CancellationToken cancellationToken = default) =>
        BackwardAdd<T>(gradOutput, gradSum, sum, saved, cancellationToken);

    /// <inheritdoc cref="BackwardAdd{TInput}(in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, SavedStatistics, in TensorSpan{TInput}, CancellationToken)"/>
    public void BackwardAdd(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> gradSum, in ReadOnlyTensorSpan<T> sum, SavedStatistics saved,
        in TensorSpan<T> gradInput, CancellationToken cancellationToken = default) => BackwardAdd<T>(gradOutput, gradSum, sum, saved, gradInput, cancellationToken);

    private protected override void ForwardCore<TInput>(
        in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency)
    {
        bool isPlain = typeof(TInput) == typeof(T) && saved is null && !mask.IsPresent && width > 0 && axes.Length == 0 && numGroups == 1 && !UnitOffset && !Activation.IsPresent
            && x.Has(Layouts.Contiguous) && y.Has(Layouts.Contiguous) && x.Length <= int.MaxValue && x.Lengths.SequenceEqual(y.Lengths)
            && x.Lengths.Length >= normalizedShape.Length && x.Lengths[^normalizedShape.Length..].SequenceEqual(normalizedShape);
        if (isPlain && FewRows.TryForward(
            new(spread, Eps), width, Weight is null ? default : Weight.Values, Bias is null ? default : Bias.Values,
            MemoryMarshal.Cast<TInput, T>(x.Dense), MemoryMarshal.Cast<TInput, T>(y.Dense)))
        {
            return;
        }
        base.ForwardCore(x, y, saved, mask, concurrency);
    }

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape) =>
        Groupings.Rows<T>(Name, shape, normalizedShape, axes, new(spread, Eps), numGroups);

    private protected override void Complete(ref NormSpec<T> spec, Concurrency concurrency)
    {
        base.Complete(ref spec, concurrency);
        spec.UnitOffset = UnitOffset;
    }

    private protected override bool Fits(in NormSpec<T> saved, ReadOnlySpan<nint> shape)
    {
        // Other dimensions may be as long.
        bool fits = saved.Grouping.Sharing is Sharing.Layer or Sharing.Position && saved.Grouping.C == Shapes.Product(normalizedShape) / numGroups
            && saved.Grouping.Weights.Groups == numGroups;
        for (int d = 0; d < shape.Length; d++)
            fits &= saved.Shares(d, shape.Length) == (axes.Length == 0 ? d >= shape.Length - normalizedShape.Length : axes.Contains(d) || axes.Contains(d - shape.Length));
        return fits;
    }
}
