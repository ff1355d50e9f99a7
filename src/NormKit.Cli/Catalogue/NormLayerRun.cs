using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>A layer that maps one input.</summary>
internal class NormLayerRun<T>(NormLayer<T> layer) : LayerRun<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override Slot<T> Slot(string name)
    {
        StateEntry<T> entry = layer.State.First(entry => entry.Key == name);
        return new(entry.Value!, entry.Parameter?.Grad);
    }

    public override int MaxDegreeOfParallelism { set => layer.MaxDegreeOfParallelism = value; }

    protected SavedStatistics Saved { get; } = new();

    public override void Eval() => layer.Eval();

    public override void Forward<TInput>(Tensor<TInput> input, Tensor<TInput> output, IReadOnlyList<Tensor<TInput>> others, Tensor<bool>? mask) =>
        layer.Forward<TInput>(input, output, Saved, Optional(mask), Stop);

    public override bool CanApply => true;

    public override void Apply<TInput>(in ReadOnlyTensorSpan<TInput> input, in TensorSpan<TInput> output) =>
        layer.Forward(input, output, saved: null, mask: default, Stop);

    public override void Backward<TInput>(
        Tensor<TInput> gradOutput, Tensor<TInput> input, Tensor<TInput> gradInput, IReadOnlyList<Tensor<TInput>> others,
        IReadOnlyList<Tensor<TInput>> gradOthers, Tensor<bool>? mask) =>
        layer.Backward<TInput>(gradOutput, input, Saved, gradInput, Optional(mask), Stop);

    private static ReadOnlyTensorSpan<bool> Optional(Tensor<bool>? mask) => mask is null ? default : mask.AsReadOnlyTensorSpan();
}
