using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>Weight norm of the input.</summary>
/// <param name="dim">The dimension whose slices have a magnitude each; null for the whole.</param>
/// <param name="magnitude">The shape of the magnitude that a file gives; null where it is the input's own, which changes nothing.</param>
internal sealed class WeightNormRun<T>(int? dim, nint[]? magnitude) : WeightRun<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SavedStatistics saved = new();
    private readonly Slot<T>? given = magnitude is null ? null : new(Tensor.CreateFromShape<T>(magnitude), Tensor.CreateFromShape<T>(magnitude));
    private WeightNorm<T>? norm;

    public override Slot<T> Slot(string name) => given!.Value;

    public override void Forward<TInput>(Tensor<TInput> input, Tensor<TInput> output, IReadOnlyList<Tensor<TInput>> others, Tensor<bool>? mask)
    {
        norm = new(Wide(input), dim);
        given?.Value.CopyTo(norm.Magnitude.Value);
        Narrow(norm.Forward(saved, Stop), output);
    }

    public override void Backward<TInput>(
        Tensor<TInput> gradOutput, Tensor<TInput> input, Tensor<TInput> gradInput, IReadOnlyList<Tensor<TInput>> others,
        IReadOnlyList<Tensor<TInput>> gradOthers, Tensor<bool>? mask)
    {
        norm!.Backward(Wide(gradOutput), saved, Stop);
        Narrow(norm.Direction.Grad, gradInput);
        if (given is Slot<T> slot)
            norm.Magnitude.Grad.CopyTo(slot.Grad!);
    }
}
