using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NormKit.Kernels;

/// <summary>Normalizes sets whose segments are runs worth a vector loop each. A unit is a set.</summary>
/// <param name="geometry">Who shares statistics and weights.</param>
/// <param name="x">The input.</param>
/// <param name="y">The output.</param>
/// <param name="affine">Weight and bias.</param>
/// <param name="rule">How moments become a factor, what follows, and which elements take part.</param>
/// <param name="addition">What is added before; its sum is <paramref name="x"/>.</param>
/// <param name="statistics">Where the moments of the sets go, or come from.</param>
/// <param name="partial">Room for the sums of each block of a slot.</param>
/// <param name="centres">The centre of each set's first pass, a float; none for its first element.</param>
internal readonly struct RowForward<T, TNarrow>(
    NormGeometry geometry, TensorView<T> x, TensorView<T> y, Affine<TNarrow> affine, Rule rule, Addition<T, TNarrow> addition,
    StatisticsStore statistics, BlockSums[] partial, double[]? centres = null)
    : ISummingKernel
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    private readonly NormGeometry geometry = geometry;
    private readonly BlockPlan plan = Plan(geometry);

    public static BlockPlan Plan(in NormGeometry geometry) => SetMoments.PlanOf(geometry);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Reduce(nint slot, nint unit, int block)
    {
        Block at = plan[block];
        if (addition.IsPresent)
            addition.Run(geometry.Offset(unit, at.FirstSegment) + at.Start, geometry.FirstParameter(unit) + at.Start, at.Count);
        partial[(slot * plan.Blocks) + block] = SetMoments.OfBlock<T, TNarrow>(
            x, rule.Mask, geometry, unit, at, rule.Scaling.IsCentred, CentreOf(unit), asks: !addition.IsPresent);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Combine(nint slot, nint unit)
    {
        if (statistics.Fixed)
            return;
        statistics.Of(slot, unit) = SetMoments.Of<T, TNarrow>(
            x, rule.Mask, geometry, unit, rule.Scaling.IsCentred, SumsOf(slot), CentreOf(unit), BlockSums.Chain(plan.Blocks));
    }

    public void TotalsOf(nint slot, nint unit, BlockSums[] ofSets) => ofSets[unit] = SumsOf(slot);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Apply(nint slot, nint unit, int block)
    {
        Moments moments = statistics.Of(slot, unit);
        double factor = rule.Scaling.Factor(moments);
        if (Scaling.NeedsDouble<TNarrow>(factor))
            ApplyThroughScratch<double>(moments, factor, unit, plan[block]);
        else if (x.Loads<TNarrow>() && y.Loads<TNarrow>() && (y.Holds<TNarrow>() || rule.IsDoneWithResults))
            ApplyRuns<T, TNarrow>(moments, factor, unit, plan[block], default, default, default);
        else
            ApplyThroughScratch<TNarrow>(moments, factor, unit, plan[block]);
    }

    /// <summary>Contiguous sets of one block, with their results in place.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    public bool TryRun(nint slot, nint start, nint end)
    {
        bool isContiguous = geometry.Segments == 1 || geometry.SegmentStride == geometry.Length;
        if (!isContiguous || !x.Loads<TNarrow>() || !y.Loads<TNarrow>() || !rule.IsDoneWithResults || statistics.Fixed)
            return false;
        bool isCentred = rule.Scaling.IsCentred, byElement = geometry.Affine == AffineAxis.Element && affine.IsPresent, past = y.WritesPast<T>();
        int count = (int)(geometry.Segments * geometry.Length), chain = BlockSums.Chain(1);
        int runs = geometry.Affine == AffineAxis.Segment ? (int)geometry.Segments : 1, length = count / runs;
        Span<T> sum = stackalloc T[addition.IsPresent && past && typeof(T) == typeof(TNarrow) ? count : 0];
        for (nint unit = start; unit < end; unit++)
        {
            nint offset = geometry.Offset(unit, 0), parameter = affine.IsPresent || addition.IsPresent ? geometry.FirstParameter(unit) : 0;
            scoped ReadOnlySpan<T> from = x.Direct<T>(offset, count);
            Span<T> to = y.Direct<T>(offset, count);
            if (!sum.IsEmpty)
            {
                // Neither result fits in the caches: the row that is normalized is a copy of the sum.
                addition.Run(offset, parameter, MemoryMarshal.CreateSpan(ref Unsafe.As<T, TNarrow>(ref MemoryMarshal.GetReference(sum)), count));
                from = sum;
            }
            else if (addition.IsPresent)
            {
                addition.Run(offset, parameter, count);
            }
            double centre = isCentred ? Elements.ToDouble(from[0]) : 0;
            centre = double.IsFinite(centre) ? centre : 0;
            bool isFloat = typeof(TNarrow) == typeof(float);
            BlockSums sums = SetMoments.OfBlock(from, isCentred, centre, ahead: addition.IsPresent ? 0 : count, anyShape: isFloat);
            Moments moments;
            if (!isFloat)
                moments = SetMoments.Of<T, TNarrow>(x, default, geometry, unit, isCentred, sums, centre, chain);
            else if (!Certainty.TryMoments(sums, centre, isCentred, chain, out moments) || Certainty.ForcedLevel > 1)
                moments = SetMoments.Again(x, default, geometry, unit, isCentred, moments);
            statistics.Of(slot, unit) = moments;
            double factor = rule.Scaling.Factor(moments);
            Centre<TNarrow> mean = new(moments);
            if (Scaling.NeedsDouble<TNarrow>(factor))
                ApplyThroughScratch<double>(moments, factor, unit, plan[0]);
            else if (byElement && rule.RoundsBeforeWeight)
                RowMaps.RoundedFirst(from, to, mean, factor, affine.Weights<TNarrow>(parameter, count, default), past);
            else if (byElement)
                RowMaps.ByElement(from, to, mean, factor, affine.Weights<TNarrow>(parameter, count, default), affine.Biases<TNarrow>(parameter, count, default), past);
            else
                for (int run = 0, at = 0; run < runs; run++, at += length)
                    Apply(moments, mean, factor, unit, run, from.Slice(at, length), to.Slice(at, length), parameter + run, past);
        }
        return true;
    }

    private void Apply(
        in Moments moments, Centre<TNarrow> mean, double factor, nint unit, int run, ReadOnlySpan<T> from, Span<T> to, nint parameter, bool past)
    {
        bool none = geometry.Affine == AffineAxis.Element;
        double weight = none ? 1 : affine.Weight(parameter);
        if (Scaling.ScaleNeedsDouble<TNarrow>(factor * weight))
            ApplyThroughScratch<double>(moments, factor, unit, geometry.Affine == AffineAxis.Segment ? new(run, 1, 0, (int)geometry.Length) : plan[0]);
        else
            RowMaps.Uniform(from, to, mean, factor, weight, none ? 0 : affine.Bias(parameter), past);
    }

    private BlockSums SumsOf(nint slot) => BlockSums.Of(partial.AsSpan((int)(slot * plan.Blocks), plan.Blocks));

    private double CentreOf(nint unit) => centres is null ? SetMoments.CentreOf(x, geometry, unit, rule.Scaling.IsCentred) : centres[unit];

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private void ApplyThroughScratch<TCompute>(Moments moments, double factor, nint set, Block block)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> forX = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> forWeight = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> forBias = stackalloc TCompute[BlockPlan.BlockLength];
        ApplyRuns<TCompute, TCompute>(moments, factor, set, block, forX, forWeight, forBias);
    }

    private void ApplyRuns<TStored, TCompute>(
        Moments moments, double factor, nint set, Block block, Span<TStored> forX, Span<TCompute> forWeight, Span<TCompute> forBias)
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Centre<TCompute> centre = new(moments);
        bool past = y.WritesPast<TStored>() && rule.IsDoneWithResults;
        nint firstParameter = geometry.FirstParameter(set);
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        for (int segment = 0; segment < block.Segments; segment++, offset += geometry.SegmentStride)
        {
            nint shared = firstParameter + (geometry.Affine == AffineAxis.Segment ? block.FirstSegment + segment : 0);
            if (geometry.Affine != AffineAxis.Element && Scaling.ScaleNeedsDouble<TCompute>(factor * affine.Weight(shared)))
            {
                ApplyThroughScratch<double>(moments, factor, set, new(block.FirstSegment + segment, 1, block.Start, block.Length));
                continue;
            }
            ReadOnlySpan<TStored> from = x.Read(offset, block.Length, forX);
            Span<TStored> to = y.Target(offset, block.Length, forX);
            if (geometry.Affine == AffineAxis.Element && affine.IsPresent)
            {
                nint parameter = firstParameter + block.Start;
                if (rule.RoundsBeforeWeight && typeof(TStored) == typeof(TCompute))
                {
                    // The scratch holds more digits than the results: they are rounded where they go, and come back.
                    RowMaps.ByElement(from, to, centre, factor);
                    y.Write<TStored>(offset, to);
                    RowMaps.Multiply(y.Read(offset, block.Length, forX), affine.Weights(parameter, block.Length, forWeight), to);
                }
                else if (rule.RoundsBeforeWeight)
                {
                    RowMaps.RoundedFirst(from, to, centre, factor, affine.Weights(parameter, block.Length, forWeight), past);
                }
                else
                {
                    RowMaps.ByElement(
                        from, to, centre, factor, affine.Weights(parameter, block.Length, forWeight), affine.Biases(parameter, block.Length, forBias), past);
                }
            }
            else
            {
                // Without weights there is no parameter to look up; with them, one for the whole run.
                RowMaps.Uniform(
                    from, to, centre, factor, geometry.Affine == AffineAxis.Element ? 1 : affine.Weight(shared),
                    geometry.Affine == AffineAxis.Element ? 0 : affine.Bias(shared), past);
            }
            Debug.Assert(typeof(TStored) == typeof(TCompute) || rule.IsDoneWithResults);
            if (typeof(TStored) == typeof(TCompute))
                rule.Finish(offset, MemoryMarshal.Cast<TStored, TCompute>(to));
            y.Write<TStored>(offset, to);
        }
    }
}
