using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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
/// <param name="partial">Room for the sums of each block of a slot.</param>
/// <param name="coefficients">Room for the two sums' share in dx, a slot.</param>
/// <param name="parameters">Takes the sums for weight and bias of each batch, where they are wanted and shared by a run.</param>
/// <param name="given">The two sums of each set where they are known, and a set is a run; else null.</param>
internal readonly struct RowBackward<T, TNarrow>(
    NormGeometry geometry, Gradients<T> gradients, Affine<TNarrow> affine, Rule rule,
    StatisticsStore statistics, BlockSums[] partial, Pair[] coefficients, ParameterSums parameters, Pair[]? given = null)
    : ISummingKernel
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    /// <summary>The most runs of a set whose sums have room on the stack.</summary>
    private const int MostOnStack = 64;

    private readonly NormGeometry geometry = geometry;
    private readonly BlockPlan plan = Plan(geometry);

    /// <summary>A block has one weight, so segments with a weight each are not packed.</summary>
    public static BlockPlan Plan(in NormGeometry geometry) =>
        new(geometry.Segments, geometry.Length, mayPack: geometry.Affine == AffineAxis.Set);

    /// <summary>Whether each element of a run has its own weight; where sets are columns, each column is a run with one.</summary>
    private bool WeightsByElement => geometry.Affine == AffineAxis.Element && affine.IsPresent && !geometry.IsColumnar;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Reduce(nint slot, nint unit, int block)
    {
        Moments moments = statistics.Of(slot, unit);
        Block at = plan[block];
        bool isContiguous = at.Segments == 1 || geometry.SegmentStride == at.Length;
        partial[(slot * plan.Blocks) + block] = isContiguous && gradients.LoadInputs<TNarrow>() && rule.HandsGradientsOn
            ? ReduceDirect(moments, unit, at)
            : rule.Activation.IsPresent && Scaling.NeedsDouble<TNarrow>(rule.Scaling.Factor(moments))
            ? ReduceThroughScratch<double>(moments, unit, at)
            : ReduceThroughScratch<TNarrow>(moments, unit, at);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    public void Combine(nint slot, nint unit)
    {
        Moments moments = statistics.Of(slot, unit);
        double factor = rule.Scaling.Factor(moments);
        ReadOnlySpan<BlockSums> blocks = given is null ? partial.AsSpan((int)(slot * plan.Blocks), plan.Blocks) : default;
        (nint batch, nint inBatch) = Math.DivRem(unit, geometry.SetsPerBatch);
        nint first = inBatch * geometry.AffinePerSet, firstParameter = geometry.FirstParameter(unit);
        int runs = geometry.Affine == AffineAxis.Segment ? (int)geometry.Segments : 1, blocksPerRun = blocks.Length / runs;
        Span<double> ofBias = parameters.IsPresent ? parameters.Bias(batch, first, runs) : default, ofWeight = parameters.IsPresent ? parameters.Weight(batch, first, runs) : default;
        using Rented<Pair> manyPairs = new(runs <= MostOnStack ? 0 : runs);
        using Rented<double> manyWeights = new(runs <= MostOnStack ? 0 : runs);
        Span<Pair> pairs = runs <= MostOnStack ? stackalloc Pair[runs] : manyPairs.Array.AsSpan(0, runs);
        Span<double> weights = runs <= MostOnStack ? stackalloc double[runs] : manyWeights.Array.AsSpan(0, runs);
        for (int run = 0; run < runs; run++)
        {
            weights[run] = geometry.Affine == AffineAxis.Element ? 1 : affine.Weight(firstParameter + run);
            pairs[run] = given is not null ? given[unit] : PairOf(unit, moments, run * blocksPerRun, BlockSums.Of(blocks.Slice(run * blocksPerRun, blocksPerRun)), blocksPerRun);
            if (!ofBias.IsEmpty)
                (ofBias[run], ofWeight[run]) = (pairs[run].First, pairs[run].Second * factor);
        }
        coefficients[slot] = statistics.Fixed ? default : rule.Scaling.Coefficients(RoundedOnce.Total(weights, pairs), moments, factor);
    }

    public void TotalsOf(nint slot, nint unit, BlockSums[] ofSets) => ofSets[unit] = BlockSums.Of(partial.AsSpan((int)(slot * plan.Blocks), plan.Blocks));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Apply(nint slot, nint unit, int block)
    {
        if (gradients.Dx.IsEmpty)
            return;
        Moments moments = statistics.Of(slot, unit);
        if (Scaling.NeedsDouble<TNarrow>(rule.Scaling.Factor(moments)))
            ApplyThroughScratch<double>(moments, coefficients[slot], unit, plan[block]);
        else if (gradients.LoadAll<TNarrow>() && gradients.Addend.IsEmpty && rule.HandsGradientsOn)
            ApplyDirect(moments, coefficients[slot], unit, plan[block]);
        else
            ApplyThroughScratch<TNarrow>(moments, coefficients[slot], unit, plan[block]);
    }

    /// <summary>Contiguous sets of one block and one run, with their gradients in place.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool TryRun(nint slot, nint start, nint end)
    {
        bool isContiguous = geometry.Segments == 1 || geometry.SegmentStride == geometry.Length;
        if (geometry.Affine == AffineAxis.Segment || !isContiguous || gradients.Dx.IsEmpty || !gradients.LoadAll<TNarrow>()
            || !gradients.Addend.IsEmpty || !rule.HandsGradientsOn || statistics.Fixed)
        {
            return false;
        }
        bool ofSet = geometry.Affine == AffineAxis.Set, byElement = WeightsByElement, past = gradients.Dx.WritesPast<T>();
        int count = (int)(geometry.Segments * geometry.Length);
        for (nint unit = start; unit < end; unit++)
        {
            Moments moments = statistics.Of(slot, unit);
            double factor = rule.Scaling.Factor(moments);
            nint offset = geometry.Offset(unit, 0), parameter = affine.IsPresent ? geometry.FirstParameter(unit) : 0;
            ReadOnlySpan<T> dy = gradients.Dy.Direct<T>(offset, count), x = gradients.X.Direct<T>(offset, count);
            ReadOnlySpan<TNarrow> weights = byElement ? affine.Weights<TNarrow>(parameter, count, default) : default;
            Pair pair = PairOf(unit, moments, firstBlock: 0, SumOf(moments, dy, x, weights), count: 1);
            if (parameters.IsPresent)
            {
                (nint batch, nint inBatch) = Math.DivRem(unit, geometry.SetsPerBatch);
                parameters.Bias(batch, inBatch, 1)[0] = pair.First;
                parameters.Weight(batch, inBatch, 1)[0] = pair.Second * factor;
            }
            double weight = ofSet ? affine.Weight(parameter) : 1;
            Pair shares = rule.Scaling.Coefficients(RoundedOnce.Total([weight], [pair]), moments, factor);
            if (Scaling.NeedsDouble<TNarrow>(factor))
                ApplyThroughScratch<double>(moments, shares, unit, plan[0]);
            else
                Write(new DxOfRun<TNarrow>(rule.Scaling, moments, shares), parameter, dy, x, gradients.Dx.Direct<T>(offset, count), default, past);
        }
        return true;
    }

    /// <summary>The two sums of a run: its blocks from <paramref name="firstBlock"/> on, which sum to <paramref name="sums"/>. Statistics that were given
    /// are not the run's own and give no scale to round by.</summary>
    private Pair PairOf(nint unit, in Moments moments, int firstBlock, in BlockSums sums, int count)
    {
        double low = new Centre<TNarrow>(moments).Low;
        if (typeof(TNarrow) != typeof(float) || statistics.Fixed)
            return new(sums.First, sums.Second - (low * sums.First));
        return Certainty.TryPair(sums, moments, low, BlockSums.Chain(count), out Pair pair) && Certainty.ForcedLevel < 2
            ? pair
            : double.IsFinite(sums.Third) && double.IsFinite(moments.M2) ? Again(unit, moments, new RunOfBlocks(plan, firstBlock, count)) : pair;
    }

    /// <summary>Levels 2 and 3 for a run that lies in columns: those of a set from <paramref name="first"/> on, in each segment.</summary>
    public Pair AgainByColumns(nint set, int first, int columns) => Again(set, statistics.Of(0, set), new RunOfColumns(geometry, first, columns));

    /// <summary>Adds a set, which is one run, to exact sums.</summary>
    public void AddExact(nint set, ExactGradients exact) => Again(set, statistics.Of(0, set), new RunOfBlocks(plan, 0, plan.Blocks), exact);

    /// <summary>Levels 2 and 3: compensated sums, and, where these leave a doubt too, exact ones.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private Pair Again<TBlocks>(nint set, in Moments moments, TBlocks blocks, ExactGradients? exact = null) where TBlocks : struct, IRunBlocks =>
        rule.Activation.IsPresent && Scaling.NeedsDouble<TNarrow>(rule.Scaling.Factor(moments))
            ? Again<double, TBlocks>(set, moments, blocks, exact)
            : Again<TNarrow, TBlocks>(set, moments, blocks, exact);

    [SkipLocalsInit]
    private Pair Again<TCompute, TBlocks>(nint set, in Moments moments, TBlocks blocks, ExactGradients? exact)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
        where TBlocks : struct, IRunBlocks
    {
        Span<TCompute> g = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> inputs = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> weights = stackalloc TCompute[BlockPlan.BlockLength];
        Centre<TNarrow> centre = new(moments);
        double high = double.CreateTruncating(centre.High);
        CompensatedSum first = default, second = default, third = default;
        while (true)
        {
            long count = 0;
            for (int i = 0; i < blocks.Count; i++)
            {
                Block block = blocks[i];
                int length = Gather(moments, set, block, g, inputs, weights);
                double ofRun = geometry.HasRowWeights ? affine.Weight(geometry.FirstParameter(set) + block.FirstSegment) : 1;
                count += length;
                for (int k = 0; k < length; k++)
                {
                    // A double holds the product of a gradient and a weight exactly.
                    double x = double.CreateTruncating(inputs[k]), gradient = double.CreateTruncating(g[k]) * (WeightsByElement ? double.CreateTruncating(weights[k]) : ofRun);
                    if (exact is not null)
                    {
                        exact.Add(gradient, x);
                        continue;
                    }
                    first.Add(gradient);
                    second.AddProduct(gradient, x - high);
                    third.AddProduct(gradient, gradient);
                }
            }
            if (exact is not null)
                return exact.PairOf(moments);
            if (Certainty.TryPair(new(count, first.Value, second.Value, third.Value), moments, centre.Low, Certainty.Compensated, out Pair pair) && Certainty.ForcedLevel < 3)
                return pair;
            exact = new();
        }
    }

    private BlockSums ReduceDirect(Moments moments, nint set, Block block)
    {
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        ReadOnlySpan<TNarrow> weights = WeightsByElement
            ? affine.Weights<TNarrow>(geometry.FirstParameter(set) + block.Start, block.Count, default)
            : default;
        return SumOf(moments, gradients.Dy.Direct<T>(offset, block.Count), gradients.X.Direct<T>(offset, block.Count), weights);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private BlockSums ReduceThroughScratch<TCompute>(Moments moments, nint set, Block block)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> g = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> inputs = stackalloc TCompute[BlockPlan.BlockLength];
        Span<TCompute> weights = stackalloc TCompute[BlockPlan.BlockLength];
        int count = Gather(moments, set, block, g, inputs, weights);
        if (block.Segments == 1)
        {
            nint offset = geometry.Offset(set, block.FirstSegment) + block.Start, ahead = SetMoments.Ahead(geometry, block);
            gradients.X.Prefetch(offset + ahead, block.Length);
            gradients.Dy.Prefetch(offset + ahead, block.Length);
        }
        return count == 0 ? default : SumOf<TCompute, TCompute>(moments, g[..count], inputs[..count], WeightsByElement ? weights[..count] : default);
    }

    /// <summary>Copies the elements of a block that take part: gradients, taken through the activation, inputs and, where each has its own, weights.</summary>
    /// <returns>How many there are.</returns>
    private int Gather<TCompute>(Moments moments, nint set, Block block, Span<TCompute> g, Span<TCompute> inputs, Span<TCompute> weights)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        nint offset = geometry.Offset(set, block.FirstSegment) + block.Start;
        int count = SetMoments.Pack(gradients.X, default, block, offset, geometry.SegmentStride, inputs);
        SetMoments.Pack(gradients.Dy, default, block, offset, geometry.SegmentStride, g);
        nint parameter = geometry.FirstParameter(set) + FirstOf(block);
        if (rule.Activation.IsPresent)
            ThroughActivation(moments, parameter, inputs[..count], g[..count], weights);
        if (WeightsByElement)
            affine.Weights(parameter, count, weights).CopyTo(weights);
        if (!rule.Mask.IsPresent)
            return count;
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
        return kept;
    }

    /// <summary>Which of a set's parameters is the first that a block needs.</summary>
    private nint FirstOf(Block block) => geometry.Affine switch { AffineAxis.Set => 0, AffineAxis.Segment => block.FirstSegment, _ => block.Start };

    /// <summary>About the mean's high part, in a float's sets in any shape, unless nothing is made certain of it.</summary>
    private BlockSums SumOf<TStored, TCompute>(
        Moments moments, ReadOnlySpan<TStored> g, ReadOnlySpan<TStored> inputs, ReadOnlySpan<TCompute> weights)
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        ref TStored firstG = ref MemoryMarshal.GetReference(g);
        ref TStored firstX = ref MemoryMarshal.GetReference(inputs);
        double centre = double.CreateTruncating(new Centre<TNarrow>(moments).High);
        bool anyShape = typeof(TNarrow) == typeof(float) && !statistics.Fixed;
        return weights.IsEmpty
            ? Sums.AlongRun(g.Length, new RowGradients.Uniform<TStored>(ref firstG, ref firstX, centre), anyShape)
            : Sums.AlongRun(g.Length, new RowGradients.ByElement<TStored, TCompute>(ref firstG, ref firstX, ref MemoryMarshal.GetReference(weights), centre), anyShape);
    }

    /// <summary>Multiplies gradients by the slope of the activation at the values that were normalized from x.</summary>
    [SkipLocalsInit]
    private void ThroughActivation<TCompute>(Moments moments, nint parameter, ReadOnlySpan<TCompute> inputs, Span<TCompute> g, Span<TCompute> forWeights)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> z = stackalloc TCompute[BlockPlan.BlockLength];
        z = z[..inputs.Length];
        double factor = rule.Scaling.Factor(moments);
        if (geometry.HasRowWeights && affine.IsPresent)
        {
            // A row of a matrix whose columns are normalized: one weight, used as where each element has its own.
            Span<TCompute> forBiases = stackalloc TCompute[z.Length];
            forWeights[..z.Length].Fill(TCompute.CreateTruncating(affine.Weight(parameter)));
            forBiases.Fill(TCompute.CreateTruncating(affine.Bias(parameter)));
            RowMaps.ByElement<TCompute, TCompute>(inputs, z, new(moments), factor, forWeights[..z.Length], forBiases);
        }
        else if (WeightsByElement)
        {
            Span<TCompute> forBiases = stackalloc TCompute[BlockPlan.BlockLength];
            RowMaps.ByElement(
                inputs, z, new(moments), factor, affine.Weights(parameter, z.Length, forWeights), affine.Biases(parameter, z.Length, forBiases));
        }
        else
        {
            bool none = geometry.Affine == AffineAxis.Element && !geometry.IsColumnar;
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
            Map.Run<TStored, TCompute, RowGradients.DxByElement<TStored, TCompute>>(
                to, new(ref g, ref d, ref weight, values.Centre, TCompute.CreateTruncating(values.Factor), values.Offset, values.Slope), past);
            return;
        }
        TCompute scale = TCompute.CreateTruncating(values.Factor * (geometry.Affine == AffineAxis.Element ? 1 : affine.Weight(parameter)));
        if (statistics.Fixed)
            Map.Run<TStored, TCompute, RowGradients.Scaled<TStored, TCompute>>(to, new(ref g, scale), past);
        else
            Map.Run<TStored, TCompute, RowGradients.DxUniform<TStored, TCompute>>(to, new(ref g, ref d, values.Centre, scale, values.Offset, values.Slope), past);
    }
}
