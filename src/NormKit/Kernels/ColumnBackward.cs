using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>The gradient of <see cref="ColumnForward{T, TNarrow}"/>, by the formulas of <see cref="RowBackward{T, TNarrow}"/>.</summary>
/// <param name="geometry">Who shares statistics and weights.</param>
/// <param name="units">How it is cut.</param>
/// <param name="gradients">The gradient of the output, the input, and where its gradient goes.</param>
/// <param name="affine">Weight and bias of the forward call.</param>
/// <param name="rule">That of the forward call.</param>
/// <param name="statistics">Those of the forward call.</param>
/// <param name="partial">Room for two sums of each column of each block of a slot.</param>
/// <param name="coefficients">Room for the two sums' share in dx, of each set of a slot.</param>
/// <param name="constants">Room for the constants of each column of a slot.</param>
/// <param name="inDouble">Of each set of <paramref name="statistics"/> whether it is computed in double.</param>
/// <param name="parameters">Takes the gradients of weight and bias of each batch; null where they are not wanted or those of rows.</param>
internal readonly struct ColumnBackward<T, TNarrow>(
    NormGeometry geometry, ColumnUnits units, Gradients<T> gradients, Affine<TNarrow> affine, Rule rule,
    StatisticsStore statistics, Pair[] partial, Pair[] coefficients, TNarrow[] constants, bool[] inDouble, Pair[]? parameters)
    : IUnitKernel
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    // What dx = g * Scale - Offset - (x - High) * Slope needs for each column; RowBackward has the same. With an activation, what was normalized
    // is computed again: (x - High) * Scale + Shift.
    private const int High = 0, Scale = 1, Offset = 2, Slope = 3, Shift = 4, Kinds = 5;

    private readonly NormGeometry geometry = geometry;
    private readonly ColumnUnits units = units;
    private readonly nint rowLength = geometry.Columns;
    private readonly int blocks = ColumnTiles.Blocks(geometry.Segments);

    /// <summary>How many constants <c>constants</c> has room for, a slot.</summary>
    public static nint ConstantsPerSlot(ColumnUnits units) => Kinds * ColumnTiles.Span(units.Columns, ColumnTiles.Width);

    /// <summary>Whether the rows of a batch have weights, in place of its columns.</summary>
    private bool WeightsByRow => geometry.Affine == AffineAxis.Segment;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Reduce(nint slot, nint unit, int block, bool wide)
    {
        ColumnUnit of = units[unit];
        Span<Pair> ofBlock = partial.AsSpan((int)(((slot * blocks) + block) * units.Columns), of.Columns);
        ReadOnlySpan<Moments> sets = statistics.AllOf(slot, of.FirstSet, of.Sets);
        ReadOnlySpan<bool> flags = FlagsOf(of);
        for (int set = 0; set < flags.Length;)
        {
            ColumnRun run = ColumnTiles.NextRun(flags, geometry.Length, ref set);
            if (run.Wide)
                ReduceIn<double>(of, block, run, sets, ofBlock);
            else
                ReduceIn<TNarrow>(of, block, run, sets, ofBlock);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Combine(nint slot, nint unit, bool wide)
    {
        ColumnUnit of = units[unit];
        ReadOnlySpan<Moments> sets = statistics.AllOf(slot, of.FirstSet, of.Sets);
        Span<Pair> means = MeansOf(slot, of);
        means.Clear();
        if (!statistics.Fixed || parameters is not null)
        {
            Span<Pair> total = partial.AsSpan((int)(slot * blocks * units.Columns), of.Columns);
            for (int block = 1; block < blocks; block++)
            {
                ReadOnlySpan<Pair> part = partial.AsSpan((int)(((slot * blocks) + block) * units.Columns), of.Columns);
                for (int column = 0; column < part.Length; column++)
                    total[column] += part[column];
            }
            Gather(of, sets, total, means);
        }
        ColumnConstants<TNarrow> ofSlot = ConstantsOf(slot);
        for (int set = 0; set < sets.Length && !gradients.Dx.IsEmpty; set++)
            Fill(sets[set], means[set], of, set, ofSlot, firstColumn: 0);
        if (of.Columns == rowLength)    // else no two rows are written as one
            ofSlot.Repeat(of.Columns);
        return false;   // the statistics are given, so Reduce knew what to compute in
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
    private void Gather(ColumnUnit of, ReadOnlySpan<Moments> sets, ReadOnlySpan<Pair> total, Span<Pair> means)
    {
        // Where rows have the weights, their gradients are not summed here.
        nint first = WeightsByRow ? 0 : geometry.Affine == AffineAxis.Element ? of.FirstColumn : of.FirstOfBatch;
        Span<Pair> sums = parameters is null
            ? default
            : parameters.AsSpan((int)((of.Batch * geometry.AffineCount) + first), geometry.Affine == AffineAxis.Element ? of.Columns : of.Sets);
        sums.Clear();
        nint firstParameter = geometry.FirstParameterOfBatch(of.Batch) + first;
        for (int set = 0, column = 0; set < sets.Length; set++)
        {
            double factor = rule.Scaling.Factor(sets[set]);
            for (int i = 0; i < geometry.Length; i++, column++)
            {
                int parameter = geometry.Affine == AffineAxis.Element ? column : set;
                means[set] += (WeightsByRow ? 1 : affine.Weight(firstParameter + parameter)) * total[column];
                if (!sums.IsEmpty)
                    sums[parameter] += new Pair(total[column].First, total[column].Second * factor);
            }
            means[set] = statistics.Fixed ? default : rule.Scaling.Coefficients(means[set], sets[set], factor);
        }
    }

    [SkipLocalsInit]
    private void ReduceIn<TCompute>(ColumnUnit of, int block, ColumnRun run, ReadOnlySpan<Moments> sets, Span<Pair> ofBlock)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        int rows = ColumnTiles.RowsOf(geometry.Segments, block);
        nint offset = of.Offset(block);
        nint firstRow = geometry.FirstParameterOfBatch(of.Batch) + ((nint)block * ColumnTiles.RowsPerBlock);
        Span<TCompute> highs = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> first = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> products = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> rowWeights = stackalloc TCompute[ColumnTiles.RowsPerBlock];
        bool byRow = WeightsByRow && affine.HasWeight, copied = rule.Activation.IsPresent;
        for (int row = 0; byRow && row < rows; row++)
            rowWeights[row] = TCompute.CreateTruncating(affine.Weight(firstRow + row));
        for (int column = run.First; column < run.End; column += ColumnTiles.Width)
        {
            int width = Math.Min(ColumnTiles.Width, run.End - column);
            for (int i = 0; i < width; i++)
                highs[i] = new Centre<TCompute>(sets[(column + i) / (int)geometry.Length]).High;
            using ColumnTile<TCompute> g = ColumnTile<TCompute>.Of(gradients.Dy, offset + column, rows, width, rowLength, copied);
            using ColumnTile<TCompute> d = ColumnTile<TCompute>.Of(gradients.X, offset + column, rows, width, rowLength, copied);
            if (copied)
                ThroughActivation(of, firstRow, column, rows, sets, g, d);
            if (byRow)
                Sums.DownColumns(rows, first[..width], products[..width], new ColumnTerms.ByRow<TCompute>(g, d, ref highs[0], ref rowWeights[0]));
            else
                Sums.DownColumns(rows, first[..width], products[..width], new ColumnTerms.Uniform<TCompute>(g, d, ref highs[0]));
            for (int i = 0; i < width; i++)
            {
                double low = new Centre<TCompute>(sets[(column + i) / (int)geometry.Length]).Low;
                ofBlock[column + i] = Pair.From((first[i], products[i])).About(low);
            }
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
                    Map.Row(to, new ColumnTerms.Scaled<TCompute>(ref firstG, ref from[Scale][0]), past);
                }
                else
                {
                    ColumnTerms.Dx<TCompute> values = new(
                        ref firstG, ref MemoryMarshal.GetReference(d), ref from[High][0], ref from[Scale][0], ref from[Offset][0], ref from[Slope][0]);
                    if (byRow)
                        Map.Row(to, new ColumnTerms.DxByRow<TCompute>(values, weight), past);
                    else
                        Map.Row(to, values, past);
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
        for (int i = 0; i < geometry.Length; i++)
        {
            int column = (set * (int)geometry.Length) + i - firstColumn;
            // A tile may begin or end inside a set.
            if (column < 0 || column >= of[High].Length)
                continue;
            nint own = parameter + (geometry.Affine == AffineAxis.Element ? unit.FirstColumn + column + firstColumn : unit.FirstOfBatch + set);
            double scale = factor * (WeightsByRow ? 1 : affine.Weight(own));
            of[High][column] = centre.High;
            of[Scale][column] = TCompute.CreateTruncating(scale);
            of[Offset][column] = TCompute.CreateTruncating(means.First - (centre.Low * means.Second));
            of[Slope][column] = TCompute.CreateTruncating(means.Second);
            of[Shift][column] = TCompute.CreateTruncating((WeightsByRow ? 0 : affine.Bias(own)) - (centre.Low * scale));
        }
    }
}
