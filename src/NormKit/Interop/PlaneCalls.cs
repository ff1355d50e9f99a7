using System.Numerics;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit.Interop;

/// <summary>What a call must be that goes by planes, before anything is written.</summary>
internal static class PlaneCalls
{
    /// <exception cref="ArgumentException">The input is not (N, C, *) with that many channels.</exception>
    public static void RequireChannels(string layer, ReadOnlySpan<nint> shape, nint numFeatures)
    {
        if (shape.Length < 2)
            throw new ArgumentException($"{layer}: expected at least 2 dimensions, (N, C, *), for the input, but received {shape.Length}: {Shapes.Text(shape)}.", "input");
        if (shape[1] != numFeatures)
            throw new ArgumentException($"{layer}: expected input's size at dim=1 to match numFeatures ({numFeatures}), but got: {shape[1]}; input size {Shapes.Text(shape)}.", "input");
    }

    /// <exception cref="ArgumentException">An array cannot hold a number for each plane.</exception>
    public static Planes Of(string layer, ReadOnlySpan<nint> shape, Concurrency concurrency)
    {
        nint size = Shapes.Product(shape[2..]);
        if (!Planes.Fit(shape[0], shape[1], size))
            throw new ArgumentException($"{layer}: input {Shapes.Text(shape)} has more samples, channels and positions than statistics can be kept of; split the batch.", "input");
        return new(shape[0], shape[1], size, concurrency);
    }

    public static void CheckBackward<T>(
        string layer, in Operand<T> dy, in Operand<T> x, SavedStatistics saved, in Operand<T> dx, string input = "input", string gradInput = "gradInput")
        where T : unmanaged
    {
        if (saved.Layer.Length == 0)
            throw new InvalidOperationException($"{layer}: backward before forward; these saved statistics were never filled by a forward call.");
        NormCall.CheckSameShape(layer, input, x, "saved", saved.Shape);
        NormCall.CheckSameShape(layer, "gradOutput", dy, input, x.Lengths);
        if (dx.IsPresent)
        {
            NormCall.CheckOutput(layer, gradInput, dx, "gradOutput", dy);
            NormCall.CheckOutput(layer, gradInput, dx, input, x);
        }
    }

    /// <summary>The memory of a parameter's gradient must be apart from what the call reads and writes.</summary>
    public static void CheckGradient<TParameter, T>(string layer, string key, TParameter[] memory, in Operand<T> dy, in Operand<T> x, in Operand<T> dx)
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
        where T : unmanaged
    {
        Operand<TParameter> gradient = Operand<TParameter>.OfOptional(memory);
        if (!gradient.Overlaps(dy) && !gradient.Overlaps(x) && !gradient.Overlaps(dx))
            return;
        string name = gradient.Overlaps(dy) ? "gradOutput" : gradient.Overlaps(x) ? "input" : "gradInput";
        throw new ArgumentException($"{layer}: {name} overlaps the gradient of {key}.", name);
    }
}
