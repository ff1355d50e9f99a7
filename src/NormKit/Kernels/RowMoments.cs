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
    /// <summary>Bytes of a row that the first cache has room for beside the next one, the result, weights and biases.</summary>
    private const int ShortRow = 4096;

    /// <summary>The moments of a block that lies in one piece, about its mean or about 0.</summary>
    public static Moments OfBlock<T>(ReadOnlySpan<T> block, bool centred) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        OfBlock<T, T>(block, centred, ahead: 0);

    private static Moments OfBlock<TStored, T>(ReadOnlySpan<TStored> block, bool centred, nint ahead)
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Debug.Assert(!block.IsEmpty);
        return centred ? AboutMean<TStored, T>(block, ahead) : AboutZero<TStored, T>(block);
    }

    private static Moments AboutMean<TStored, T>(ReadOnlySpan<TStored> block, nint ahead)
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ref TStored x = ref MemoryMarshal.GetReference(block);
        int n = block.Length;
        T sum = Sums.AlongRow<T, Values<TStored, T>>(n, new(ref x)).First;
        T shift = T.CreateTruncating(double.CreateTruncating(sum) / n);
        (T first, T second) = ahead == 0 ? Deviate<TStored, T, Nowhere>(ref x, n, shift, 0)
            : ahead * Unsafe.SizeOf<TStored>() <= ShortRow ? Deviate<TStored, T, IntoFirstCache>(ref x, n, shift, ahead)
            : Deviate<TStored, T, IntoSecondCache>(ref x, n, shift, ahead);
        if (MayHaveUnderflowed(n, second) && Sums.AlongRow<T, Magnitudes<TStored, T>>(n, new(ref x, Vector256.Create(shift))).First != T.Zero)
            second = T.NaN;
        return Corrected(n, shift, first, second);
    }

    private static (T First, T Second) Deviate<TStored, T, TPrefetch>(ref TStored x, int n, T shift, nint ahead)
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TPrefetch : struct, IPrefetch =>
        Sums.AlongRow<T, Deviations<TStored, T, TPrefetch>>(n, new(ref x, Vector256.Create(shift), ahead));

    private static Moments AboutZero<TStored, T>(ReadOnlySpan<TStored> block)
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ref TStored x = ref MemoryMarshal.GetReference(block);
        int n = block.Length;
        T squares = Sums.AlongRow<T, Squares<TStored, T>>(n, new(ref x)).First;
        if (MayHaveUnderflowed(n, squares) && Sums.AlongRow<T, Magnitudes<TStored, T>>(n, new(ref x, Vector256<T>.Zero)).First != T.Zero)
            squares = T.NaN;
        return new(n, 0, double.CreateTruncating(squares));
    }

    /// <summary>
    /// Whether squares of floats are too small to be trusted. Unless all deviations are zero, such a sum is made NaN, which has the set done again
    /// in double (<see cref="Scaling.NeedsDouble"/>).
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
        return new Scaling(Spread.StandardDeviation, 0).NeedsDouble<T>(total) ? Merge(x, wide: true) : total;

        static Moments Merge(TensorView<T> x, bool wide)
        {
            NormGeometry geometry = NormGeometry.Layer(1, x.Length);
            BlockPlan plan = new(1, x.Length, mayPack: false);
            Moments total = default;
            for (int block = 0; block < plan.Blocks; block++)
            {
                total = Moments.Combine(
                    total, wide ? OfBlock<T, double>(x, default, geometry, 0, plan[block], true) : OfBlock<T, T>(x, default, geometry, 0, plan[block], true));
            }
            return total;
        }
    }

    /// <summary>The moments of those elements of a block of a set that take part, wherever they lie; asks for the next block where it is an input.</summary>
    public static Moments OfBlock<T, TCompute>(TensorView<T> x, ElementMask mask, in NormGeometry geometry, nint set, Block block, bool centred, bool asks = true)
        where T : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        bool inOnePiece = block.Segments == 1 || geometry.SegmentStride == block.Length;
        nint ahead = asks ? Ahead(geometry, block) : 0;
        return x.Loads<TCompute>() && inOnePiece && !mask.IsPresent
            ? OfBlock<T, TCompute>(x.Direct<T>(offset, block.Count), centred, ahead)
            : OfScattered<T, TCompute>(x, mask, block, offset, geometry.SegmentStride, ahead, centred);
    }

    /// <summary>How far behind a block's first element that of the next one lies: mostly after its last, but for a block that ends a segment.</summary>
    public static nint Ahead(in NormGeometry geometry, Block block)
    {
        bool endsSegment = geometry.Segments > 1 && geometry.SegmentStride != geometry.Length && block.Start + block.Length == geometry.Length;
        return endsSegment ? (block.Segments * geometry.SegmentStride) - block.Start : block.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private static Moments OfScattered<T, TCompute>(TensorView<T> x, ElementMask mask, Block block, nint offset, nint segmentStride, nint ahead, bool centred)
        where T : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> packed = stackalloc TCompute[BlockPlan.BlockLength];
        int count = Pack(x, mask, block, offset, segmentStride, packed);
        if (block.Segments == 1 && ahead > 0)    // else it is many pieces, or not wanted
            x.Prefetch(offset + ahead, block.Length);
        return count == 0 ? default : OfBlock<TCompute>(packed[..count], centred);
    }

    /// <summary>Copies a block's pieces one behind the other, without the elements that take no part.</summary>
    /// <returns>How many there are.</returns>
    public static int Pack<T, TCompute>(TensorView<T> x, ElementMask mask, Block block, nint offset, nint segmentStride, Span<TCompute> packed)
        where T : unmanaged
        where TCompute : unmanaged
    {
        int count = 0;
        for (int segment = 0; segment < block.Segments; segment++)
        {
            nint from = offset + (segment * segmentStride);
            Span<TCompute> piece = packed.Slice(count, block.Length);
            x.Fill(from, piece);
            count += mask.IsPresent ? mask.Compress(from, piece) : block.Length;
        }
        return count;
    }

    private readonly ref struct Squares<TStored, T>(ref TStored x) : IRowTerms<T>
        where TStored : unmanaged
        where T : unmanaged
    {
        private readonly ref TStored x = ref x;

        public static bool HasSecond => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount
        {
            first = count.Load<TStored, T>(ref x, index);
            first *= first;
            second = default;
        }
    }

    private readonly ref struct Values<TStored, T>(ref TStored x) : IRowTerms<T>
        where TStored : unmanaged
        where T : unmanaged
    {
        private readonly ref TStored x = ref x;

        public static bool HasSecond => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount
        {
            first = count.Load<TStored, T>(ref x, index);
            second = default;
        }
    }

    /// <summary>d and d^2. The block is in the cache by then, and the memory idle: the next one is asked for.</summary>
    private readonly ref struct Deviations<TStored, T, TPrefetch>(ref TStored x, Vector256<T> shift, nint ahead) : IRowTerms<T>
        where TStored : unmanaged
        where T : unmanaged
        where TPrefetch : struct, IPrefetch
    {
        private readonly ref TStored x = ref x;

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount
        {
            TPrefetch.Fetch(ref x, index + ahead);
            first = count.Load<TStored, T>(ref x, index) - shift;
            second = first * first;
        }
    }

    private readonly ref struct Magnitudes<TStored, T>(ref TStored x, Vector256<T> shift) : IRowTerms<T>
        where TStored : unmanaged
        where T : unmanaged
    {
        private readonly Deviations<TStored, T, Nowhere> deviations = new(ref x, shift, 0);

        public static bool HasSecond => false;

        public void At<TCount>(nint index, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount
        {
            deviations.At(index, count, out first, out second);
            first = Vector256.Abs(first);
        }
    }
}
