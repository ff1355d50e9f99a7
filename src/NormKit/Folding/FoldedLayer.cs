using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit;

/// <summary>The weight and bias of a linear or convolution layer that does a batch norm's work besides its own.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class FoldedLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal FoldedLayer(Tensor<T> weight, Tensor<T> bias)
    {
        Weight = weight;
        Bias = bias;
    }

    /// <summary>A new tensor of the shape of the layer's weight, row-major.</summary>
    public Tensor<T> Weight { get; }

    /// <summary>A new tensor of one value an output channel. It is there also where the layer had no bias.</summary>
    public Tensor<T> Bias { get; }

    /// <summary>For <c>(weight, bias) = folded;</c>.</summary>
    /// <param name="weight"><see cref="Weight"/>.</param>
    /// <param name="bias"><see cref="Bias"/>.</param>
    public void Deconstruct(out Tensor<T> weight, out Tensor<T> bias)
    {
        weight = Weight;
        bias = Bias;
    }
}
