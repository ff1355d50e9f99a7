using System.Buffers;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>Local response norm, block by block; y may be x.</summary>
internal readonly struct LocalResponseForward<T>(LocalResponse rule, ChannelBlocks blocks, TensorView<T> x, TensorView<T> y) : IParallelWork
    where T : unmanaged
{
    private readonly LocalResponse rule = rule;
    private readonly ChannelBlocks blocks = blocks;

    public void Run(int slot, nint start, nint end)
    {
        int before = rule.Before(blocks.Channels), after = rule.After(blocks.Channels), most = blocks.Most;
        double[] room = ArrayPool<double>.Shared.Rent(checked((3 * most) + ((before + after) * blocks.Width)));
        for (nint block = start; block < end; block++)
        {
            int step = blocks.WidthOf(block), count = blocks.Channels * step;
            Span<double> values = room.AsSpan(0, count), bases = room.AsSpan(most, count);
            Span<double> padded = room.AsSpan(2 * most, count + ((before + after) * step));
            blocks.Read(x, block, values);
            Squares(values, padded, before * step, after * step);
            rule.Bases(padded, step, before + 1 + after, bases);
            rule.Divide(values, bases);
            blocks.Write(y, block, values);
        }
        ArrayPool<double>.Shared.Return(room);
    }

    /// <summary>The squares, between zeros.</summary>
    public static void Squares(ReadOnlySpan<double> values, Span<double> padded, int zerosBefore, int zerosAfter)
    {
        padded[..zerosBefore].Clear();
        padded[^zerosAfter..].Clear();
        RowMaps.Multiply<double, double>(values, values, padded.Slice(zerosBefore, values.Length));
    }
}
