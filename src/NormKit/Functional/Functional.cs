using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Threading;

namespace NormKit;

/// <summary>
/// The layers as functions without state, as torch.nn.functional has them. Each comes on tensor spans, which returns a new tensor or writes into a
/// destination, and on spans with a shape. A destination may be the input itself; one that overlaps it otherwise is refused. Input and destination
/// that are both contiguous or both channels-last are normalized without allocating, but for layer norm over a part of channels-last dimensions,
/// which are strided then. Results do not depend on the number of threads.
/// </summary>
/// <remarks>Everything is checked before anything is written: an exception leaves destination, gradients and running statistics as they were.</remarks>
public static partial class Functional
{
    /// <summary>The gradients of any of the layers, given what its forward call saved.</summary>
    /// <param name="gradOutput">The gradient of the output, of the input's shape.</param>
    /// <param name="input">The input of the forward call, unchanged since.</param>
    /// <param name="saved">What the forward call saved.</param>
    /// <param name="weight">The weight of the forward call, or none.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="mask">The mask of the forward call, if it had one.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The gradients of the input, and of weight and bias, of the weight's shape; null where no weight is given.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or outputs overlap inputs.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="saved"/> was never filled by a forward call.</exception>
    public static (Tensor<T> GradInput, Tensor<T>? GradWeight, Tensor<T>? GradBias) Backward<T>(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> input, SavedStatistics saved, in ReadOnlyTensorSpan<T> weight = default,
        int maxDegreeOfParallelism = -1, in ReadOnlyTensorSpan<bool> mask = default, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> gradInput = Results.Like(Operand<T>.Of(input));
        if (weight.IsEmpty)
        {
            Backward(gradOutput, input, saved, default, gradInput.AsTensorSpan(), default, default, maxDegreeOfParallelism, mask, cancellationToken);
            return (gradInput, null, null);
        }
        Tensor<T> gradWeight = Tensor.CreateFromShapeUninitialized<T>(weight.Lengths), gradBias = Tensor.CreateFromShapeUninitialized<T>(weight.Lengths);
        Backward(gradOutput, input, saved, weight, gradInput.AsTensorSpan(), gradWeight.AsTensorSpan(), gradBias.AsTensorSpan(), maxDegreeOfParallelism, mask, cancellationToken);
        return (gradInput, gradWeight, gradBias);
    }

    /// <summary>The gradients of any of the layers, into tensors.</summary>
    /// <param name="gradOutput">The gradient of the output, of the input's shape.</param>
    /// <param name="input">The input of the forward call, unchanged since.</param>
    /// <param name="saved">What the forward call saved.</param>
    /// <param name="weight">The weight of the forward call, or none.</param>
    /// <param name="gradInput">Overwritten with the gradient of the input; may be <paramref name="gradOutput"/> or <paramref name="input"/>; none where it is not wanted.</param>
    /// <param name="gradWeight">Overwritten with the gradient of the weight, of its shape; none where it is not wanted.</param>
    /// <param name="gradBias">Overwritten with the gradient of the bias, of its shape; none where it is not wanted.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="mask">The mask of the forward call, if it had one.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or outputs overlap inputs.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="saved"/> was never filled by a forward call.</exception>
    public static void Backward<T>(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> input, SavedStatistics saved, in ReadOnlyTensorSpan<T> weight,
        in TensorSpan<T> gradInput, in TensorSpan<T> gradWeight = default, in TensorSpan<T> gradBias = default,
        int maxDegreeOfParallelism = -1, in ReadOnlyTensorSpan<bool> mask = default, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(saved);
        NormCall.Backward(
            SpecOf(saved, Operand<T>.OfOptional(weight), Concurrency.Start(maxDegreeOfParallelism, cancellationToken)), Operand<T>.Of(gradOutput), Operand<T>.Of(input), saved,
            Operand<T>.OfOptional(gradInput), Operand<T>.OfOptional(gradWeight), Operand<T>.OfOptional(gradBias), add: false,
            Operand<bool>.OfOptional(mask));
    }

    /// <summary>The gradients of any of the layers, on spans.</summary>
    /// <param name="gradOutput">The gradient of the output.</param>
    /// <param name="input">The input of the forward call, unchanged since.</param>
    /// <param name="shape">The lengths of the input's dimensions, (N, C, *) in either format.</param>
    /// <param name="saved">What the forward call saved.</param>
    /// <param name="weight">The weight of the forward call, or empty.</param>
    /// <param name="gradInput">Overwritten with the gradient of the input; may be <paramref name="gradOutput"/> or <paramref name="input"/>; empty where it is not wanted.</param>
    /// <param name="gradWeight">Overwritten with the gradient of the weight; empty where it is not wanted.</param>
    /// <param name="gradBias">Overwritten with the gradient of the bias; empty where it is not wanted.</param>
    /// <param name="format">The order in memory of gradOutput, input and gradInput.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">A length does not fit, or outputs overlap inputs.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="saved"/> was never filled by a forward call.</exception>
    public static void Backward<T>(
        ReadOnlySpan<T> gradOutput, ReadOnlySpan<T> input, ReadOnlySpan<nint> shape, SavedStatistics saved, ReadOnlySpan<T> weight,
        Span<T> gradInput, Span<T> gradWeight = default, Span<T> gradBias = default,
        MemoryFormat format = MemoryFormat.Contiguous, int maxDegreeOfParallelism = -1, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(saved);
        string layer = NameOf(saved);
        NormCall.Backward(
            SpecOf(saved, Operand<T>.OfOptional(weight), Concurrency.Start(maxDegreeOfParallelism, cancellationToken)),
            Operand<T>.Of(gradOutput, shape, format, layer, nameof(gradOutput)), Operand<T>.Of(input, shape, format, layer, nameof(input)), saved,
            gradInput.IsEmpty ? Operand<T>.None : Operand<T>.Of(gradInput, shape, format, layer, nameof(gradInput)),
            Operand<T>.OfOptional(gradWeight), Operand<T>.OfOptional(gradBias), add: false);
    }

    private static string NameOf(SavedStatistics saved) => saved.Layer.Length == 0 ? nameof(Backward) : saved.Layer;

    private static NormSpec<T> SpecOf<T>(SavedStatistics saved, in Operand<T> weight, Concurrency concurrency)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (saved.Layer.Length > 0 && saved.Grouping == default)
            throw new ArgumentException($"{saved.Layer}: its gradient is not that of a normalization by statistics; use the layer's own Backward.", nameof(saved));
        if (saved.Layer.Length > 0 && saved.Activation.IsPresent)
            throw new ArgumentException($"{saved.Layer}: the saved statistics come from a layer with an activation; use its own Backward.", nameof(saved));
        NormSpec<T> spec = saved.Spec<T>(NameOf(saved));
        spec.Weight = weight;
        spec.Concurrency = concurrency;
        return spec;
    }
}
