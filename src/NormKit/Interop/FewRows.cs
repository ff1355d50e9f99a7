using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit.Interop;

/// <summary>
/// A forward call of a row layer on a few rows that lie one behind the other, without what other calls need: a token's activations are normalized in
/// less time than a general call takes to look at its arguments. The kernel is the same, and so are the results.
/// </summary>
internal static class FewRows
{
    [ThreadStatic]
    private static BlockSums[]? room;

    [ThreadStatic]
    private static Moments[]? moments;

    /// <summary>Normalizes x into y if nothing about the call is special; says whether it did.</summary>
    /// <param name="scaling">How statistics become a factor.</param>
    /// <param name="width">The elements of a row; x has a whole number of them.</param>
    /// <param name="weight">One for each element of a row, or none.</param>
    /// <param name="bias">The same.</param>
    /// <param name="x">The input.</param>
    /// <param name="y">The output; the input, or apart from all else.</param>
    public static bool TryForward<T>(
        Scaling scaling, int width, ReadOnlySpan<T> weight, ReadOnlySpan<T> bias, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Few enough not to be worth a second thread, whether or not there is one.
        if (x.IsEmpty || Schedule.Workers(2 * (nint)x.Length * Unsafe.SizeOf<T>(), int.MaxValue) > 1)
            return false;
        ref T start = ref MemoryMarshal.GetReference(x);
        if ((!Unsafe.AreSame(ref start, ref MemoryMarshal.GetReference(y)) && x.Overlaps(y)) || weight.Overlaps(y) || bias.Overlaps(y))
            return false;   // for the general call to say so
        Forward(scaling, width, weight, bias, x, y);
        return true;
    }

    /// <summary>Apart from the checks, so that the JIT's profile of it is that of the calls that come here and not of those that are too large.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void Forward<T>(Scaling scaling, int width, ReadOnlySpan<T> weight, ReadOnlySpan<T> bias, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NormGeometry geometry = NormGeometry.Layer(x.Length / width, width);
        int blocks = RowForward<T, T>.Plan(geometry).Blocks;
        if (room is null || room.Length < blocks)
            room = new BlockSums[blocks + 8];
        moments ??= new Moments[1];
        fixed (T* from = x, to = y, weights = weight, biases = bias)
        {
            RowForward<T, T> kernel = new(
                geometry, new(from, x.Length), new(to, y.Length), new(new(weights, weight.Length), new(biases, bias.Length)), new Rule(scaling), default,
                new StatisticsStore(moments, Keeping.OfEachSlot, 1, 1), room);
            if (blocks == 1 && kernel.TryRun(slot: 0, 0, geometry.Sets))
                return;
            for (nint row = 0; row < geometry.Sets; row++)
                Schedule.RunUnit(kernel, slot: 0, row, blocks, reduce: true);
        }
    }
}
