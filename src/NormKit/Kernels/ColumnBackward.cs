using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>The gradient of <see cref="ColumnForward{T, TNarrow}"/>, by the formulas of <see cref="RowBackward{T, TNarrow}"/>.</summary>
/// <param name="geometry">Who shares statistics and weights.</param>
/// <param name="units">How it is cut.</param>
/// <param name="gradients">The gradient of the output, the input, and where its gradient goes.</param>
/// <param name="affine">Weight and bias of the forward call.</param>
/// <param name="rule">That of the forward call.</param>
/// <param name="statistics">Those of the forward call.</param>
/// <param name="partial">Room for the sums of each column of each block of a slot.</param>
/// <param name="coefficients">Room for the two sums' share in dx, of each set of a slot.</param>
/// <param name="constants">Room for the constants of each column of a slot.</param>
/// <param name="inDouble">Of each set of <paramref name="statistics"/> whether it is computed in double.</param>
/// <param name="parameters">Takes the sums for weight and bias of each batch, where they are wanted and not those of rows.</param>
/// <param name="given">The two sums of each set where they are known, and a set is a run; else null.</param>
internal readonly struct ColumnBackward<T, TNarrow>(
    NormGeometry geometry, ColumnUnits units, Gradients<T> gradients, Affine<TNarrow> affine, Rule rule,
    StatisticsStore statistics, double[] partial, Pair[] coefficients, TNarrow[] constants, bool[] inDouble, ParameterSums parameters, Pair[]? given = null)
    : ISummingKernel
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    // What dx = g * Scale - Offset - (x - High) * Slope needs for each column; RowBackward has the same. With an activation, what was normalized
    // is computed again: (x - High) * Scale + Shift.
    private const int High = 0, Scale = 1, Offset = 2, Slope = 3, Shift = 4, Kinds = 5;

    /// <summary>The sums of a column: of gradients, of these times deviations, and of their squares.</summary>
    public const int SumsPerColumn = 3;

    /// <summary>The most runs of a set whose sums have room on the stack.</summary>
    private const int MostOnStack = 64;

    private readonly NormGeometry geometry = geometry;
    private readonly ColumnUnits units = units;
    private readonly nint rowLength = geometry.Columns;
    private readonly int blocks = ColumnTiles.Blocks(geometry.Segments);

    /// <summary>How many constants <c>constants</c> has room for, a slot.</summary>
    public static nint ConstantsPerSlot(ColumnUnits units) => Kinds * ColumnTiles.Span(units.Columns, ColumnTiles.Width);

    /// <summary>Whether the rows of a batch have weights, in place of its columns.</summary>
    private bool WeightsByRow => geometry.Affine == AffineAxis.Segment;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Reduce(nint slot, nint unit, int block)
    {
        ColumnUnit of = units[unit];
        Span<double> sums = ColumnSums.OfBlock(partial, slot, block, blocks, units.Columns, SumsPerColumn);
        sums.Clear();
        ReadOnlySpan<Moments> sets = statistics.AllOf(slot, of.FirstSet, of.Sets);
        ReadOnlySpan<bool> flags = FlagsOf(of);
        for (int set = 0; set < flags.Length;)
        {
            ColumnRun run = ColumnTiles.NextRun(flags, geometry.Length, ref set);
            if (run.Wide && rule.Activation.IsPresent)
                ReduceIn<double>(of, block, run, sets, sums);
            else
                ReduceIn<TNarrow>(of, block, run, sets, sums);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Combine(nint slot, nint unit)
    {
        ColumnUnit of = units[unit];
        ReadOnlySpan<Moments> sets = statistics.AllOf(slot, of.FirstSet, of.Sets);
        Span<Pair> means = MeansOf(slot, of);
        means.Clear();
        if (given is not null)
            TakeGiven(of, sets, means);
        else if (!statistics.Fixed || parameters.IsPresent)
            Gather(of, sets, ColumnSums.Total(partial, slot, blocks, units.Columns, SumsPerColumn), means);
        ColumnConstants<TNarrow> ofSlot = ConstantsOf(slot);
        for (int set = 0; set < sets.Length && !gradients.Dx.IsEmpty; set++)
            Fill(sets[set], means[set], of, set, ofSlot, firstColumn: 0);
        if (of.Columns == rowLength)    // else no two rows are written as one
            ofSlot.Repeat(of.Columns);
    }

    public void TotalsOf(nint slot, nint unit, BlockSums[] ofSets)
    {
        ColumnUnit of = units[unit];
        ReadOnlySpan<double> sums = ColumnSums.Total(partial, slot, blocks, units.Columns, SumsPerColumn);
        for (int set = 0; set < of.Sets; set++)
            ofSets[of.FirstSet + set] = TotalOf(sums, set * (int)geometry.Length, (int)geometry.Length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Apply(nint slot, nint unit, int block)
    {
        if (gradients.Dx.IsEmpty)
            return;
        ColumnUnit of = units[unit];
        ReadOnlySpan<Moments> sets = statistics.AllOf(slot, of.FirstSet, of.Sets);
        ReadOnlySpan<bool> flags = FlagsOf(of);
        for (int set = 0; set < flags.Length;)
        {
            int first = set;
            ColumnRun run = ColumnTiles.NextRun(flags, geometry.Length, ref set);
            if (run.Wide)
                ApplyWide(of, block, run, sets, MeansOf(slot, of), first..set);
            else
                ApplyIn(of, block, run, ConstantsOf(slot).From(run.First));
        }
    }

    /// <summary>From the sums of the columns: the gradients of their parameters, and of each set the two shares that dx needs.</summary>
    [SkipLocalsInit]
    private void Gather(ColumnUnit of, ReadOnlySpan<Moments> sets, ReadOnlySpan<double> columnSums, Span<Pair> means)
    {
        bool byColumn = geometry.Affine == AffineAxis.Element;
        // Where rows have the weights, their gradients are not summed here.
        nint first = WeightsByRow ? 0 : byColumn ? of.FirstColumn : of.FirstOfBatch;
        int count = byColumn ? of.Columns : of.Sets;
        Span<double> ofBias = parameters.IsPresent ? parameters.Bias(of.Batch, first, count) : default, ofWeight = parameters.IsPresent ? parameters.Weight(of.Batch, first, count) : default;
        nint firstParameter = geometry.FirstParameterOfBatch(of.Batch) + first;
        int length = (int)geometry.Length, runs = byColumn ? length : 1, columnsPerRun = length / runs, chain = ColumnSums.Chain(blocks) + columnsPerRun;
        using Rented<Pair> manyPairs = new(runs <= MostOnStack ? 0 : runs);
        using Rented<double> manyWeights = new(runs <= MostOnStack ? 0 : runs);
        Span<Pair> pairs = runs <= MostOnStack ? stackalloc Pair[runs] : manyPairs.Array.AsSpan(0, runs);
        Span<double> weights = runs <= MostOnStack ? stackalloc double[runs] : manyWeights.Array.AsSpan(0, runs);
        for (int set = 0; set < sets.Length; set++)
        {
            if (length == 1 && sets.Length - set >= Vector256<double>.Count
                && TryFour(sets.Slice(set, Vector256<double>.Count), columnSums, set, chain, firstParameter, ofBias, ofWeight, means))
            {
                set += Vector256<double>.Count - 1;
                continue;
            }
            double factor = rule.Scaling.Factor(sets[set]);
            for (int run = 0; run < runs; run++)
            {
                BlockSums total = TotalOf(columnSums, (set * length) + (run * columnsPerRun), columnsPerRun);
                int parameter = (set * runs) + run;
                weights[run] = WeightsByRow ? 1 : affine.Weight(firstParameter + parameter);
                pairs[run] = PairOf(of.FirstSet + set, sets[set], run * columnsPerRun, columnsPerRun, total, chain);
                if (!ofBias.IsEmpty)
                    (ofBias[parameter], ofWeight[parameter]) = (pairs[run].First, pairs[run].Second * factor);
            }
            means[set] = statistics.Fixed ? default : rule.Scaling.Coefficients(RoundedOnce.Total(weights, pairs), sets[set], factor);
        }
    }

    /// <summary>The shares that dx needs, from the sums that were given.</summary>
    private void TakeGiven(ColumnUnit of, ReadOnlySpan<Moments> sets, Span<Pair> means)
    {
        nint firstParameter = geometry.FirstParameterOfBatch(of.Batch) + of.FirstOfBatch;
        for (int set = 0; set < sets.Length; set++)
        {
            Pair total = RoundedOnce.Total([affine.Weight(firstParameter + set)], [given![of.FirstSet + set]]);
            means[set] = rule.Scaling.Coefficients(total, sets[set], rule.Scaling.Factor(sets[set]));
        }
    }

    /// <summary>The sums of some columns.</summary>
    private BlockSums TotalOf(ReadOnlySpan<double> sums, int column, int columns)
    {
        BlockSums total = default;
        for (int i = column; i < column + columns; i++)
            total += new BlockSums(geometry.Segments, sums[i], sums[units.Columns + i], sums[(2 * units.Columns) + i]);
        return total;
    }

    /// <summary>The same for four sets of floats of a column each, if their sums are certain.</summary>
    private bool TryFour(
        ReadOnlySpan<Moments> sets, ReadOnlySpan<double> sums, int column, int chain, nint firstParameter, Span<double> ofBias, Span<double> ofWeight, Span<Pair> means)
    {
        if (typeof(TNarrow) != typeof(float) || statistics.Fixed || rule.Scaling.Spread == Spread.Length || Certainty.ForcedLevel > 1)
            return false;
        ref double first = ref MemoryMarshal.GetReference(sums);
        Vector256<double> m2 = Vector256.Create(sets[0].M2, sets[1].M2, sets[2].M2, sets[3].M2);
        Vector256<double> low = Vector256.Create(
            new Centre<TNarrow>(sets[0]).Low, new Centre<TNarrow>(sets[1]).Low, new Centre<TNarrow>(sets[2]).Low, new Centre<TNarrow>(sets[3]).Low);
        if (!Certainty.TryFourPairs(
            Vector256.LoadUnsafe(ref first, (nuint)column), Vector256.LoadUnsafe(ref first, (nuint)(units.Columns + column)),
            Vector256.LoadUnsafe(ref first, (nuint)((2 * units.Columns) + column)), m2, low, geometry.Segments, chain, out Vector256<double> a, out Vector256<double> b))
        {
            return false;
        }
        Vector256<double> n = Vector256.Create((double)geometry.Segments), spread = Vector256.Sqrt((m2 / n) + Vector256.Create(rule.Scaling.Eps));
        Vector256<double> factor = Vector256<double>.One / spread, weight = WeightsByRow ? Vector256<double>.One : affine.FourWeights(firstParameter + column);
        if (!ofBias.IsEmpty)
        {
            a.CopyTo(ofBias[column..]);
            (b * factor).CopyTo(ofWeight[column..]);
        }
        // As Scaling.Coefficients has it.
        Vector256<double> zero = Vector256<double>.Zero, offset = rule.Scaling.IsCentred ? ((weight * a) + zero) / n * factor : zero;
        Vector256<double> slope = ((weight * b) + zero) / n * factor * factor * factor;
        for (int i = 0; i < sets.Length; i++)
            means[column + i] = new(offset.GetElement(i), slope.GetElement(i));
        return true;
    }

    /// <summary>The two sums of a run, as <see cref="RowBackward{T, TNarrow}"/> has them.</summary>
    private Pair PairOf(nint set, in Moments moments, int firstColumn, int columns, in BlockSums sums, int chain)
    {
        double low = new Centre<TNarrow>(moments).Low;
        if (typeof(TNarrow) != typeof(float) || statistics.Fixed)
            return new(sums.First, sums.Second - (low * sums.First));
        return Certainty.TryPair(sums, moments, low, chain, out Pair pair) && Certainty.ForcedLevel < 2
            ? pair
            : double.IsFinite(sums.Third) && double.IsFinite(moments.M2) ? Again(set, firstColumn, columns) : pair;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Pair Again(nint set, int firstColumn, int columns) =>
        new RowBackward<T, TNarrow>(geometry, gradients, affine, rule, statistics, [], [], default).AgainByColumns(set, firstColumn, columns);

    [SkipLocalsInit]
    private void ReduceIn<TCompute>(ColumnUnit of, int block, ColumnRun run, ReadOnlySpan<Moments> sets, Span<double> sums)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        int rows = ColumnTiles.RowsOf(geometry.Segments, block);
        nint offset = of.Offset(block);
        nint firstRow = geometry.FirstParameterOfBatch(of.Batch) + ((nint)block * ColumnTiles.RowsPerBlock);
        bool byRow = WeightsByRow && affine.HasWeight, copied = rule.Activation.IsPresent, direct = !copied && gradients.LoadInputs<TNarrow>();
        int most = Math.Min(run.Width, direct ? ColumnTiles.Summed : ColumnTiles.Width), length = (int)geometry.Length;
        Span<double> highs = stackalloc double[most];
        Span<double> rowWeights = stackalloc double[ColumnTiles.RowsPerBlock];
        for (int row = 0; byRow && row < rows; row++)
            rowWeights[row] = affine.Weight(firstRow + row);
        for (int column = run.First; column < run.End; column += most)
        {
            int width = Math.Min(most, run.End - column);
            for (int i = 0; i < width;)
            {
                (int set, int inSet) = length == 1 ? (column + i, 0) : Math.DivRem(column + i, length);
                int count = Math.Min(length - inSet, width - i);
                highs.Slice(i, count).Fill(double.CreateTruncating(new Centre<TNarrow>(sets[set]).High));
                i += count;
            }
            Span<double> ofColumns = sums[column..];
            if (direct)
            {
                Reduce(
                    ref MemoryMarshal.GetReference(gradients.Dy.Direct<T>(offset + column, width)),
                    ref MemoryMarshal.GetReference(gradients.X.Direct<T>(offset + column, width)), rowLength, rows, width, highs, rowWeights, byRow, ofColumns);
                continue;
            }
            using ColumnTile<TCompute> g = ColumnTile<TCompute>.Of(gradients.Dy, offset + column, rows, width, copied: true, stride: rowLength);
            using ColumnTile<TCompute> d = ColumnTile<TCompute>.Of(gradients.X, offset + column, rows, width, copied: true, stride: rowLength);
            if (copied)
                ThroughActivation(of, firstRow, column, rows, sets, g, d);
            Reduce(ref g.Start, ref d.Start, g.Stride, rows, width, highs, rowWeights, byRow, ofColumns);
        }
    }

    private void Reduce<TStored>(
        ref TStored g, ref TStored x, nint stride, int rows, int columns, Span<double> highs, Span<double> rowWeights, bool byRow, Span<double> sums)
        where TStored : unmanaged
    {
        ref double first = ref sums[0], second = ref sums[units.Columns], third = ref sums[2 * units.Columns];
        int atOnce = Sums.RowsAtOnce(columns);
        for (int row = 0; row < rows; row += atOnce)
        {
            ref TStored firstG = ref Unsafe.Add(ref g, row * stride), firstX = ref Unsafe.Add(ref x, row * stride);
            int count = Math.Min(atOnce, rows - row);
            if (byRow)
                Sums.DownColumns(count, columns, ref first, ref second, ref third, new ColumnTerms.ByRow<TStored>(ref firstG, ref firstX, stride, ref highs[0], ref rowWeights[row]));
            else
                Sums.DownColumns(count, columns, ref first, ref second, ref third, new ColumnTerms.Uniform<TStored>(ref firstG, ref firstX, stride, ref highs[0]));
        }
    }

    /// <summary>Multiplies a tile of gradients by the slope of the activation at the values that were normalized from x.</summary>
    [SkipLocalsInit]
    private void ThroughActivation<TCompute>(
        ColumnUnit of, nint firstRow, int firstColumn, int rows, ReadOnlySpan<Moments> sets, ColumnTile<TCompute> g, ColumnTile<TCompute> x)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        int width = (int)g.Stride;
        Span<TCompute> room = stackalloc TCompute[Kinds * ColumnTiles.Width];
        Span<TCompute> z = stackalloc TCompute[ColumnTiles.Width];
        ColumnConstants<TCompute> ofTile = new(room, ColumnTiles.Width);
        int firstSet = firstColumn / (int)geometry.Length, lastSet = (firstColumn + width - 1) / (int)geometry.Length;
        for (int set = firstSet; set <= lastSet; set++)
            Fill(sets[set], default, of, set, ofTile, firstColumn);
        for (int row = 0; row < rows; row++)
        {
            Normalize(x.Row(row), z[..width], firstRow + row, ofTile);
            rule.Activation.Gradient<TCompute>(z[..width], g.Row(row));
        }
    }

    private void Normalize<TCompute>(ReadOnlySpan<TCompute> x, Span<TCompute> z, nint row, ColumnConstants<TCompute> constants)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute> => ColumnMaps.Normalize(
            x, z, constants[High], constants[Scale], constants[Shift], WeightsByRow && affine.IsPresent ? (affine.Weight(row), affine.Bias(row)) : null);

    private void ApplyWide(ColumnUnit of, int block, ColumnRun run, ReadOnlySpan<Moments> sets, ReadOnlySpan<Pair> means, Range ofRun)
    {
        int span = ColumnTiles.RowsAtOnce(run, rowLength, ColumnTiles.Width) * run.Width;
        double[] room = ArrayPool<double>.Shared.Rent(Kinds * span);
        ColumnConstants<double> constantsOfRun = new(room.AsSpan(0, Kinds * span), span);
        for (int set = ofRun.Start.Value; set < ofRun.End.Value; set++)
            Fill(sets[set], means[set], of, set, constantsOfRun, run.First);
        constantsOfRun.Repeat(run.Width);
        ApplyIn(of, block, run, constantsOfRun);
        ArrayPool<double>.Shared.Return(room);
    }

    [SkipLocalsInit]
    private void ApplyIn<TCompute>(ColumnUnit of, int block, ColumnRun run, ColumnConstants<TCompute> ofRun)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        int rows = ColumnTiles.RowsOf(geometry.Segments, block);
        bool byRow = WeightsByRow && affine.IsPresent;
        int rowsAtOnce = byRow ? 1 : ColumnTiles.RowsAtOnce(run, rowLength, ColumnTiles.Width);
        nint offset = of.Offset(block) + run.First;
        nint firstRow = geometry.FirstParameterOfBatch(of.Batch) + ((nint)block * ColumnTiles.RowsPerBlock);
        Span<TCompute> forGradients = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> forInputs = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> z = stackalloc TCompute[ColumnTiles.Width];
        bool past = gradients.Dx.WritesPast<TCompute>();
        for (int row = 0; row < rows; row += rowsAtOnce)
        {
            int length = Math.Min(rowsAtOnce, rows - row) * run.Width;
            TCompute weight = byRow ? TCompute.CreateTruncating(affine.Weight(firstRow + row)) : TCompute.One;
            for (int column = 0; column < length; column += ColumnTiles.Width)
            {
                nint at = offset + (row * rowLength) + column;
                int width = Math.Min(ColumnTiles.Width, length - column);
                ReadOnlySpan<TCompute> g = gradients.Dy.Read(at, width, forGradients), d = gradients.X.Read(at, width, forInputs);
                ColumnConstants<TCompute> from = ofRun.From(column);
                if (rule.Activation.IsPresent)
                {
                    g.CopyTo(forGradients);
                    Normalize(d, z[..width], firstRow + row, from);
                    rule.Activation.Gradient<TCompute>(z[..width], forGradients[..width]);
                    g = forGradients[..width];
                }
                Span<TCompute> to = gradients.Dx.Target(at, width, forGradients);
                ref TCompute firstG = ref MemoryMarshal.GetReference(g);
                if (statistics.Fixed)
                {
                    Map.Run<TCompute, TCompute, ColumnTerms.Scaled<TCompute>>(to, new(ref firstG, ref from[Scale][0]), past);
                }
                else
                {
                    ColumnTerms.Dx<TCompute> values = new(
                        ref firstG, ref MemoryMarshal.GetReference(d), ref from[High][0], ref from[Scale][0], ref from[Offset][0], ref from[Slope][0]);
                    if (byRow)
                        Map.Run<TCompute, TCompute, ColumnTerms.DxByRow<TCompute>>(to, new(values, weight), past);
                    else
                        Map.Run<TCompute, TCompute, ColumnTerms.Dx<TCompute>>(to, values, past);
                }
                gradients.Dx.Write<TCompute>(at, to);
            }
        }
    }

    private ReadOnlySpan<bool> FlagsOf(ColumnUnit of) => inDouble.AsSpan((int)(statistics.Fixed ? of.FirstOfBatch : of.FirstSet), of.Sets);

    private Span<Pair> MeansOf(nint slot, ColumnUnit of) => coefficients.AsSpan((int)(slot * units.Sets), of.Sets);

    private ColumnConstants<TNarrow> ConstantsOf(nint slot)
    {
        int span = ColumnTiles.Span(units.Columns, ColumnTiles.Width);
        return new(constants.AsSpan((int)(slot * Kinds * span), Kinds * span), span);
    }

    /// <summary>The constants of a set's columns, of which the first that there is room for is <paramref name="firstColumn"/>.</summary>
    private void Fill<TCompute>(in Moments moments, Pair means, ColumnUnit unit, int set, ColumnConstants<TCompute> of, int firstColumn)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        double factor = rule.Scaling.Factor(moments);
        nint parameter = geometry.FirstParameterOfBatch(unit.Batch);
        Centre<TCompute> centre = new(moments);
        // A tile may begin or end inside a set.
        int begin = Math.Max(0, (set * (int)geometry.Length) - firstColumn), end = Math.Min(of[High].Length, ((set + 1) * (int)geometry.Length) - firstColumn);
        of[High][begin..end].Fill(centre.High);
        of[Offset][begin..end].Fill(TCompute.CreateTruncating(means.First - (centre.Low * means.Second)));
        of[Slope][begin..end].Fill(TCompute.CreateTruncating(means.Second));
        for (int column = begin, count = geometry.Affine == AffineAxis.Element ? 1 : end - begin; column < end; column += count)
        {
            nint own = parameter + (geometry.Affine == AffineAxis.Element ? unit.FirstColumn + column + firstColumn : unit.FirstOfBatch + set);
            double scale = factor * (WeightsByRow ? 1 : affine.Weight(own));
            of[Scale].Slice(column, count).Fill(TCompute.CreateTruncating(scale));
            if (rule.Activation.IsPresent)
                of[Shift].Slice(column, count).Fill(TCompute.CreateTruncating((WeightsByRow ? affine.IsPresent ? -0.0 : 0 : affine.Bias(own)) - (centre.Low * scale)));
        }
    }
}
