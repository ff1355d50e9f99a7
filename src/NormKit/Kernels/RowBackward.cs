using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// The gradient of <see cref="RowForward{T}"/>. With <c>g = dy * weight</c>, <c>d = x - mean</c> and n elements in a set
/// <code>dx = (g - sum(g) / n - d * invStd^2 * sum(g * d) / n) * invStd</code>
/// and for fixed statistics <c>dx = g * invStd</c>. The sums of a weight that a set or segment shares fall out on the way.
/// </summary>
/// <param name="geometry">Who shares statistics and weights.</param>
/// <param name="dy">The gradient of the output.</param>
/// <param name="x">The input of the forward call.</param>
/// <param name="dx">The gradient of the input; empty where it is not wanted.</param>
/// <param name="affine">The weight of the forward call.</param>
/// <param name="eps">That of the forward call.</param>
/// <param name="statistics">Those of the forward call.</param>
/// <param name="partial">Room for two sums a block.</param>
/// <param name="coefficients">Room for the two means above, a slot.</param>
/// <param name="parameters">Takes the gradients of weight and bias of each batch; null where they are not wanted or not shared by a run.</param>
internal readonly struct RowBackward<T>(
    NormGeometry geometry, TensorView<T> dy, TensorView<T> x, TensorView<T> dx, Affine<T> affine, double eps,
    StatisticsStore statistics, Pair[] partial, Pair[] coefficients, Pair[]? parameters)
    : IUnitKernel where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NormGeometry geometry = geometry;
    private readonly BlockPlan plan = Plan(geometry);

    /// <summary>A block has one weight, so segments with a weight each are not packed.</summary>
    public static BlockPlan Plan(in NormGeometry geometry) =>
        new(geometry.Segments, geometry.Length, mayPack: geometry.Affine == AffineAxis.Set);

    private bool WeightsByElement => geometry.Affine == AffineAxis.Element && affine.HasWeight;

    public void Reduce(nint slot, nint unit, int block, bool wide)
    {
        Moments moments = statistics.Of(slot, unit);
        partial[(slot * plan.Blocks) + block] = Normalizer.NeedsDouble<T>(moments, eps)
            ? ReduceIn<double>(moments, unit, plan[block])
            : ReduceIn<T>(moments, unit, plan[block]);
    }

    public bool Combine(nint slot, nint unit, bool wide)
    {
        Moments moments = statistics.Of(slot, unit);
        double invStd = moments.InvStd(eps);
        Span<Pair> blocks = partial.AsSpan((int)(slot * plan.Blocks), plan.Blocks);
        (nint batch, nint inBatch) = Math.DivRem(unit, geometry.SetsPerBatch);
        nint firstParameter = inBatch * geometry.AffinePerSet;
        Span<Pair> gradients = parameters is null
            ? default
            : parameters.AsSpan((int)((batch * geometry.AffineCount) + firstParameter), (int)geometry.AffinePerSet);
        gradients.Clear();
        Pair total = default;
        for (int block = 0; block < blocks.Length; block++)
        {
            nint segment = geometry.Affine == AffineAxis.Segment ? plan[block].FirstSegment : 0;
            double weight = WeightsByElement ? 1 : affine.Weight(firstParameter + segment);
            total += weight * blocks[block];
            if (!gradients.IsEmpty)
                gradients[(int)segment] += new Pair(blocks[block].First, blocks[block].Second * invStd);
        }
        double n = geometry.SetSize;
        coefficients[slot] = statistics.Fixed ? default : new(total.First / n * invStd, total.Second / n * invStd * invStd * invStd);
        return false;   // the statistics are given, so Reduce knew what to compute in
    }

    public void Apply(nint slot, nint unit, int block)
    {
        if (dx.IsEmpty)
            return;
        Moments moments = statistics.Of(slot, unit);
        if (Normalizer.NeedsDouble<T>(moments, eps))
            ApplyIn<double>(moments, coefficients[slot], unit, plan[block]);
        else
            ApplyIn<T>(moments, coefficients[slot], unit, plan[block]);
    }

    private Pair ReduceIn<TCompute>(Moments moments, nint set, Block block) where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        bool inOnePiece = block.Segments == 1 || geometry.SegmentStride == block.Length;
        if (!inOnePiece || !x.Holds<TCompute>() || !dy.Holds<TCompute>())
            return ReduceThroughScratch<TCompute>(moments, set, block);
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        return SumOf(moments, set, block, dy.Direct<TCompute>(offset, block.Count), x.Direct<TCompute>(offset, block.Count), default);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private Pair ReduceThroughScratch<TCompute>(Moments moments, nint set, Block block)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> gradients = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> inputs = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> weights = stackalloc TCompute[BlockPlan.BlockLength];
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        RowMoments.Pack(dy, block, offset, geometry.SegmentStride, gradients);
        RowMoments.Pack(x, block, offset, geometry.SegmentStride, inputs);
        return SumOf(moments, set, block, gradients[..block.Count], inputs[..block.Count], weights);
    }

    private Pair SumOf<TCompute>(
        Moments moments, nint set, Block block, ReadOnlySpan<TCompute> gradients, ReadOnlySpan<TCompute> inputs, Span<TCompute> forWeights)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        ref TCompute g = ref MemoryMarshal.GetReference(gradients);
        ref TCompute d = ref MemoryMarshal.GetReference(inputs);
        Centre<TCompute> centre = new(moments);
        if (!WeightsByElement)
            return Pair.From(Sums.AlongRow<TCompute, Uniform<TCompute>>(inputs.Length, new(ref g, ref d, centre.High))).About(centre.Low);
        nint parameter = (set % geometry.SetsPerBatch * geometry.AffinePerSet) + block.Start;
        ReadOnlySpan<TCompute> weights = affine.Weights(parameter, inputs.Length, forWeights);
        return Pair.From(Sums.AlongRow<TCompute, ByElement<TCompute>>(
            inputs.Length, new(ref g, ref d, ref MemoryMarshal.GetReference(weights), centre.High))).About(centre.Low);
    }

    private void ApplyIn<TCompute>(Moments moments, Pair means, nint set, Block block)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        if (x.Holds<TCompute>() && dy.Holds<TCompute>() && dx.Holds<TCompute>())
            ApplyDirect<TCompute>(moments, means, set, block, default, default, default);
        else
            ApplyThroughScratch<TCompute>(moments, means, set, block);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private void ApplyThroughScratch<TCompute>(Moments moments, Pair means, nint set, Block block)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> gradients = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> inputs = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> weights = stackalloc TCompute[BlockPlan.BlockLength];
        ApplyDirect(moments, means, set, block, gradients, inputs, weights);
    }

    private void ApplyDirect<TCompute>(
        Moments moments, Pair means, nint set, Block block, Span<TCompute> forGradients, Span<TCompute> forInputs, Span<TCompute> forWeights)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        double invStd = moments.InvStd(eps);
        Centre<TCompute> centre = new(moments);
        TCompute mean = TCompute.CreateTruncating(means.First - (centre.Low * means.Second)), slope = TCompute.CreateTruncating(means.Second);
        nint firstParameter = set % geometry.SetsPerBatch * geometry.AffinePerSet;
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        for (int segment = 0; segment < block.Segments; segment++, offset += geometry.SegmentStride)
        {
            ref TCompute g = ref MemoryMarshal.GetReference(dy.Read(offset, block.Length, forGradients));
            Span<TCompute> to = dx.Target(offset, block.Length, forGradients);
            nint parameter = firstParameter + (geometry.Affine == AffineAxis.Segment ? block.FirstSegment + segment : 0);
            if (statistics.Fixed)
            {
                Map.Row(to, new Scaled<TCompute>(ref g, TCompute.CreateTruncating(invStd * affine.Weight(parameter))));
            }
            else
            {
                ref TCompute d = ref MemoryMarshal.GetReference(x.Read(offset, block.Length, forInputs));
                if (WeightsByElement)
                {
                    ReadOnlySpan<TCompute> weights = affine.Weights(firstParameter + block.Start, block.Length, forWeights);
                    Map.Row(to, new DxByElement<TCompute>(
                        ref g, ref d, ref MemoryMarshal.GetReference(weights), centre.High, TCompute.CreateTruncating(invStd), mean, slope));
                }
                else
                {
                    TCompute scale = TCompute.CreateTruncating(invStd * affine.Weight(parameter));
                    Map.Row(to, new DxUniform<TCompute>(ref g, ref d, centre.High, scale, mean, slope));
                }
            }
            dx.Write<TCompute>(offset, to);
        }
    }

    private readonly ref struct Uniform<TCompute>(ref TCompute g, ref TCompute x, TCompute centre) : IRowTerms<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g;
        private readonly ref TCompute x = ref x;
        private readonly Vector512<TCompute> centre = Vector512.Create(centre);

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector512<TCompute> first, out Vector512<TCompute> second) where TCount : struct, ICount
        {
            first = count.Load(ref g, index);
            second = first * (count.Load(ref x, index) - centre);
        }
    }

    private readonly ref struct ByElement<TCompute>(ref TCompute g, ref TCompute x, ref TCompute weight, TCompute centre)
        : IRowTerms<TCompute> where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g;
        private readonly ref TCompute x = ref x;
        private readonly ref TCompute weight = ref weight;
        private readonly Vector512<TCompute> centre = Vector512.Create(centre);

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector512<TCompute> first, out Vector512<TCompute> second) where TCount : struct, ICount
        {
            first = count.Load(ref g, index) * count.Load(ref weight, index);
            second = first * (count.Load(ref x, index) - centre);
        }
    }

    private readonly ref struct Scaled<TCompute>(ref TCompute g, TCompute scale) : IRowValues<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g;
        private readonly Vector512<TCompute> scale = Vector512.Create(scale);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<TCompute> At<TCount>(nint index, TCount count) where TCount : struct, ICount => count.Load(ref g, index) * scale;
    }

    private readonly ref struct DxUniform<TCompute>(
        ref TCompute g, ref TCompute x, TCompute centre, TCompute scale, TCompute mean, TCompute slope) : IRowValues<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g;
        private readonly ref TCompute x = ref x;
        private readonly Vector512<TCompute> centre = Vector512.Create(centre);
        private readonly Vector512<TCompute> scale = Vector512.Create(scale);
        private readonly Vector512<TCompute> mean = Vector512.Create(mean);
        private readonly Vector512<TCompute> slope = Vector512.Create(slope);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<TCompute> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            (count.Load(ref g, index) * scale) - mean - ((count.Load(ref x, index) - centre) * slope);
    }

    private readonly ref struct DxByElement<TCompute>(
        ref TCompute g, ref TCompute x, ref TCompute weight, TCompute centre, TCompute invStd, TCompute mean, TCompute slope)
        : IRowValues<TCompute> where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g;
        private readonly ref TCompute x = ref x;
        private readonly ref TCompute weight = ref weight;
        private readonly Vector512<TCompute> centre = Vector512.Create(centre);
        private readonly Vector512<TCompute> invStd = Vector512.Create(invStd);
        private readonly Vector512<TCompute> mean = Vector512.Create(mean);
        private readonly Vector512<TCompute> slope = Vector512.Create(slope);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<TCompute> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            (count.Load(ref g, index) * count.Load(ref weight, index) * invStd) - mean
                - ((count.Load(ref x, index) - centre) * slope);
    }
}
