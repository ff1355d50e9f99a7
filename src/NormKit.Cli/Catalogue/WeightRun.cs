using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>A normalization of a weight, in float or double whatever the type of the file: rounded once at the end.</summary>
internal abstract class WeightRun<T> : LayerRun<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // It has none to choose from.
    public override int MaxDegreeOfParallelism
    {
        set
        {
        }
    }

    public override void Eval()
    {
    }

    protected static Tensor<T> Wide<TInput>(Tensor<TInput> tensor) where TInput : unmanaged
    {
        TInput[] values = new TInput[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return Tensor.Create(SixteenBits.From<TInput, T>(values), tensor.Lengths);
    }

    protected static void Narrow<TInput>(Tensor<T> from, Tensor<TInput> to) where TInput : unmanaged
    {
        T[] values = new T[from.FlattenedLength];
        from.FlattenTo(values);
        Tensor.Create(SixteenBits.To<T, TInput>(values), to.Lengths).CopyTo(to);
    }
}
