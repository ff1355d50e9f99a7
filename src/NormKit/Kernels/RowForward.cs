using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>Normalizes sets whose segments are runs worth a vector loop each. A unit is a set.</summary>
internal readonly struct RowForward<T>(
    NormGeometry geometry, TensorView<T> x, TensorView<T> y, Affine<T> affine, double eps, StatisticsStore statistics, Moments[] partial)
    : IUnitKernel where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NormGeometry geometry = geometry;
    private readonly BlockPlan plan = Plan(geometry);

    public static BlockPlan Plan(in NormGeometry geometry) => new(geometry.Segments, geometry.Length, mayPack: true);

    public void Reduce(nint slot, nint unit, int block, bool wide) => partial[(slot * plan.Blocks) + block] = wide
        ? RowMoments.OfBlock<T, double>(x, geometry, unit, plan[block])
        : RowMoments.OfBlock<T, T>(x, geometry, unit, plan[block]);

    public bool Combine(nint slot, nint unit, bool wide)
    {
        ref Moments moments = ref statistics.Of(slot, unit);
        if (!statistics.Fixed)
        {
            moments = default;
            foreach (Moments part in partial.AsSpan((int)(slot * plan.Blocks), plan.Blocks))
                moments = Moments.Combine(moments, part);
        }
        return Normalizer.NeedsDouble<T>(moments, eps);
    }

    public void Apply(nint slot, nint unit, int block)
    {
        Moments moments = statistics.Of(slot, unit);
        if (Normalizer.NeedsDouble<T>(moments, eps))
            ApplyIn<double>(moments, unit, plan[block]);
        else
            ApplyIn<T>(moments, unit, plan[block]);
    }

    private void ApplyIn<TCompute>(Moments moments, nint set, Block block) where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        if (x.Holds<TCompute>() && y.Holds<TCompute>())
            ApplyDirect<TCompute>(moments, set, block, default, default, default);
        else
            ApplyThroughScratch<TCompute>(moments, set, block);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private void ApplyThroughScratch<TCompute>(Moments moments, nint set, Block block)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> forX = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> forWeight = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> forBias = stackalloc TCompute[BlockPlan.BlockLength];
        ApplyDirect(moments, set, block, forX, forWeight, forBias);
    }

    private void ApplyDirect<TCompute>(
        Moments moments, nint set, Block block, Span<TCompute> forX, Span<TCompute> forWeight, Span<TCompute> forBias)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        double invStd = moments.InvStd(eps);
        Centre<TCompute> centre = new(moments);
        nint firstParameter = set % geometry.SetsPerBatch * geometry.AffinePerSet;
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        for (int segment = 0; segment < block.Segments; segment++, offset += geometry.SegmentStride)
        {
            nint shared = firstParameter + (geometry.Affine == AffineAxis.Segment ? block.FirstSegment + segment : 0);
            if (geometry.Affine != AffineAxis.Element && Normalizer.ScaleNeedsDouble<TCompute>(invStd * affine.Weight(shared)))
            {
                ApplyThroughScratch<double>(moments, set, new(block.FirstSegment + segment, 1, block.Start, block.Length));
                continue;
            }
            ReadOnlySpan<TCompute> from = x.Read(offset, block.Length, forX);
            Span<TCompute> to = y.Target(offset, block.Length, forX);
            ref TCompute element = ref MemoryMarshal.GetReference(from);
            if (geometry.Affine == AffineAxis.Element && affine.IsPresent)
            {
                nint parameter = firstParameter + block.Start;
                ReadOnlySpan<TCompute> weight = affine.Weights(parameter, block.Length, forWeight);
                ReadOnlySpan<TCompute> bias = affine.Biases(parameter, block.Length, forBias);
                Map.Row(to, new ByElement<TCompute>(
                    ref element, ref MemoryMarshal.GetReference(weight), ref MemoryMarshal.GetReference(bias),
                    centre.High, TCompute.CreateTruncating(invStd), TCompute.CreateTruncating(-centre.Low * invStd)));
            }
            else
            {
                // The weight joins the scale in double, and the mean's low part the bias: fewer roundings and operations for each element.
                double scale = invStd * affine.Weight(shared);
                Map.Row(to, new Uniform<TCompute>(
                    ref element, centre.High, TCompute.CreateTruncating(scale), TCompute.CreateTruncating(affine.Bias(shared) - (centre.Low * scale))));
            }
            y.Write<TCompute>(offset, to);
        }
    }

    private readonly ref struct Uniform<TCompute>(ref TCompute x, TCompute centre, TCompute scale, TCompute shift) : IRowValues<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute x = ref x;
        private readonly Vector512<TCompute> centre = Vector512.Create(centre);
        private readonly Vector512<TCompute> scale = Vector512.Create(scale);
        private readonly Vector512<TCompute> shift = Vector512.Create(shift);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<TCompute> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            ((count.Load(ref x, index) - centre) * scale) + shift;
    }

    private readonly ref struct ByElement<TCompute>(
        ref TCompute x, ref TCompute weight, ref TCompute bias, TCompute centre, TCompute invStd, TCompute shift) : IRowValues<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute x = ref x;
        private readonly ref TCompute weight = ref weight;
        private readonly ref TCompute bias = ref bias;
        private readonly Vector512<TCompute> centre = Vector512.Create(centre);
        private readonly Vector512<TCompute> invStd = Vector512.Create(invStd);
        private readonly Vector512<TCompute> shift = Vector512.Create(shift);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<TCompute> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            ((((count.Load(ref x, index) - centre) * invStd) + shift) * count.Load(ref weight, index)) + count.Load(ref bias, index);
    }
}
