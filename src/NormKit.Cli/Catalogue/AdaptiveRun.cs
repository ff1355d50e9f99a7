using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>A layer whose scale and shift are given for each sample.</summary>
/// <param name="layer">The layer.</param>
/// <param name="samples">How many samples there are.</param>
/// <param name="width">How many features are scaled.</param>
internal sealed class AdaptiveRun<T>(AdaptiveRowNorm<T> layer, nint samples, nint width) : LayerRun<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SavedStatistics saved = new();
    private readonly Slot<T> scale = New(samples, width);
    private readonly Slot<T> shift = New(samples, width);

    public override int MaxDegreeOfParallelism { set => layer.MaxDegreeOfParallelism = value; }

    public override Slot<T> Slot(string name) => name == "scale" ? scale : shift;

    public override void Eval()
    {
    }

    public override void Forward<TInput>(Tensor<TInput> input, Tensor<TInput> output, IReadOnlyList<Tensor<TInput>> others, Tensor<bool>? mask) =>
        layer.Forward<TInput>(input, scale.Value, shift.Value, output, saved, Stop);

    public override bool CanApply => true;

    public override void Apply<TInput>(in ReadOnlyTensorSpan<TInput> input, in TensorSpan<TInput> output) =>
        layer.Forward(input, scale.Value, shift.Value, output, saved: null, Stop);

    public override void Backward<TInput>(
        Tensor<TInput> gradOutput, Tensor<TInput> input, Tensor<TInput> gradInput, IReadOnlyList<Tensor<TInput>> others,
        IReadOnlyList<Tensor<TInput>> gradOthers, Tensor<bool>? mask)
    {
        (Tensor<TInput> ofInput, Tensor<T> ofScale, Tensor<T> ofShift) = layer.Backward<TInput>(gradOutput, input, scale.Value, saved, Stop);
        ofInput.CopyTo(gradInput);
        ofScale.CopyTo(scale.Grad!);
        ofShift.CopyTo(shift.Grad!);
    }

    private static Slot<T> New(nint samples, nint width)
    {
        nint[] shape = [samples, width];
        return new(Tensor.CreateFromShape<T>(shape), Tensor.CreateFromShape<T>(shape));
    }
}
