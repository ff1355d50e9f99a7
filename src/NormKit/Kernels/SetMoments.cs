using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NormKit.Kernels;

/// <summary>
/// The moments of a set, wherever its elements lie. Of floats they are those of the exact sums, rounded once (<see cref="Certainty"/>): one pass about any
/// centre mostly says which, else one about the mean does, else exact sums. Of doubles they are sums of a fixed shape, about the mean where it is large.
/// </summary>
internal static class SetMoments
{
    /// <summary>Bytes of a row that the first cache has room for beside the next one, the result, weights and biases.</summary>
    private const int ShortRow = 4096;

    /// <summary>A centre for the first pass: the first element, which is as far from the mean as others are.</summary>
    public static double CentreOf<T>(TensorView<T> x, in NormGeometry geometry, nint set, bool isCentred) where T : unmanaged
    {
        if (!isCentred)
            return 0;
        double first = x.ElementAt(geometry.Offset(set, 0));
        return double.IsFinite(first) ? first : 0;
    }

    /// <summary>The moments that a pass about a centre has summed for.</summary>
    /// <param name="x">Where the elements are, if they must be looked at again.</param>
    /// <param name="mask">Which take part.</param>
    /// <param name="geometry">Who shares statistics.</param>
    /// <param name="set">The set.</param>
    /// <param name="isCentred">Whether moments are about the mean; else about 0.</param>
    /// <param name="sums">What the pass summed.</param>
    /// <param name="centre">Its centre.</param>
    /// <param name="chain">How many additions followed one another.</param>
    public static Moments Of<T, TCompute>(
        TensorView<T> x, ElementMask mask, in NormGeometry geometry, nint set, bool isCentred, in BlockSums sums, double centre, int chain)
        where T : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        if (sums.Count == 0)
            return default;
        if (typeof(TCompute) == typeof(float))
        {
            return Certainty.TryMoments(sums, centre, isCentred, chain, out Moments certain) && Certainty.ForcedLevel < 2
                ? certain
                : Again(x, mask, geometry, set, isCentred, certain);
        }
        if (!isCentred)
            return new(sums.Count, 0, sums.Second);
        Moments moments = Corrected(sums, centre);
        // A mean that lies far from the centre costs digits, so then they are summed again about it. Columns are slow to read again.
        return sums.Second > (geometry.IsColumnar ? 4 : 1.25) * moments.M2 && double.IsFinite(moments.Mean)
            ? Corrected(SumsOf<T, double>(x, mask, geometry, set, isCentred: true, moments.Mean), moments.Mean)
            : moments;
    }

    /// <summary>The moments of a run of floats or doubles.</summary>
    public static Moments OfRun<T>(TensorView<T> x, bool isCentred = true) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NormGeometry geometry = NormGeometry.Layer(1, x.Length);
        double centre = CentreOf(x, geometry, 0, isCentred);
        return Of<T, T>(x, default, geometry, 0, isCentred, SumsOf<T, T>(x, default, geometry, 0, isCentred, centre), centre, BlockSums.Chain(PlanOf(geometry).Blocks));
    }

    /// <summary>How a set is cut for its sums.</summary>
    public static BlockPlan PlanOf(in NormGeometry geometry) => new(geometry.Segments, geometry.Length, mayPack: true);

    /// <summary>The sums of those elements of a block of a set that take part; asks for the next block where it is an input.</summary>
    public static BlockSums OfBlock<T, TCompute>(
        TensorView<T> x, ElementMask mask, in NormGeometry geometry, nint set, Block block, bool isCentred, double centre, bool asks = true)
        where T : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        bool isContiguous = block.Segments == 1 || geometry.SegmentStride == block.Length;
        nint ahead = asks ? Ahead(geometry, block) : 0;
        return x.Loads<TCompute>() && isContiguous && !mask.IsPresent
            ? OfBlock(x.Direct<T>(offset, block.Count), isCentred, centre, ahead, typeof(TCompute) == typeof(float))
            : OfScattered<T, TCompute>(x, mask, block, offset, geometry.SegmentStride, ahead, isCentred, centre);
    }

    /// <summary>The moments of a block of doubles, about its mean or about 0, in a fixed shape.</summary>
    public static Moments OfBlock(ReadOnlySpan<double> block, bool isCentred)
    {
        BlockSums sums = OfBlock(block, isCentred, 0, ahead: 0, anyShape: false);
        if (!isCentred)
            return new(sums.Count, 0, sums.Second);
        Moments moments = Corrected(sums, 0);
        return sums.Second > 1.25 * moments.M2 && double.IsFinite(moments.Mean)
            ? Corrected(OfBlock(block, true, moments.Mean, ahead: 0, anyShape: false), moments.Mean)
            : moments;
    }

    /// <summary>How far behind a block's first element that of the next one lies: mostly after its last, but for a block that ends a segment.</summary>
    public static nint Ahead(in NormGeometry geometry, Block block)
    {
        bool endsSegment = geometry.Segments > 1 && geometry.SegmentStride != geometry.Length && block.Start + block.Length == geometry.Length;
        return endsSegment ? (block.Segments * geometry.SegmentStride) - block.Start : block.Count;
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

    /// <summary>Levels 2 and 3: a pass about the mean that the first one has found, and, where that leaves a doubt too, compensated and then exact sums.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Moments Again<T>(TensorView<T> x, ElementMask mask, in NormGeometry geometry, nint set, bool isCentred, Moments first) where T : unmanaged
    {
        if (isCentred)
        {
            double centre = (float)first.Mean;
            BlockSums sums = SumsOf<T, float>(x, mask, geometry, set, isCentred, centre);
            if (Certainty.TryMoments(sums, centre, isCentred, BlockSums.Chain(PlanOf(geometry).Blocks), out Moments second) && Certainty.ForcedLevel < 3)
                return second;
            first = second;
        }
        if (!double.IsFinite(first.M2))
            return first;
        double origin = isCentred ? (float)first.Mean : 0;
        return Certainty.TryMoments(CompensatedSums(x, mask, geometry, set, origin), origin, isCentred, Certainty.Compensated, out Moments third) && Certainty.ForcedLevel < 3
            ? third
            : Exact(x, mask, geometry, set, isCentred);
    }

    [SkipLocalsInit]
    private static BlockSums CompensatedSums<T>(TensorView<T> x, ElementMask mask, in NormGeometry geometry, nint set, double centre) where T : unmanaged
    {
        CompensatedSum sum = default, squares = default;
        Span<float> room = stackalloc float[BlockPlan.BlockLength];
        BlockPlan plan = PlanOf(geometry);
        long count = 0;
        for (int i = 0; i < plan.Blocks; i++)
        {
            ReadOnlySpan<float> values = Packed(x, mask, geometry, set, plan[i], room);
            count += values.Length;
            foreach (float value in values)
            {
                double deviation = value - centre;
                sum.Add(deviation);
                squares.AddProduct(deviation, deviation);
            }
        }
        return new(count, sum.Value, squares.Value, 0);
    }

    [SkipLocalsInit]
    private static Moments Exact<T>(TensorView<T> x, ElementMask mask, in NormGeometry geometry, nint set, bool isCentred) where T : unmanaged
    {
        ExactSum sum = new(), squares = new();
        Span<float> room = stackalloc float[BlockPlan.BlockLength];
        BlockPlan plan = PlanOf(geometry);
        long count = 0;
        for (int i = 0; i < plan.Blocks; i++)
        {
            ReadOnlySpan<float> values = Packed(x, mask, geometry, set, plan[i], room);
            count += values.Length;
            sum.Add(values);
            foreach (float value in values)
                squares.AddProduct(value, value);
        }
        return ExactRounding.OfSet(count, sum, squares, isCentred);
    }

    /// <summary>Adds those elements of a set that take part to exact statistics.</summary>
    [SkipLocalsInit]
    public static void AddExact<T, TCompute>(TensorView<T> x, ElementMask mask, in NormGeometry geometry, nint set, ExactMoments moments)
        where T : unmanaged
        where TCompute : unmanaged
    {
        Span<TCompute> room = stackalloc TCompute[BlockPlan.BlockLength];
        BlockPlan plan = PlanOf(geometry);
        for (int i = 0; i < plan.Blocks; i++)
        {
            Block block = plan[i];
            Span<TCompute> values = room[..Pack(x, mask, block, geometry.Offset(set, block.FirstSegment) + block.Start, geometry.SegmentStride, room)];
            if (typeof(TCompute) == typeof(double))
                moments.Add(MemoryMarshal.Cast<TCompute, double>(values));
            else
                moments.Add(MemoryMarshal.Cast<TCompute, float>(values));
        }
    }

    private static ReadOnlySpan<float> Packed<T>(TensorView<T> x, ElementMask mask, in NormGeometry geometry, nint set, Block block, Span<float> room)
        where T : unmanaged =>
        room[..Pack(x, mask, block, geometry.Offset(set, block.FirstSegment) + block.Start, geometry.SegmentStride, room)];

    [SkipLocalsInit]
    private static BlockSums SumsOf<T, TCompute>(TensorView<T> x, ElementMask mask, in NormGeometry geometry, nint set, bool isCentred, double centre)
        where T : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        BlockPlan plan = PlanOf(geometry);
        const int MostOnStack = 64;
        using Rented<BlockSums> many = new(plan.Blocks <= MostOnStack ? 0 : plan.Blocks);
        Span<BlockSums> parts = plan.Blocks <= MostOnStack ? stackalloc BlockSums[plan.Blocks] : many.Array.AsSpan(0, plan.Blocks);
        for (int block = 0; block < parts.Length; block++)
            parts[block] = OfBlock<T, TCompute>(x, mask, geometry, set, plan[block], isCentred, centre);
        return BlockSums.Of(parts);
    }

    private static Moments Corrected(in BlockSums sums, double centre)
    {
        double shift = sums.First / sums.Count;
        // For constant numbers both sums are 0 or rounding; the difference must not turn negative. (Max hands a NaN on.)
        return Moments.Shifted(sums.Count, centre, shift, Math.Max(0, sums.Second - (sums.First * shift)));
    }

    /// <summary>The sums of a run that is contiguous in memory; asks for what lies so many elements ahead.</summary>
    public static BlockSums OfBlock<TStored>(ReadOnlySpan<TStored> block, bool isCentred, double centre, nint ahead, bool anyShape)
        where TStored : unmanaged
    {
        Debug.Assert(!block.IsEmpty);
        ref TStored x = ref MemoryMarshal.GetReference(block);
        return ahead == 0 ? OfBlock<TStored, Nowhere>(ref x, block.Length, isCentred, centre, 0, anyShape)
            : ahead * Unsafe.SizeOf<TStored>() <= ShortRow ? OfBlock<TStored, IntoFirstCache>(ref x, block.Length, isCentred, centre, ahead, anyShape)
            : OfBlock<TStored, IntoSecondCache>(ref x, block.Length, isCentred, centre, ahead, anyShape);
    }

    private static BlockSums OfBlock<TStored, TPrefetch>(ref TStored x, int length, bool isCentred, double centre, nint ahead, bool anyShape)
        where TStored : unmanaged
        where TPrefetch : struct, IPrefetch
    {
        if (isCentred)
            return Sums.AlongRun(length, new Deviations<TStored, TPrefetch>(ref x, centre, ahead), anyShape);
        BlockSums sums = Sums.AlongRun(length, new Squares<TStored, TPrefetch>(ref x, ahead), anyShape);
        return new(length, 0, sums.First, 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private static BlockSums OfScattered<T, TCompute>(
        TensorView<T> x, ElementMask mask, Block block, nint offset, nint segmentStride, nint ahead, bool isCentred, double centre)
        where T : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> packed = stackalloc TCompute[BlockPlan.BlockLength];
        int count = Pack(x, mask, block, offset, segmentStride, packed);
        if (block.Segments == 1 && ahead > 0)    // else it is many pieces, or not wanted
            x.Prefetch(offset + ahead, block.Length);
        return count == 0 ? default : OfBlock<TCompute>(packed[..count], isCentred, centre, ahead: 0, typeof(TCompute) == typeof(float));
    }

    /// <summary>d and d^2; asks for the next block meanwhile.</summary>
    private readonly ref struct Deviations<TStored, TPrefetch>(ref TStored x, double centre, nint ahead) : IRunTerms
        where TStored : unmanaged
        where TPrefetch : struct, IPrefetch
    {
        private readonly ref TStored x = ref x;

        public static int Count => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(nint index, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            TPrefetch.Fetch(ref x, index + ahead);
            first = TLanes.Load(ref x, index) - TLanes.Create(centre);
            second = first * first;
            third = default;
        }
    }

    private readonly ref struct Squares<TStored, TPrefetch>(ref TStored x, nint ahead) : IRunTerms
        where TStored : unmanaged
        where TPrefetch : struct, IPrefetch
    {
        private readonly ref TStored x = ref x;

        public static int Count => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(nint index, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            TPrefetch.Fetch(ref x, index + ahead);
            first = TLanes.Load(ref x, index);
            first *= first;
            second = third = default;
        }
    }
}
