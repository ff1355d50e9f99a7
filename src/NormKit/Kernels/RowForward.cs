using System.Numerics;
using System.Runtime.CompilerServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>Normalizes sets whose segments are runs worth a vector loop each. A unit is a set.</summary>
/// <param name="geometry">Who shares statistics and weights.</param>
/// <param name="x">The input.</param>
/// <param name="y">The output.</param>
/// <param name="affine">Weight and bias.</param>
/// <param name="rule">How moments become a factor, what follows, and which elements take part.</param>
/// <param name="addition">What is added before; its sum is <paramref name="x"/>.</param>
/// <param name="statistics">Where the moments of the sets go, or come from.</param>
/// <param name="partial">Room for the moments of each block of a slot.</param>
/// <param name="firstPartial">Where this room begins.</param>
internal readonly struct RowForward<T, TNarrow>(
    NormGeometry geometry, TensorView<T> x, TensorView<T> y, Affine<TNarrow> affine, Rule rule, Addition<T, TNarrow> addition,
    StatisticsStore statistics, Moments[] partial, int firstPartial = 0)
    : IUnitKernel
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    private readonly NormGeometry geometry = geometry;
    private readonly BlockPlan plan = Plan(geometry);

    public static BlockPlan Plan(in NormGeometry geometry) => new(geometry.Segments, geometry.Length, mayPack: true);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Reduce(nint slot, nint unit, int block, bool wide)
    {
        Block at = plan[block];
        if (addition.IsPresent && !wide)    // the second time the sum is there
            addition.Run(geometry.Offset(unit, at.FirstSegment) + at.Start, at.Start, at.Count);
        partial[firstPartial + (slot * plan.Blocks) + block] = wide
            ? RowMoments.OfBlock<T, double>(x, rule.Mask, geometry, unit, at, rule.Scaling.IsCentred)
            : RowMoments.OfBlock<T, TNarrow>(x, rule.Mask, geometry, unit, at, rule.Scaling.IsCentred);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Combine(nint slot, nint unit, bool wide)
    {
        ref Moments moments = ref statistics.Of(slot, unit);
        if (!statistics.Fixed)
        {
            ReadOnlySpan<Moments> parts = partial.AsSpan((int)(firstPartial + (slot * plan.Blocks)), plan.Blocks);
            moments = parts[0];
            foreach (ref readonly Moments part in parts[1..])
                moments = Moments.Combine(moments, part);
        }
        return rule.Scaling.NeedsDouble<TNarrow>(moments);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Apply(nint slot, nint unit, int block)
    {
        Moments moments = statistics.Of(slot, unit);
        if (rule.Scaling.NeedsDouble<TNarrow>(moments))
            ApplyIn<double>(moments, unit, plan[block]);
        else
            ApplyIn<TNarrow>(moments, unit, plan[block]);
    }

    private void ApplyIn<TCompute>(Moments moments, nint set, Block block) where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        if (x.Holds<TCompute>() && y.Holds<TCompute>() && typeof(TCompute) == typeof(TNarrow))
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
        double factor = rule.Scaling.Factor(moments);
        Centre<TCompute> centre = new(moments);
        bool past = y.WritesPast<TCompute>() && rule.IsDoneWithResults;
        nint firstParameter = geometry.FirstParameter(set);
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        for (int segment = 0; segment < block.Segments; segment++, offset += geometry.SegmentStride)
        {
            nint shared = firstParameter + (geometry.Affine == AffineAxis.Segment ? block.FirstSegment + segment : 0);
            if (geometry.Affine != AffineAxis.Element && Scaling.ScaleNeedsDouble<TCompute>(factor * affine.Weight(shared)))
            {
                ApplyThroughScratch<double>(moments, set, new(block.FirstSegment + segment, 1, block.Start, block.Length));
                continue;
            }
            ReadOnlySpan<TCompute> from = x.Read(offset, block.Length, forX);
            Span<TCompute> to = y.Target(offset, block.Length, forX);
            if (geometry.Affine == AffineAxis.Element && affine.IsPresent)
            {
                nint parameter = firstParameter + block.Start;
                RowMaps.ByElement(
                    from, to, centre, factor, affine.Weights(parameter, block.Length, forWeight), affine.Biases(parameter, block.Length, forBias), past);
            }
            else
            {
                // Without weights there is no parameter to look up; with them, one for the whole run.
                RowMaps.Uniform(
                    from, to, centre, factor, geometry.Affine == AffineAxis.Element ? 1 : affine.Weight(shared),
                    geometry.Affine == AffineAxis.Element ? 0 : affine.Bias(shared), past);
            }
            rule.Finish(offset, to);
            y.Write<TCompute>(offset, to);
        }
    }
}
