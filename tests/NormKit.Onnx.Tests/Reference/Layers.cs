using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Onnx.Tests;

/// <summary>Calls of NormKit on row-major arrays.</summary>
internal static class Layers
{
    public static void Load<T>(this NormLayer<T> layer, T[]? weight, T[]? bias = null) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (weight is not null)
            Fill(layer.Weight!.Value, weight);
        if (bias is not null)
            Fill(layer.Bias!.Value, bias);
    }

    public static void Fill<T>(Tensor<T> tensor, T[] values) where T : unmanaged
    {
        Assert.Equal(values.Length, tensor.FlattenedLength);
        new ReadOnlyTensorSpan<T>(values, tensor.Lengths, []).CopyTo(tensor);
    }

    public static T[] Values<T>(Tensor<T> tensor) where T : unmanaged
    {
        T[] values = new T[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

    public static T[] Apply<T>(this NormLayer<T> layer, T[] x, Shape shape, SavedStatistics? saved = null) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] y = new T[x.Length];
        layer.Forward(x, shape.Lengths, y, saved);
        return y;
    }
}
