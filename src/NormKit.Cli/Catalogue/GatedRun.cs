using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>A norm with a gate.</summary>
internal sealed class GatedRun<T>(GatedRmsNorm<T> layer) : LayerRun<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SavedStatistics saved = new();

    public override int MaxDegreeOfParallelism { set => layer.MaxDegreeOfParallelism = value; }

    public override Slot<T> Slot(string name)
    {
        StateEntry<T> entry = layer.State.First(entry => entry.Key == name);
        return new(entry.Value!, entry.Parameter!.Grad);
    }

    public override void Eval()
    {
    }

    public override void Forward<TInput>(Tensor<TInput> input, Tensor<TInput> output, IReadOnlyList<Tensor<TInput>> others, Tensor<bool>? mask) =>
        layer.Forward<TInput>(input, others[0], output, saved, Stop);

    public override void Backward<TInput>(
        Tensor<TInput> gradOutput, Tensor<TInput> input, Tensor<TInput> gradInput, IReadOnlyList<Tensor<TInput>> others,
        IReadOnlyList<Tensor<TInput>> gradOthers, Tensor<bool>? mask)
    {
        (Tensor<TInput> ofInput, Tensor<TInput> ofGate) = layer.Backward<TInput>(gradOutput, input, others[0], saved, Stop);
        ofInput.CopyTo(gradInput);
        ofGate.CopyTo(gradOthers[0]);
    }
}
