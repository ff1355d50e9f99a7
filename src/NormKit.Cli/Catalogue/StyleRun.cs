using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>A layer that gives its input the statistics of a style.</summary>
internal sealed class StyleRun<T>(AdaptiveInstanceNorm<T> layer) : LayerRun<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SavedStatistics saved = new();

    public override int MaxDegreeOfParallelism { set => layer.MaxDegreeOfParallelism = value; }

    public override Slot<T> Slot(string name) => throw new ArgumentException($"The layer holds no {name}.", nameof(name));

    public override void Eval()
    {
    }

    public override void Forward<TInput>(Tensor<TInput> input, Tensor<TInput> output, IReadOnlyList<Tensor<TInput>> others, Tensor<bool>? mask) =>
        layer.Forward<TInput>(input, others[0], output, saved, Stop);

    public override void Backward<TInput>(
        Tensor<TInput> gradOutput, Tensor<TInput> input, Tensor<TInput> gradInput, IReadOnlyList<Tensor<TInput>> others,
        IReadOnlyList<Tensor<TInput>> gradOthers, Tensor<bool>? mask) =>
        layer.Backward<TInput>(gradOutput, input, others[0], saved, gradInput, gradOthers[0], Stop);
}
