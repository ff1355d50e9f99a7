using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>A layer that adds a residual first, and hands on the sum in its place.</summary>
internal sealed class ResidualRun<T>(RowNormLayer<T> layer) : NormLayerRun<T>(layer) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly RowNormLayer<T> rows = layer;

    public override void Forward<TInput>(Tensor<TInput> input, Tensor<TInput> output, IReadOnlyList<Tensor<TInput>> others, Tensor<bool>? mask) =>
        rows.ForwardAdd<TInput>(input, others[0], output, others[0], Saved, cancellationToken: Stop);

    public override void Backward<TInput>(
        Tensor<TInput> gradOutput, Tensor<TInput> input, Tensor<TInput> gradInput, IReadOnlyList<Tensor<TInput>> others,
        IReadOnlyList<Tensor<TInput>> gradOthers, Tensor<bool>? mask)
    {
        rows.BackwardAdd<TInput>(gradOutput, default, others[0], Saved, gradInput, Stop);
        gradInput.CopyTo(gradOthers[0]);
    }
}
