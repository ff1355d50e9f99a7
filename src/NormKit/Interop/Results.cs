using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Interop;

/// <summary>New tensors for results.</summary>
internal static class Results
{
    /// <summary>A tensor to be written in full: channels-last where the input is, else row-major.</summary>
    public static Tensor<T> Like<T>(in Operand<T> input) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        input.Layouts == Layouts.ChannelsLast
            ? Tensor.CreateFromShapeUninitialized<T>(input.Lengths, input.Strides)
            : Tensor.CreateFromShapeUninitialized<T>(input.Lengths);
}
