using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>
/// The moments of a block. Two passes: the first finds a shift near the mean, the second sums deviations from it and their squares. The sum of
/// deviations corrects both the mean and the squares, so the shift may be rounded to float: its error costs nothing, at any offset.
/// </summary>
internal static class RowMoments
{
    /// <summary>The moments of a block that lies in one piece.</summary>
    public static Moments OfBlock<T>(ReadOnlySpan<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Debug.Assert(!block.IsEmpty);
        ref T x = ref MemoryMarshal.GetReference(block);
        int n = block.Length;
        T sum = Sums.AlongRow<T, Values<T>>(n, new(ref x)).First;
        T shift = T.CreateTruncating(double.CreateTruncating(sum) / n);
        (T first, T second) = Sums.AlongRow<T, Deviations<T>>(n, new(ref x, Vector512.Create(shift)));
        if (MayHaveUnderflowed(n, second) && Sums.AlongRow<T, Magnitudes<T>>(n, new(ref x, Vector512.Create(shift))).First != T.Zero)
            second = T.NaN;
        return Corrected(n, shift, first, second);
    }

    /// <summary>
    /// Whether squares of floats are too small to be trusted. Unless all deviations are zero, such a sum is made NaN, which has the set done again
    /// in double (<see cref="Normalizer.NeedsDouble"/>).
    /// </summary>
    public static bool MayHaveUnderflowed<T>(int n, T squares) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(float) && double.CreateTruncating(squares) < n * 1e-30;

    /// <summary>The moments of n numbers, from the sums of their deviations from a shift and of the squares of these.</summary>
    public static Moments Corrected<T>(int n, T shift, T deviations, T squares) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double sum = double.CreateTruncating(deviations);
        // For constant numbers both sums are 0 or rounding; the difference must not turn negative. (Max hands a NaN on.)
        double m2 = Math.Max(0, double.CreateTruncating(squares) - (sum * sum / n));
        return Moments.Shifted(n, double.CreateTruncating(shift), sum / n, m2);
    }

    /// <summary>The moments of a whole run, block by block.</summary>
    public static Moments OfRun<T>(TensorView<T> x) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Moments total = Merge(x, wide: false);
        return Normalizer.NeedsDouble<T>(total, 0) ? Merge(x, wide: true) : total;

        static Moments Merge(TensorView<T> x, bool wide)
        {
            NormGeometry geometry = NormGeometry.Layer(1, x.Length);
            BlockPlan plan = new(1, x.Length, mayPack: false);
            Moments total = default;
            for (int block = 0; block < plan.Blocks; block++)
            {
                total = Moments.Combine(
                    total, wide ? OfBlock<T, double>(x, geometry, 0, plan[block]) : OfBlock<T, T>(x, geometry, 0, plan[block]));
            }
            return total;
        }
    }

    /// <summary>The moments of a block of a set, wherever its elements lie.</summary>
    public static Moments OfBlock<T, TCompute>(TensorView<T> x, in NormGeometry geometry, nint set, Block block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        bool inOnePiece = block.Segments == 1 || geometry.SegmentStride == block.Length;
        return x.Holds<TCompute>() && inOnePiece
            ? OfBlock<TCompute>(x.Direct<TCompute>(offset, block.Count))
            : OfScattered<T, TCompute>(x, block, offset, geometry.SegmentStride);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private static Moments OfScattered<T, TCompute>(TensorView<T> x, Block block, nint offset, nint segmentStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> packed = stackalloc TCompute[BlockPlan.BlockLength];
        Pack(x, block, offset, segmentStride, packed);
        return OfBlock<TCompute>(packed[..block.Count]);
    }

    /// <summary>Copies a block's pieces one behind the other.</summary>
    public static void Pack<T, TCompute>(TensorView<T> x, Block block, nint offset, nint segmentStride, Span<TCompute> packed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        for (int segment = 0; segment < block.Segments; segment++)
            x.Fill(offset + (segment * segmentStride), packed.Slice(segment * block.Length, block.Length));
    }

    private readonly ref struct Values<T>(ref T x) : IRowTerms<T> where T : unmanaged
    {
        private readonly ref T x = ref x;

        public static bool HasSecond => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector512<T> first, out Vector512<T> second) where TCount : struct, ICount
        {
            first = count.Load(ref x, index);
            second = default;
        }
    }

    private readonly ref struct Deviations<T>(ref T x, Vector512<T> shift) : IRowTerms<T> where T : unmanaged
    {
        private readonly ref T x = ref x;

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector512<T> first, out Vector512<T> second) where TCount : struct, ICount
        {
            first = count.Load(ref x, index) - shift;
            second = first * first;
        }
    }

    private readonly ref struct Magnitudes<T>(ref T x, Vector512<T> shift) : IRowTerms<T> where T : unmanaged
    {
        private readonly Deviations<T> deviations = new(ref x, shift);

        public static bool HasSecond => false;

        public void At<TCount>(nint index, TCount count, out Vector512<T> first, out Vector512<T> second) where TCount : struct, ICount
        {
            deviations.At(index, count, out first, out second);
            first = Vector512.Abs(first);
        }
    }
}
