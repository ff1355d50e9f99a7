using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// The gradient of <see cref="RowForward{T, TNarrow}"/>. With <c>g = dy * weight</c>, <c>d = x - mean</c>, n elements in a set and the factor f
/// <code>dx = g * f - sum(g) / n * f - d * sum(g * d) / n * f^3        // see Scaling.Coefficients</code>
/// without a centre d is x and sum(g) is left out; for fixed statistics <c>dx = g * f</c>. Where an activation follows, dy is first multiplied by its
/// slope at the normalized value, which is computed again. The sums of a weight that a set or segment shares fall out on the way.
/// </summary>
/// <param name="geometry">Who shares statistics and weights.</param>
/// <param name="gradients">The gradient of the output, the input, where its gradient goes, and what is added to that.</param>
/// <param name="affine">Weight and bias of the forward call.</param>
/// <param name="rule">That of the forward call.</param>
/// <param name="statistics">Those of the forward call.</param>
/// <param name="partial">Room for two sums a block.</param>
/// <param name="coefficients">Room for the two sums' share in dx, a slot.</param>
/// <param name="parameters">Takes the gradients of weight and bias of each batch; null where they are not wanted or not shared by a run.</param>
internal readonly struct RowBackward<T, TNarrow>(
    NormGeometry geometry, Gradients<T> gradients, Affine<TNarrow> affine, Rule rule,
    StatisticsStore statistics, Pair[] partial, Pair[] coefficients, Pair[]? parameters)
    : IUnitKernel
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    private readonly NormGeometry geometry = geometry;
    private readonly BlockPlan plan = Plan(geometry);

    /// <summary>A block has one weight, so segments with a weight each are not packed.</summary>
    public static BlockPlan Plan(in NormGeometry geometry) =>
        new(geometry.Segments, geometry.Length, mayPack: geometry.Affine == AffineAxis.Set);

    private bool WeightsByElement => geometry.Affine == AffineAxis.Element && affine.IsPresent;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Reduce(nint slot, nint unit, int block, bool wide)
    {
        Moments moments = statistics.Of(slot, unit);
        partial[(slot * plan.Blocks) + block] = rule.Scaling.NeedsDouble<TNarrow>(moments)
            ? ReduceThroughScratch<double>(moments, unit, plan[block])
            : ReduceNarrow(moments, unit, plan[block]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Combine(nint slot, nint unit, bool wide)
    {
        Moments moments = statistics.Of(slot, unit);
        double factor = rule.Scaling.Factor(moments);
        Span<Pair> blocks = partial.AsSpan((int)(slot * plan.Blocks), plan.Blocks);
        (nint batch, nint inBatch) = Math.DivRem(unit, geometry.SetsPerBatch);
        nint first = inBatch * geometry.AffinePerSet, firstParameter = geometry.FirstParameter(unit);
        Span<Pair> sums = parameters is null
            ? default
            : parameters.AsSpan((int)((batch * geometry.AffineCount) + first), (int)geometry.AffinePerSet);
        sums.Clear();
        Pair total = default;
        for (int block = 0; block < blocks.Length; block++)
        {
            nint segment = geometry.Affine == AffineAxis.Segment ? plan[block].FirstSegment : 0;
            double weight = geometry.Affine == AffineAxis.Element ? 1 : affine.Weight(firstParameter + segment);
            total += weight * blocks[block];
            if (!sums.IsEmpty)
                sums[(int)segment] += new Pair(blocks[block].First, blocks[block].Second * factor);
        }
        coefficients[slot] = statistics.Fixed ? default : rule.Scaling.Coefficients(total, moments, factor);
        return false;   // the statistics are given, so Reduce knew what to compute in
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Apply(nint slot, nint unit, int block)
    {
        if (gradients.Dx.IsEmpty)
            return;
        Moments moments = statistics.Of(slot, unit);
        if (rule.Scaling.NeedsDouble<TNarrow>(moments))
            ApplyThroughScratch<double>(moments, coefficients[slot], unit, plan[block]);
        else if (gradients.LoadAll<TNarrow>() && gradients.Addend.IsEmpty && rule.HandsGradientsOn)
            ApplyDirect(moments, coefficients[slot], unit, plan[block]);
        else
            ApplyThroughScratch<TNarrow>(moments, coefficients[slot], unit, plan[block]);
    }

    private Pair ReduceNarrow(Moments moments, nint set, Block block)
    {
        bool inOnePiece = block.Segments == 1 || geometry.SegmentStride == block.Length;
        if (!inOnePiece || !gradients.LoadInputs<TNarrow>() || !rule.HandsGradientsOn)
            return ReduceThroughScratch<TNarrow>(moments, set, block);
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        ReadOnlySpan<TNarrow> weights = WeightsByElement
            ? affine.Weights<TNarrow>(geometry.FirstParameter(set) + block.Start, block.Count, default)
            : default;
        return SumOf(moments, gradients.Dy.Direct<T>(offset, block.Count), gradients.X.Direct<T>(offset, block.Count), weights);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private Pair ReduceThroughScratch<TCompute>(Moments moments, nint set, Block block)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> g = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> inputs = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> weights = stackalloc TCompute[BlockPlan.BlockLength];
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        int count = RowMoments.Pack(gradients.X, default, block, offset, geometry.SegmentStride, inputs);
        RowMoments.Pack(gradients.Dy, default, block, offset, geometry.SegmentStride, g);
        if (block.Segments == 1)
        {
            nint ahead = RowMoments.Ahead(geometry, block);
            gradients.X.Prefetch(offset + ahead, block.Length);
            gradients.Dy.Prefetch(offset + ahead, block.Length);
        }
        nint parameter = geometry.FirstParameter(set) + FirstOf(block);
        if (rule.Activation.IsPresent)
            ThroughActivation<TCompute>(moments, parameter, inputs[..count], g[..count], weights);
        if (WeightsByElement)
            affine.Weights(parameter, count, weights).CopyTo(weights);
        if (rule.Mask.IsPresent)
        {
            // All three in the same way: what is left of a packed block are the elements that forward summed.
            int kept = 0;
            for (int segment = 0, at = 0; segment < block.Segments; segment++, at += block.Length)
            {
                nint from = offset + (segment * geometry.SegmentStride);
                Span<TCompute> ofInputs = inputs.Slice(at, block.Length), ofGradients = g.Slice(at, block.Length);
                int left = rule.Mask.Compress(from, ofInputs);
                rule.Mask.Compress(from, ofGradients);
                if (WeightsByElement)
                    rule.Mask.Compress(from, weights.Slice(at, block.Length));
                ofInputs[..left].CopyTo(inputs[kept..]);
                ofGradients[..left].CopyTo(g[kept..]);
                kept += left;
            }
            count = kept;
        }
        return count == 0 ? default : SumOf<TCompute, TCompute>(moments, g[..count], inputs[..count], WeightsByElement ? weights[..count] : default);
    }

    /// <summary>Which of a set's parameters is the first that a block needs.</summary>
    private nint FirstOf(Block block) => geometry.Affine switch { AffineAxis.Set => 0, AffineAxis.Segment => block.FirstSegment, _ => block.Start };

    private static Pair SumOf<TStored, TCompute>(
        Moments moments, ReadOnlySpan<TStored> g, ReadOnlySpan<TStored> inputs, ReadOnlySpan<TCompute> weights)
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        ref TStored firstG = ref MemoryMarshal.GetReference(g);
        ref TStored firstX = ref MemoryMarshal.GetReference(inputs);
        Centre<TCompute> centre = new(moments);
        return Pair.From(weights.IsEmpty
            ? Sums.AlongRow<TCompute, RowGradients.Uniform<TStored, TCompute>>(g.Length, new(ref firstG, ref firstX, centre.High))
            : Sums.AlongRow<TCompute, RowGradients.ByElement<TStored, TCompute>>(
                g.Length, new(ref firstG, ref firstX, ref MemoryMarshal.GetReference(weights), centre.High))).About(centre.Low);
    }

    /// <summary>Multiplies gradients by the slope of the activation at the values that were normalized from x.</summary>
    [SkipLocalsInit]
    private void ThroughActivation<TCompute>(Moments moments, nint parameter, ReadOnlySpan<TCompute> inputs, Span<TCompute> g, Span<TCompute> forWeights)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> z = stackalloc TCompute[BlockPlan.BlockLength];
        z = z[..inputs.Length];
        double factor = rule.Scaling.Factor(moments);
        if (WeightsByElement)
        {
            Span<TCompute> forBiases = stackalloc TCompute[BlockPlan.BlockLength];
            RowMaps.ByElement(
                inputs, z, new(moments), factor, affine.Weights(parameter, z.Length, forWeights), affine.Biases(parameter, z.Length, forBiases));
        }
        else
        {
            bool none = geometry.Affine == AffineAxis.Element;
            RowMaps.Uniform(inputs, z, new Centre<TCompute>(moments), factor, none ? 1 : affine.Weight(parameter), none ? 0 : affine.Bias(parameter));
        }
        rule.Activation.Gradient<TCompute>(z, g);
    }

    /// <summary>Kernels take dy and x where they lie, and leave dx where it goes. (A loop of its own, for a frame without the scratch of the other.)</summary>
    private void ApplyDirect(Moments moments, Pair shares, nint set, Block block)
    {
        DxOfRun<TNarrow> values = new(rule.Scaling, moments, shares);
        bool past = gradients.Dx.WritesPast<T>();
        nint parameter = geometry.FirstParameter(set) + FirstOf(block);
        nint step = geometry.Affine == AffineAxis.Segment ? 1 : 0;
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        for (int segment = 0; segment < block.Segments; segment++, offset += geometry.SegmentStride, parameter += step)
        {
            Write(
                values, parameter, gradients.Dy.Direct<T>(offset, block.Length), gradients.X.Direct<T>(offset, block.Length),
                gradients.Dx.Direct<T>(offset, block.Length), default, past);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private void ApplyThroughScratch<TCompute>(Moments moments, Pair shares, nint set, Block block)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> forGradients = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> forInputs = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> forWeights = stackalloc TCompute[BlockPlan.BlockLength];
        DxOfRun<TCompute> values = new(rule.Scaling, moments, shares);
        bool past = gradients.Dx.WritesPast<TCompute>() && !rule.Mask.IsPresent, adds = !gradients.Addend.IsEmpty;
        nint parameter = geometry.FirstParameter(set) + FirstOf(block);
        nint step = geometry.Affine == AffineAxis.Segment ? 1 : 0;
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        for (int segment = 0; segment < block.Segments; segment++, offset += geometry.SegmentStride, parameter += step)
        {
            ReadOnlySpan<TCompute> dy = gradients.Dy.Read(offset, block.Length, forGradients);
            ReadOnlySpan<TCompute> x = gradients.X.Read(offset, block.Length, forInputs);
            if (rule.Activation.IsPresent)
            {
                dy.CopyTo(forGradients);
                ThroughActivation(moments, parameter, x, forGradients[..block.Length], forWeights);
                dy = forGradients[..block.Length];
            }
            Span<TCompute> result = gradients.Dx.Target(offset, block.Length, forGradients);
            // What is added may lie where the result goes, and is still needed then.
            Span<TCompute> to = adds ? forGradients[..block.Length] : result;
            Write(values, parameter, dy, x, to, forWeights, past && !adds);
            if (adds)
                RowMaps.Add(to, gradients.Addend.Read(offset, block.Length, forInputs), result, past);
            if (rule.Mask.IsPresent)
                rule.Mask.Clear(offset, result);
            gradients.Dx.Write<TCompute>(offset, result);
        }
    }

    /// <summary>What dx needs besides dy, x and weights.</summary>
    private readonly struct DxOfRun<TCompute>(Scaling scaling, in Moments moments, Pair shares)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly Centre<TCompute> centre = new(moments);

        public double Factor { get; } = scaling.Factor(moments);

        public TCompute Centre => centre.High;

        public TCompute Offset => TCompute.CreateTruncating(shares.First - (centre.Low * shares.Second));

        public TCompute Slope => TCompute.CreateTruncating(shares.Second);
    }

    private void Write<TStored, TCompute>(
        in DxOfRun<TCompute> values, nint parameter, ReadOnlySpan<TStored> dy, ReadOnlySpan<TStored> x, Span<TStored> to, Span<TCompute> forWeights, bool past)
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        ref TStored g = ref MemoryMarshal.GetReference(dy);
        ref TStored d = ref MemoryMarshal.GetReference(x);
        if (WeightsByElement)
        {
            ref TCompute weight = ref MemoryMarshal.GetReference(affine.Weights(parameter, to.Length, forWeights));
            Map.Row<TStored, TCompute, RowGradients.DxByElement<TStored, TCompute>>(
                to, new(ref g, ref d, ref weight, values.Centre, TCompute.CreateTruncating(values.Factor), values.Offset, values.Slope), past);
            return;
        }
        TCompute scale = TCompute.CreateTruncating(values.Factor * (geometry.Affine == AffineAxis.Element ? 1 : affine.Weight(parameter)));
        if (statistics.Fixed)
            Map.Row<TStored, TCompute, RowGradients.Scaled<TStored, TCompute>>(to, new(ref g, scale), past);
        else
            Map.Row<TStored, TCompute, RowGradients.DxUniform<TStored, TCompute>>(to, new(ref g, ref d, values.Centre, scale, values.Offset, values.Slope), past);
    }
}
