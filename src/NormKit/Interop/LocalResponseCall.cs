using System.Runtime.CompilerServices;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit.Interop;

/// <summary>One call of local response norm: checks all of it before anything is written, pins the tensors and runs the kernel.</summary>
internal static class LocalResponseCall
{
    /// <summary>The rule, its numbers checked.</summary>
    public static LocalResponse Rule(string layer, int size, double alpha, double beta, double k, LrnWindow window)
    {
        if (size < 1)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"{layer}: a window has at least 1 channel.");
        RequireFinite(layer, alpha, nameof(alpha));
        RequireFinite(layer, beta, nameof(beta));
        RequireFinite(layer, k, nameof(k));
        if (window is not (LrnWindow.PyTorch or LrnWindow.OnnxLrn))
            throw new ArgumentOutOfRangeException(nameof(window), window, $"{layer}: the window is LrnWindow.PyTorch or LrnWindow.OnnxLrn.");
        return new(size, alpha, beta, k, window);
    }

    public static unsafe void Forward<T>(
        string layer, LocalResponse rule, in Operand<T> x, in Operand<T> y, SavedStatistics? saved, Concurrency concurrency) where T : unmanaged
    {
        RequireChannels(layer, x.Lengths);
        NormCall.CheckOutput(layer, "destination", y, "input", x);
        saved?.KeepShape(layer, x.Lengths);
        if (!x.IsEmpty)
        {
            ChannelBlocks blocks = Blocks(x.Lengths, x.Layouts & y.Layouts, out bool channelsLast);
            fixed (T* xStart = &x.Start, yStart = &y.Start)
            {
                LocalResponseForward<T> work = new(rule, blocks, x.View(xStart, channelsLast), y.View(yStart, channelsLast));
                blocks.Run(work, 2 * Unsafe.SizeOf<T>(), concurrency);
            }
        }
        saved?.Complete();
    }

    public static unsafe void Backward<T>(
        string layer, LocalResponse rule, in Operand<T> dy, in Operand<T> x, SavedStatistics saved, in Operand<T> dx, Concurrency concurrency)
        where T : unmanaged
    {
        NormCall.CheckBackwardOfShape(layer, dy, x, saved, dx);
        if (x.IsEmpty || !dx.IsPresent)
            return;
        ChannelBlocks blocks = Blocks(x.Lengths, x.Layouts & dy.Layouts & dx.Layouts, out bool channelsLast);
        fixed (T* xStart = &x.Start, dyStart = &dy.Start, dxStart = &dx.Start)
        {
            Gradients<T> gradients = new(dy.View(dyStart, channelsLast), x.View(xStart, channelsLast), dx.View(dxStart, channelsLast), default);
            blocks.Run(new LocalResponseBackward<T>(rule, blocks, gradients), 3 * Unsafe.SizeOf<T>(), concurrency);
        }
    }

    private static ChannelBlocks Blocks(ReadOnlySpan<nint> shape, Layouts shared, out bool channelsLast)
    {
        nint positions = Shapes.Product(shape[2..]);
        channelsLast = shared == Layouts.ChannelsLast;
        return channelsLast ? new(shape[0] * positions, (int)shape[1], 1) : new(shape[0], (int)shape[1], positions);
    }

    private static void RequireChannels(string layer, ReadOnlySpan<nint> shape)
    {
        if (shape.Length < 3)
            throw new ArgumentException($"{layer}: expected 3D or higher dimensionality input, (N, C, *), but got {shape.Length} dimensions: {Shapes.Text(shape)}.", "input");
        if (shape[1] > int.MaxValue / 64)
            throw new ArgumentException($"{layer}: input {Shapes.Text(shape)} has {shape[1]} channels; at most {int.MaxValue / 64} fit a block.", "input");
    }

    private static void RequireFinite(string layer, double value, string name)
    {
        if (!double.IsFinite(value))
            throw new ArgumentOutOfRangeException(name, value, $"{layer}: {name} must be finite.");
    }
}
