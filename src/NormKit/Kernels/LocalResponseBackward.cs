using System.Buffers;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// The gradient of <see cref="LocalResponseForward{T}"/>: <c>dx[i] = dy[i] / s[i]^beta - 2 alpha beta / size * x[i] * sum(dy[c] * x[c] / s[c]^(beta + 1))</c>
/// over all c whose window has i, which is the window mirrored.
/// </summary>
internal readonly struct LocalResponseBackward<T>(LocalResponse rule, ChannelBlocks blocks, Gradients<T> gradients) : IParallelWork where T : unmanaged
{
    private readonly LocalResponse rule = rule;
    private readonly ChannelBlocks blocks = blocks;
    private readonly Gradients<T> gradients = gradients;

    public void Run(int slot, nint start, nint end)
    {
        int before = rule.Before(blocks.Channels), after = rule.After(blocks.Channels), terms = before + 1 + after, most = blocks.Most;
        double[] room = ArrayPool<double>.Shared.Rent(checked((4 * most) + ((before + after) * blocks.Width)));
        for (nint block = start; block < end; block++)
        {
            int step = blocks.WidthOf(block), count = blocks.Channels * step;
            Span<double> x = room.AsSpan(0, count), g = room.AsSpan(most, count), bases = room.AsSpan(2 * most, count);
            Span<double> padded = room.AsSpan(3 * most, count + ((before + after) * step));
            blocks.Read(gradients.X, block, x);
            blocks.Read(gradients.Dy, block, g);
            LocalResponseForward<T>.Squares(x, padded, before * step, after * step);
            rule.Bases(padded, step, terms, bases);
            rule.Divide(g, bases);
            padded[..(after * step)].Clear();
            padded[^(before * step)..].Clear();
            LocalResponse.Shares(g, x, bases, padded.Slice(after * step, count));
            rule.Gradient(g, x, padded, step, terms);
            blocks.Write(gradients.Dx, block, g);
        }
        ArrayPool<double>.Shared.Return(room);
    }
}
