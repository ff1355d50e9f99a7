using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>The cosine similarity of two inputs.</summary>
internal sealed class CosineRun<T>(CosineSimilarity similarity) : LayerRun<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // It has no threads to choose from.
    public override int MaxDegreeOfParallelism
    {
        set
        {
        }
    }

    public override Slot<T> Slot(string name) => throw new ArgumentException($"The layer holds no {name}.", nameof(name));

    public override void Eval()
    {
    }

    public override void Forward<TInput>(Tensor<TInput> input, Tensor<TInput> output, IReadOnlyList<Tensor<TInput>> others, Tensor<bool>? mask) =>
        similarity.Forward<TInput>(input, others[0], output, Stop);

    public override void Backward<TInput>(
        Tensor<TInput> gradOutput, Tensor<TInput> input, Tensor<TInput> gradInput, IReadOnlyList<Tensor<TInput>> others,
        IReadOnlyList<Tensor<TInput>> gradOthers, Tensor<bool>? mask) =>
        similarity.Backward<TInput>(gradOutput, input, others[0], gradInput, gradOthers[0], Stop);
}
