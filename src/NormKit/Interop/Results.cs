using System.Numerics.Tensors;

namespace NormKit.Interop;

/// <summary>New tensors for results.</summary>
internal static class Results
{
    /// <summary>A tensor to be written in full: channels-last where the input is, else row-major.</summary>
    /// <param name="input">The tensor whose shape the result has.</param>
    /// <param name="isSample">Whether it is a single sample in place of a batch, whose first dimension then is the channels.</param>
    public static Tensor<T> Like<T>(in Operand<T> input, bool isSample = false) where T : unmanaged =>
        (isSample ? input.LayoutsAsBatchOfOne() : input.Layouts) == Layouts.ChannelsLast
            ? Tensor.CreateFromShapeUninitialized<T>(input.Lengths, input.Strides)
            : Tensor.CreateFromShapeUninitialized<T>(input.Lengths);
}
