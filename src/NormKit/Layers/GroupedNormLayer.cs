using System.Numerics;
using NormKit.Interop;
using NormKit.Threading;

namespace NormKit;

/// <summary>What all layers have in common whose elements are normalized by the statistics of their set: they only choose who shares a set.</summary>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public abstract class GroupedNormLayer<T> : NormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private protected GroupedNormLayer(string name, double eps)
        : base(name, eps)
    {
    }

    /// <summary>What follows the normalization of each element in the same pass; nothing unless set.</summary>
    public Activation Activation { get; set; }

    /// <summary>Whether backward passes add to the gradients of weight and bias.</summary>
    private protected virtual bool IsTrainable => true;

    /// <summary>Checks the shape of an input and says what is computed; weight, bias and what all layers have are filled in later.</summary>
    private protected abstract NormSpec<T> Describe(ReadOnlySpan<nint> shape);

    /// <summary>Whether a forward pass of this layer can have saved that of an input of this shape.</summary>
    private protected abstract bool Fits(in NormSpec<T> saved, ReadOnlySpan<nint> shape);

    /// <summary>Called when a forward pass is done.</summary>
    /// <param name="taken">Whether running statistics took the batch, if there are any.</param>
    private protected virtual void Finished(bool taken)
    {
    }

    private protected override void ForwardCore<TInput>(
        in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency)
    {
        NormSpec<T> spec = Describe(x.Lengths);
        Complete(ref spec, concurrency);
        Finished(NormCall.Forward(spec, x, y, saved, mask));
    }

    private protected override void BackwardCore<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, SavedStatistics saved, in Operand<TInput> dx, in Operand<bool> mask, Concurrency concurrency) =>
        BackwardOf(dy, x, saved, dx, mask, default, concurrency);

    /// <param name="dy">The gradient of the output.</param>
    /// <param name="x">The input, or the sum that was normalized.</param>
    /// <param name="saved">What the forward pass saved.</param>
    /// <param name="dx">Takes the gradient of <paramref name="x"/>.</param>
    /// <param name="mask">That of the forward pass.</param>
    /// <param name="dSum">What is added to the gradient; or none.</param>
    /// <param name="concurrency">The threads of the call.</param>
    private protected void BackwardOf<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, SavedStatistics saved, in Operand<TInput> dx, in Operand<bool> mask, in Operand<TInput> dSum,
        Concurrency concurrency) where TInput : unmanaged
    {
        NormSpec<T> spec = saved.Spec<T>(Name);
        if (saved.Layer.Length > 0 && !Fits(spec, saved.Shape))
            throw new ArgumentException($"{Name}: the saved statistics come from a layer with other groups, channels or normalized dimensions; give those of this layer's forward pass.", nameof(saved));
        Complete(ref spec, concurrency);
        NormCall.Backward(
            spec, dy, x, saved, dx, Operand<T>.OfOptional(IsTrainable ? Weight?.Gradients : null), Operand<T>.OfOptional(IsTrainable ? Bias?.Gradients : null),
            add: true, mask, dSum);
    }

    /// <summary>Fills in what the layer holds, and the threads of the call.</summary>
    private protected virtual void Complete(ref NormSpec<T> spec, Concurrency concurrency)
    {
        spec.Weight = Operand<T>.OfOptional(Weight?.Values);
        spec.Bias = Operand<T>.OfOptional(Bias?.Values);
        spec.Activation = Activation;
        spec.Concurrency = concurrency;
    }
}
