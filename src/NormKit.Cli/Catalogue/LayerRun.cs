using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>A layer ready for a forward and a backward pass: one face for all that the library has.</summary>
/// <typeparam name="T">float or double: the type of parameters, and what is computed in.</typeparam>
internal abstract class LayerRun<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>What a file may give and a pass may move.</summary>
    /// <param name="name">A parameter, running statistic or condition that the layer has.</param>
    public abstract Slot<T> Slot(string name);

    /// <summary>The most threads; -1 for one a processor.</summary>
    public abstract int MaxDegreeOfParallelism { set; }

    /// <summary>Ends a pass early.</summary>
    public CancellationToken Stop { get; set; }

    /// <summary>Whether it has <see cref="Apply"/>.</summary>
    public virtual bool CanApply => false;

    /// <summary>A forward pass of one input and no mask, of which no gradient is wanted: it copies no input, and keeps nothing for backward.</summary>
    /// <param name="input">The input, of any strides.</param>
    /// <param name="output">Overwritten; not the input.</param>
    /// <typeparam name="TInput">T, or for float Half or BFloat16.</typeparam>
    public virtual void Apply<TInput>(in ReadOnlyTensorSpan<TInput> input, in TensorSpan<TInput> output) where TInput : unmanaged =>
        throw new NotSupportedException("It needs a copy of the whole input.");

    /// <summary>Changes to evaluation mode.</summary>
    public abstract void Eval();

    /// <param name="input">The input, of any strides.</param>
    /// <param name="output">Overwritten; may be the input.</param>
    /// <param name="others">The other inputs, in the order in which the catalogue names them; a residual becomes the sum.</param>
    /// <param name="mask">Which elements take part; null for all.</param>
    /// <typeparam name="TInput">T, or for float Half or BFloat16.</typeparam>
    public abstract void Forward<TInput>(Tensor<TInput> input, Tensor<TInput> output, IReadOnlyList<Tensor<TInput>> others, Tensor<bool>? mask)
        where TInput : unmanaged;

    /// <summary>The gradients of the last forward pass. Those of parameters are found in their slots.</summary>
    /// <param name="gradOutput">The gradient of the output.</param>
    /// <param name="input">The input, as it was in that pass.</param>
    /// <param name="gradInput">Overwritten.</param>
    /// <param name="others">The other inputs, as that pass left them.</param>
    /// <param name="gradOthers">Overwritten with their gradients.</param>
    /// <param name="mask">The mask of that pass.</param>
    /// <typeparam name="TInput">That of the forward pass.</typeparam>
    public abstract void Backward<TInput>(
        Tensor<TInput> gradOutput, Tensor<TInput> input, Tensor<TInput> gradInput, IReadOnlyList<Tensor<TInput>> others,
        IReadOnlyList<Tensor<TInput>> gradOthers, Tensor<bool>? mask) where TInput : unmanaged;
}
