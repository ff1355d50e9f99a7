using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>
/// Normalizes sets that lie side by side in every row of a matrix (<see cref="NormGeometry.IsColumnar"/>): lanes go across columns, sums go down
/// them, and the columns of a set are merged last. A unit is a part of a batch, a block some of its rows.
/// </summary>
/// <param name="geometry">Who shares statistics and weights.</param>
/// <param name="units">How it is cut.</param>
/// <param name="x">The input.</param>
/// <param name="y">The output.</param>
/// <param name="affine">Weight and bias.</param>
/// <param name="rule">How moments become a factor, and what follows.</param>
/// <param name="statistics">Where the moments of the sets go, or come from.</param>
/// <param name="partial">Room for the sums of each column of each block of a slot.</param>
/// <param name="constants">Room for the three constants of each column of a slot.</param>
/// <param name="inDouble">Room to note of each column of a slot whether it is computed in double.</param>
/// <param name="centres">The centre of each set's first pass, a float; none for its first element.</param>
internal readonly struct ColumnForward<T, TNarrow>(
    NormGeometry geometry, ColumnUnits units, TensorView<T> x, TensorView<T> y, Affine<TNarrow> affine, Rule rule, StatisticsStore statistics,
    double[] partial, TNarrow[] constants, bool[] inDouble, double[]? centres = null)
    : ISummingKernel
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    // What y = (x - High) * Scale + Shift needs for each column; RowForward has the same. Weights of rows come on top.
    private const int High = 0, Scale = 1, Shift = 2, Kinds = 3;

    /// <summary>The sums of a column: of deviations, and of their squares.</summary>
    public const int SumsPerColumn = 2;

    private readonly NormGeometry geometry = geometry;
    private readonly ColumnUnits units = units;
    private readonly nint rowLength = geometry.Columns;
    private readonly int blocks = ColumnTiles.Blocks(geometry.Segments);

    /// <summary>How many constants <c>constants</c> has room for, a slot.</summary>
    public static nint ConstantsPerSlot(ColumnUnits units) => Kinds * ColumnTiles.Span(units.Columns, ColumnTiles.Written);

    /// <summary>Whether the rows of a batch have weights, in place of its columns.</summary>
    private bool WeightsByRow => geometry.Affine == AffineAxis.Segment;

    /// <summary>What stands for the bias of a column while rows have the weights: where a row's is added later, as row kernels do, a zero keeps its sign.</summary>
    private double NoBias => WeightsByRow && affine.IsPresent ? -0.0 : 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    public void Reduce(nint slot, nint unit, int block)
    {
        ColumnUnit of = units[unit];
        int rows = ColumnTiles.RowsOf(geometry.Segments, block);
        Span<double> sums = ColumnSums.OfBlock(partial, slot, block, blocks, units.Columns, SumsPerColumn);
        sums.Clear();
        nint first = of.Offset(0), offset = of.Offset(block);
        int most = Math.Min(of.Columns, x.Loads<TNarrow>() ? ColumnTiles.Summed : ColumnTiles.Width);
        Span<double> around = stackalloc double[most];
        for (int column = 0; column < of.Columns; column += most)
        {
            int width = Math.Min(most, of.Columns - column);
            if (rule.Scaling.IsCentred)
                FillCentres(of, first, column, around[..width]);
            if (x.Loads<TNarrow>())
            {
                Reduce(ref MemoryMarshal.GetReference(x.Direct<T>(offset + column, width)), rowLength, rows, width, around, sums[column..]);
                continue;
            }
            using ColumnTile<TNarrow> tile = ColumnTile<TNarrow>.Of(x, offset + column, rows, width, rowLength);
            Reduce(ref tile.Start, tile.Stride, rows, width, around, sums[column..]);
        }
    }

    /// <summary>The centre that was given for the set of each column, or its first element; columns are counted from the first of the unit.</summary>
    private void FillCentres(ColumnUnit of, nint offset, int column, Span<double> around)
    {
        if (geometry.Length == 1)
        {
            if (centres is null)
                x.Fill(offset + column, around);
            else
                centres.AsSpan((int)of.FirstSet + column, around.Length).CopyTo(around);
            return;
        }
        (int set, int inSet) = Math.DivRem(column, (int)geometry.Length);
        for (int i = 0; i < around.Length; inSet = 0, set++)
        {
            int count = Math.Min((int)geometry.Length - inSet, around.Length - i);
            around.Slice(i, count).Fill(centres is null ? x.ElementAt(offset + column + i - inSet) : centres[of.FirstSet + set]);
            i += count;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Combine(nint slot, nint unit)
    {
        ColumnUnit of = units[unit];
        Span<Moments> sets = statistics.AllOf(slot, of.FirstSet, of.Sets);
        Span<bool> flags = FlagsOf(slot, of);
        ColumnConstants<TNarrow> ofSlot = ConstantsOf(slot);
        ReadOnlySpan<double> sums = statistics.Fixed ? default : ColumnSums.Total(partial, slot, blocks, units.Columns, SumsPerColumn);
        int chain = ColumnSums.Chain(blocks), length = (int)geometry.Length;
        for (int set = 0; set < sets.Length; set++)
        {
            if (length == 1 && sets.Length - set >= Vector256<double>.Count && TryFour(of, set, sums, chain, sets, ofSlot))
            {
                flags.Slice(set, Vector256<double>.Count).Clear();
                set += Vector256<double>.Count - 1;
                continue;
            }
            int column = set * length;
            if (!statistics.Fixed)
            {
                BlockSums total = TotalOf(sums, column);
                double centre = rule.Scaling.IsCentred ? x.ElementAt(of.Offset(0) + column) : 0;
                sets[set] = SetMoments.Of<T, TNarrow>(x, default, geometry, of.FirstSet + set, rule.Scaling.IsCentred, total, centre, chain + length);
            }
            Fill(sets[set], of, set, ofSlot, firstColumn: 0);
            Note(flags.Slice(column, length), Scaling.NeedsDouble<TNarrow>(rule.Scaling.Factor(sets[set])), ofSlot[Scale][column..]);
        }
        if (of.Columns == rowLength)    // else no two rows are written as one
            ofSlot.Repeat(of.Columns);
    }

    public void TotalsOf(nint slot, nint unit, BlockSums[] ofSets)
    {
        ColumnUnit of = units[unit];
        ReadOnlySpan<double> sums = ColumnSums.Total(partial, slot, blocks, units.Columns, SumsPerColumn);
        for (int set = 0; set < of.Sets; set++)
            ofSets[of.FirstSet + set] = TotalOf(sums, set * (int)geometry.Length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Apply(nint slot, nint unit, int block)
    {
        ColumnUnit of = units[unit];
        ReadOnlySpan<Moments> sets = statistics.AllOf(slot, of.FirstSet, of.Sets);
        ReadOnlySpan<bool> flags = FlagsOf(slot, of);
        for (int column = 0; column < flags.Length;)
        {
            ColumnRun run = ColumnTiles.NextRun(flags, 1, ref column);
            if (run.Wide)
                ApplyWide(of, block, run, sets);
            else
                ApplyIn(of, block, run, ConstantsOf(slot).From(run.First));
        }
    }

    /// <summary>The moments and constants of four sets of floats of a column each, if they are certain and floats hold them.</summary>
    private bool TryFour(ColumnUnit of, int set, ReadOnlySpan<double> sums, int chain, Span<Moments> sets, ColumnConstants<TNarrow> ofSlot)
    {
        if (typeof(TNarrow) != typeof(float) || statistics.Fixed || !x.Loads<TNarrow>() || rule.Scaling.Spread == Spread.Length || Certainty.ForcedLevel > 1)
            return false;
        ref double first = ref MemoryMarshal.GetReference(sums);
        Vector256<double> centre = rule.Scaling.IsCentred
            ? Lanes256<double>.Load(ref MemoryMarshal.GetReference(x.Direct<T>(of.Offset(0) + set, Vector256<double>.Count)), 0).Value
            : Vector256<double>.Zero;
        if (!Certainty.TryFour(
            Vector256.LoadUnsafe(ref first, (nuint)set), Vector256.LoadUnsafe(ref first, (nuint)(units.Columns + set)), centre, geometry.Segments, chain,
            rule.Scaling.IsCentred, out Vector256<double> mean, out Vector256<double> low, out Vector256<double> m2))
        {
            return false;
        }
        Vector256<double> spread = Vector256.Sqrt((m2 / Vector256.Create((double)geometry.Segments)) + Vector256.Create(rule.Scaling.Eps));
        Vector256<double> factor = Vector256<double>.One / spread, scale = factor, shift = Vector256.Create(NoBias);
        if (!WeightsByRow)
        {
            nint own = geometry.FirstParameterOfBatch(of.Batch) + of.FirstOfBatch + set;
            scale *= affine.FourWeights(own);
            shift = affine.FourBiases(own);
        }
        Vector128<float> high = Vector256.Narrow(mean, mean).GetLower();
        Vector256<double> rest = mean - Vector256.Create(Vector128.WidenLower(high), Vector128.WidenUpper(high)) + low;
        shift -= rest * scale;
        if (!Scaling.HoldInFloats(factor, scale))
            return false;
        for (int i = 0; i < Vector256<double>.Count; i++)
            sets[set + i] = new(geometry.Segments, mean.GetElement(i), m2.GetElement(i)) { MeanLow = low.GetElement(i) };
        high.As<float, TNarrow>().CopyTo(ofSlot[High][set..]);
        Vector256.Narrow(scale, scale).GetLower().As<float, TNarrow>().CopyTo(ofSlot[Scale][set..]);
        Vector256.Narrow(shift, shift).GetLower().As<float, TNarrow>().CopyTo(ofSlot[Shift][set..]);
        return true;
    }

    private void Reduce<TStored>(ref TStored start, nint stride, int rows, int columns, Span<double> centres, Span<double> sums) where TStored : unmanaged
    {
        ref double first = ref sums[0], second = ref sums[units.Columns];
        int atOnce = Sums.RowsAtOnce(columns);
        for (int row = 0; row < rows; row += atOnce)
        {
            ref TStored at = ref Unsafe.Add(ref start, row * stride);
            int count = Math.Min(atOnce, rows - row);
            if (rule.Scaling.IsCentred)
                Sums.DownColumns(count, columns, ref first, ref second, ref second, new Deviations<TStored>(ref at, stride, ref centres[0]));
            else
                Sums.DownColumns(count, columns, ref second, ref second, ref second, new Squares<TStored>(ref at, stride));
        }
    }

    private void ApplyWide(ColumnUnit of, int block, ColumnRun run, ReadOnlySpan<Moments> sets)
    {
        int span = ColumnTiles.RowsAtOnce(run, rowLength, ColumnTiles.Written) * run.Width;
        double[] room = ArrayPool<double>.Shared.Rent(Kinds * span);
        ColumnConstants<double> ofRun = new(room.AsSpan(0, Kinds * span), span);
        int length = (int)geometry.Length;
        for (int set = run.First / length; set * length < run.End; set++)
            Fill(sets[set], of, set, ofRun, run.First);
        ofRun.Repeat(run.Width);
        ApplyIn(of, block, run, ofRun);
        ArrayPool<double>.Shared.Return(room);
    }

    [SkipLocalsInit]
    private void ApplyIn<TCompute>(ColumnUnit of, int block, ColumnRun run, ColumnConstants<TCompute> ofRun)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        int rows = ColumnTiles.RowsOf(geometry.Segments, block);
        bool byRow = WeightsByRow && affine.IsPresent;
        int rowsAtOnce = byRow ? 1 : ColumnTiles.RowsAtOnce(run, rowLength, ColumnTiles.Written);
        nint offset = of.Offset(block) + run.First;
        nint parameter = geometry.FirstParameterOfBatch(of.Batch) + ((nint)block * ColumnTiles.RowsPerBlock);
        bool past = y.WritesPast<TCompute>() && rule.IsDoneWithResults;
        Span<TCompute> scratch = stackalloc TCompute[ColumnTiles.Written];
        for (int row = 0; row < rows; row += rowsAtOnce)
        {
            int length = Math.Min(rowsAtOnce, rows - row) * run.Width;
            double weight = byRow ? affine.Weight(parameter + row) : 1, bias = byRow ? affine.Bias(parameter + row) : 0;
            for (int column = 0; column < length; column += ColumnTiles.Written)
            {
                nint at = offset + (row * rowLength) + column;
                int width = Math.Min(ColumnTiles.Written, length - column);
                ReadOnlySpan<TCompute> from = x.Read(at, width, scratch);
                Span<TCompute> to = y.Target(at, width, scratch);
                ColumnMaps.Normalize(from, to, ofRun[High][column..], ofRun[Scale][column..], ofRun[Shift][column..], byRow ? (weight, bias) : null, past);
                rule.Finish(at, to);
                y.Write<TCompute>(at, to);
            }
        }
    }

    /// <summary>The sums of a set, whose first column is <paramref name="column"/>.</summary>
    private BlockSums TotalOf(ReadOnlySpan<double> sums, int column)
    {
        BlockSums total = default;
        for (int i = column; i < column + (int)geometry.Length; i++)
            total += new BlockSums(geometry.Segments, sums[i], sums[units.Columns + i], 0);
        return total;
    }

    private Span<bool> FlagsOf(nint slot, ColumnUnit of) => inDouble.AsSpan((int)(slot * units.Columns), of.Columns);

    /// <summary>Which columns of a set are computed in double: all, or those whose scale no float holds. Each by its own weight alone, as runs of rows are.</summary>
    private static void Note(Span<bool> flags, bool all, ReadOnlySpan<TNarrow> scales)
    {
        for (int i = 0; i < flags.Length; i++)
            flags[i] = all || TNarrow.IsNaN(scales[i]);
    }

    private ColumnConstants<TNarrow> ConstantsOf(nint slot)
    {
        int span = ColumnTiles.Span(units.Columns, ColumnTiles.Written);
        return new(constants.AsSpan((int)(slot * Kinds * span), Kinds * span), span);
    }

    /// <summary>The constants of a set's columns, of which the first that there is room for is <paramref name="firstColumn"/>.</summary>
    private void Fill<TCompute>(in Moments moments, ColumnUnit unit, int set, ColumnConstants<TCompute> of, int firstColumn)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        double factor = rule.Scaling.Factor(moments);
        nint parameter = geometry.FirstParameterOfBatch(unit.Batch);
        Centre<TCompute> centre = new(moments);
        int length = (int)geometry.Length, first = (set * length) - firstColumn, columnsPerRun = geometry.Affine == AffineAxis.Element ? 1 : length;
        // Where columns have weights, there may be room for some of the set alone.
        int begin = Math.Max(0, -first), end = Math.Min(length, of[High].Length - first);
        of[High].Slice(first + begin, end - begin).Fill(centre.High);
        for (int i = begin; i < end; i += columnsPerRun)
        {
            nint own = parameter + (geometry.Affine == AffineAxis.Element ? unit.FirstColumn + (set * length) + i : unit.FirstOfBatch + set);
            double scale = factor * (WeightsByRow ? 1 : affine.Weight(own));
            of[Scale].Slice(first + i, columnsPerRun).Fill(Scaling.ScaleNeedsDouble<TCompute>(scale) ? TCompute.NaN : TCompute.CreateTruncating(scale));
            of[Shift].Slice(first + i, columnsPerRun).Fill(TCompute.CreateTruncating((WeightsByRow ? NoBias : affine.Bias(own)) - (centre.Low * scale)));
        }
    }

    private readonly ref struct Deviations<TStored>(ref TStored x, nint stride, ref double centres) : IColumnTerms<double> where TStored : unmanaged
    {
        private readonly ref TStored x = ref x;
        private readonly ref double centres = ref centres;

        public static int Count => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(int row, nint column, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            first = TLanes.Load(ref x, (row * stride) + column) - TLanes.Load(ref centres, column);
            second = first * first;
            third = default;
        }
    }

    private readonly ref struct Squares<TStored>(ref TStored x, nint stride) : IColumnTerms<double> where TStored : unmanaged
    {
        private readonly ref TStored x = ref x;

        public static int Count => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(int row, nint column, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            first = TLanes.Load(ref x, (row * stride) + column);
            first *= first;
            second = third = default;
        }
    }
}
