using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using NormKit.Threading;

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
/// <param name="partial">Room for the moments of each column of each block of a slot.</param>
/// <param name="constants">Room for the three constants of each column of a slot.</param>
/// <param name="inDouble">Room to note of each set of a slot whether it is computed in double.</param>
internal readonly struct ColumnForward<T, TNarrow>(
    NormGeometry geometry, ColumnUnits units, TensorView<T> x, TensorView<T> y, Affine<TNarrow> affine, Rule rule, StatisticsStore statistics,
    Moments[] partial, TNarrow[] constants, bool[] inDouble)
    : IUnitKernel
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    // What y = (x - High) * Scale + Shift needs for each column; RowForward has the same. Weights of rows come on top.
    private const int High = 0, Scale = 1, Shift = 2, Kinds = 3;

    private readonly NormGeometry geometry = geometry;
    private readonly ColumnUnits units = units;
    private readonly nint rowLength = geometry.Columns;
    private readonly int blocks = ColumnTiles.Blocks(geometry.Segments);

    /// <summary>How many constants <c>constants</c> has room for, a slot.</summary>
    public static nint ConstantsPerSlot(ColumnUnits units) => Kinds * ColumnTiles.Span(units.Columns, ColumnTiles.Written);

    /// <summary>Whether the rows of a batch have weights, in place of its columns.</summary>
    private bool WeightsByRow => geometry.Affine == AffineAxis.Segment;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Reduce(nint slot, nint unit, int block, bool wide)
    {
        ColumnUnit of = units[unit];
        Span<Moments> ofBlock = partial.AsSpan((int)(((slot * blocks) + block) * units.Columns), of.Columns);
        if (!wide)
        {
            ReduceIn<TNarrow>(of, block, new(0, of.Columns, false), ofBlock);
            return;
        }
        ReadOnlySpan<bool> flags = FlagsOf(slot, of);
        for (int set = 0; set < flags.Length;)
        {
            ColumnRun run = ColumnTiles.NextRun(flags, geometry.Length, ref set);
            if (run.Wide)
                ReduceIn<double>(of, block, run, ofBlock);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Combine(nint slot, nint unit, bool wide)
    {
        ColumnUnit of = units[unit];
        Span<Moments> sets = statistics.AllOf(slot, of.FirstSet, of.Sets);
        Span<bool> flags = FlagsOf(slot, of);
        ColumnConstants<TNarrow> ofSlot = ConstantsOf(slot);
        bool again = false;
        for (int set = 0; set < sets.Length; set++)
        {
            // The second time only for what was reduced a second time: a set depends on nothing but its own elements.
            if (wide && !flags[set])
                continue;
            if (!statistics.Fixed)
                sets[set] = Merge(slot, set);
            flags[set] = rule.Scaling.NeedsDouble<TNarrow>(sets[set]);
            again |= flags[set];
            Fill(sets[set], of, set, ofSlot, firstColumn: 0);
        }
        if (wide || !again || statistics.Fixed)
        {
            // The last call for this unit: what follows is Apply, which takes in double also the sets whose scale no float holds.
            for (int set = 0; set < sets.Length; set++)
                flags[set] |= HoldsNaN(ofSlot[Scale].Slice(set * (int)geometry.Length, (int)geometry.Length));
        }
        if (of.Columns == rowLength)    // else no two rows are written as one
            ofSlot.Repeat(of.Columns);
        return again;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Apply(nint slot, nint unit, int block)
    {
        ColumnUnit of = units[unit];
        ReadOnlySpan<Moments> sets = statistics.AllOf(slot, of.FirstSet, of.Sets);
        ReadOnlySpan<bool> flags = FlagsOf(slot, of);
        for (int set = 0; set < flags.Length;)
        {
            int first = set;
            ColumnRun run = ColumnTiles.NextRun(flags, geometry.Length, ref set);
            if (run.Wide)
                ApplyWide(of, block, run, sets[first..set], first);
            else
                ApplyIn(of, block, run, ConstantsOf(slot).From(run.First));
        }
    }

    /// <summary>The moments of a set: of each of its columns block by block, then column by column.</summary>
    private Moments Merge(nint slot, int set)
    {
        int length = (int)geometry.Length;
        Span<Moments> ofColumns = partial.AsSpan((int)(slot * blocks * units.Columns) + (set * length), length);
        for (int block = 1; block < blocks; block++)
        {
            ReadOnlySpan<Moments> ofBlock = partial.AsSpan((int)(((slot * blocks) + block) * units.Columns) + (set * length), length);
            for (int i = 0; i < length; i++)
                ofColumns[i] = Moments.Combine(ofColumns[i], ofBlock[i]);
        }
        return Moments.CombineEqual(ofColumns);
    }

    [SkipLocalsInit]
    private void ReduceIn<TCompute>(ColumnUnit of, int block, ColumnRun run, Span<Moments> ofBlock) where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        int rows = ColumnTiles.RowsOf(geometry.Segments, block);
        nint offset = of.Offset(block);
        Span<TCompute> shifts = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> deviations = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> squares = stackalloc TCompute[ColumnTiles.Width];
        for (int column = run.First; column < run.End; column += ColumnTiles.Width)
        {
            int width = Math.Min(ColumnTiles.Width, run.End - column);
            using ColumnTile<TCompute> tile = ColumnTile<TCompute>.Of(x, offset + column, rows, width, rowLength);
            if (rule.Scaling.IsCentred)
            {
                Sums.DownColumns(rows, shifts[..width], default, new Values<TCompute>(tile));
                for (int i = 0; i < width; i++)
                    shifts[i] = TCompute.CreateTruncating(double.CreateTruncating(shifts[i]) / rows);
            }
            else
            {
                shifts.Clear();
            }
            Sums.DownColumns(rows, deviations[..width], squares[..width], new Deviations<TCompute>(tile, ref shifts[0]));
            FlagUnderflow(rows, tile, shifts[..width], squares[..width]);
            for (int i = 0; i < width; i++)
            {
                ofBlock[column + i] = rule.Scaling.IsCentred
                    ? RowMoments.Corrected(rows, shifts[i], deviations[i], squares[i])
                    : new(rows, 0, double.CreateTruncating(squares[i]));
            }
        }
    }

    /// <summary>Makes the squares of a column NaN where they are too small for a float and not all zero.</summary>
    private static void FlagUnderflow<TCompute>(int rows, ColumnTile<TCompute> tile, Span<TCompute> shifts, Span<TCompute> squares)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        bool any = false;
        foreach (TCompute square in squares)
            any |= RowMoments.MayHaveUnderflowed(rows, square);
        if (!any)
            return;
        Span<TCompute> magnitudes = stackalloc TCompute[ColumnTiles.Width];
        Sums.DownColumns(rows, magnitudes[..squares.Length], default, new Magnitudes<TCompute>(tile, ref shifts[0]));
        for (int i = 0; i < squares.Length; i++)
        {
            if (RowMoments.MayHaveUnderflowed(rows, squares[i]) && magnitudes[i] != TCompute.Zero)
                squares[i] = TCompute.NaN;
        }
    }

    private void ApplyWide(ColumnUnit of, int block, ColumnRun run, ReadOnlySpan<Moments> sets, int firstSet)
    {
        int span = ColumnTiles.RowsAtOnce(run, rowLength, ColumnTiles.Written) * run.Width;
        double[] room = ArrayPool<double>.Shared.Rent(Kinds * span);
        ColumnConstants<double> ofRun = new(room.AsSpan(0, Kinds * span), span);
        for (int set = 0; set < sets.Length; set++)
            Fill(sets[set], of, firstSet + set, ofRun, run.First);
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

    private Span<bool> FlagsOf(nint slot, ColumnUnit of) => inDouble.AsSpan((int)(slot * units.Sets), of.Sets);

    private static bool HoldsNaN(ReadOnlySpan<TNarrow> values)
    {
        bool holds = false;
        foreach (TNarrow value in values)
            holds |= TNarrow.IsNaN(value);
        return holds;
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
        for (int i = 0; i < geometry.Length; i++)
        {
            int column = (set * (int)geometry.Length) + i;
            nint own = parameter + (geometry.Affine == AffineAxis.Element ? unit.FirstColumn + column : unit.FirstOfBatch + set);
            double scale = factor * (WeightsByRow ? 1 : affine.Weight(own));
            of[High][column - firstColumn] = centre.High;
            of[Scale][column - firstColumn] = Scaling.ScaleNeedsDouble<TCompute>(scale) ? TCompute.NaN : TCompute.CreateTruncating(scale);
            of[Shift][column - firstColumn] = TCompute.CreateTruncating((WeightsByRow ? 0 : affine.Bias(own)) - (centre.Low * scale));
        }
    }

    private readonly ref struct Values<TCompute>(ColumnTile<TCompute> x) : IColumnTerms<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute x = ref x.Start;
        private readonly nint stride = x.Stride;

        public static bool HasSecond => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(int row, int column, TCount count, out Vector256<TCompute> first, out Vector256<TCompute> second)
            where TCount : struct, ICount
        {
            IntoSecondCache.Fetch(ref x, ((row + ColumnTiles.RowsAhead) * stride) + column);
            first = count.Load(ref x, (row * stride) + column);
            second = default;
        }
    }

    private readonly ref struct Deviations<TCompute>(ColumnTile<TCompute> x, ref TCompute shifts) : IColumnTerms<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute x = ref x.Start;
        private readonly ref TCompute shifts = ref shifts;
        private readonly nint stride = x.Stride;

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(int row, int column, TCount count, out Vector256<TCompute> first, out Vector256<TCompute> second)
            where TCount : struct, ICount
        {
            first = count.Load(ref x, (row * stride) + column) - count.Load(ref shifts, column);
            second = first * first;
        }
    }

    private readonly ref struct Magnitudes<TCompute>(ColumnTile<TCompute> x, ref TCompute shifts) : IColumnTerms<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly Deviations<TCompute> deviations = new(x, ref shifts);

        public static bool HasSecond => false;

        public void At<TCount>(int row, int column, TCount count, out Vector256<TCompute> first, out Vector256<TCompute> second)
            where TCount : struct, ICount
        {
            deviations.At(row, column, count, out first, out second);
            first = Vector256.Abs(first);
        }
    }
}
