using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>The gradient of <see cref="ColumnForward{T}"/>, by the formulas of <see cref="RowBackward{T}"/>.</summary>
/// <param name="geometry">Who shares statistics and weights.</param>
/// <param name="dy">The gradient of the output.</param>
/// <param name="x">The input of the forward call.</param>
/// <param name="dx">The gradient of the input; empty where it is not wanted.</param>
/// <param name="affine">The weight of the forward call.</param>
/// <param name="eps">That of the forward call.</param>
/// <param name="statistics">Those of the forward call.</param>
/// <param name="partial">Room for two sums of each column of each block of a slot.</param>
/// <param name="coefficients">Room for a mean and a slope of each set of a slot.</param>
/// <param name="constants">Room for the four constants of each column of a slot.</param>
/// <param name="inDouble">Of each set of <paramref name="statistics"/> whether it is computed in double.</param>
/// <param name="parameters">Takes the gradients of weight and bias of each batch; null where they are not wanted.</param>
internal readonly struct ColumnBackward<T>(
    NormGeometry geometry, TensorView<T> dy, TensorView<T> x, TensorView<T> dx, Affine<T> affine, double eps,
    StatisticsStore statistics, Pair[] partial, Pair[] coefficients, T[] constants, bool[] inDouble, Pair[]? parameters)
    : IUnitKernel where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // What dx = dy * Scale - Offset - (x - High) * Slope needs for each column; RowBackward has the same.
    private const int High = 0, Scale = 1, Offset = 2, Slope = 3, Kinds = 4;

    private readonly NormGeometry geometry = geometry;
    private readonly int columns = checked((int)geometry.Columns);
    private readonly int blocks = ColumnTiles.Blocks(geometry.Segments);

    /// <summary>How many constants <c>constants</c> has room for, a slot.</summary>
    public static nint ConstantsPerSlot(in NormGeometry geometry) => Kinds * ColumnTiles.Span(checked((int)geometry.Columns));

    public void Reduce(nint slot, nint unit, int block, bool wide)
    {
        Span<Pair> ofBlock = partial.AsSpan((int)(((slot * blocks) + block) * columns), columns);
        ReadOnlySpan<Moments> sets = statistics.AllOf(slot, unit);
        ReadOnlySpan<bool> flags = FlagsOf(unit);
        for (int set = 0; set < flags.Length;)
        {
            ColumnRun run = ColumnTiles.NextRun(flags, geometry.Length, ref set);
            if (run.Wide)
                ReduceIn<double>(unit, block, run, sets, ofBlock);
            else
                ReduceIn<T>(unit, block, run, sets, ofBlock);
        }
    }

    public bool Combine(nint slot, nint unit, bool wide)
    {
        ReadOnlySpan<Moments> sets = statistics.AllOf(slot, unit);
        Span<Pair> means = coefficients.AsSpan((int)(slot * sets.Length), sets.Length);
        means.Clear();
        if (!statistics.Fixed || parameters is not null)
        {
            Span<Pair> total = partial.AsSpan((int)(slot * blocks * columns), columns);
            for (int block = 1; block < blocks; block++)
            {
                ReadOnlySpan<Pair> part = partial.AsSpan((int)(((slot * blocks) + block) * columns), columns);
                for (int column = 0; column < columns; column++)
                    total[column] += part[column];
            }
            Gather(unit, sets, total, means);
        }
        ColumnConstants<T> ofSlot = ConstantsOf(slot);
        for (int set = 0; set < sets.Length && !dx.IsEmpty; set++)
            Fill(sets[set], means[set], set, ofSlot, firstColumn: 0);
        ofSlot.Repeat(columns);
        return false;   // the statistics are given, so Reduce knew what to compute in
    }

    public void Apply(nint slot, nint unit, int block)
    {
        if (dx.IsEmpty)
            return;
        ReadOnlySpan<Moments> sets = statistics.AllOf(slot, unit);
        ReadOnlySpan<bool> flags = FlagsOf(unit);
        for (int set = 0; set < flags.Length;)
        {
            int first = set;
            ColumnRun run = ColumnTiles.NextRun(flags, geometry.Length, ref set);
            if (run.Wide)
                ApplyWide(unit, block, run, sets, coefficients.AsSpan((int)(slot * sets.Length), sets.Length), first..set);
            else
                ApplyIn(unit, block, run, ConstantsOf(slot).From(run.First));
        }
    }

    /// <summary>From the sums of the columns: the gradients of their parameters, and of each set the mean and slope that dx needs.</summary>
    private void Gather(nint batch, ReadOnlySpan<Moments> sets, ReadOnlySpan<Pair> total, Span<Pair> means)
    {
        Span<Pair> gradients = parameters is null ? default : parameters.AsSpan((int)(batch * geometry.AffineCount), (int)geometry.AffineCount);
        gradients.Clear();
        for (int set = 0, column = 0; set < sets.Length; set++)
        {
            double invStd = sets[set].InvStd(eps);
            for (int i = 0; i < geometry.Length; i++, column++)
            {
                int parameter = geometry.Affine == AffineAxis.Element ? column : set;
                means[set] += affine.Weight(parameter) * total[column];
                if (!gradients.IsEmpty)
                    gradients[parameter] += new Pair(total[column].First, total[column].Second * invStd);
            }
            double n = geometry.SetSize;
            means[set] = statistics.Fixed ? default : new(means[set].First / n * invStd, means[set].Second / n * invStd * invStd * invStd);
        }
    }

    [SkipLocalsInit]
    private void ReduceIn<TCompute>(nint batch, int block, ColumnRun run, ReadOnlySpan<Moments> sets, Span<Pair> ofBlock)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        int rows = ColumnTiles.RowsOf(geometry.Segments, block);
        nint offset = (batch * geometry.BatchStride) + ((nint)block * ColumnTiles.RowsPerBlock * columns);
        Span<TCompute> highs = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> gradients = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> products = stackalloc TCompute[ColumnTiles.Width];
        for (int column = run.First; column < run.End; column += ColumnTiles.Width)
        {
            int width = Math.Min(ColumnTiles.Width, run.End - column);
            for (int i = 0; i < width; i++)
                highs[i] = new Centre<TCompute>(sets[(column + i) / (int)geometry.Length]).High;
            using ColumnTile<TCompute> g = ColumnTile<TCompute>.Of(dy, offset + column, rows, width, columns);
            using ColumnTile<TCompute> d = ColumnTile<TCompute>.Of(x, offset + column, rows, width, columns);
            Sums.DownColumns(rows, gradients[..width], products[..width], new Terms<TCompute>(g, d, ref highs[0]));
            for (int i = 0; i < width; i++)
            {
                double low = new Centre<TCompute>(sets[(column + i) / (int)geometry.Length]).Low;
                ofBlock[column + i] = Pair.From((gradients[i], products[i])).About(low);
            }
        }
    }

    private void ApplyWide(nint batch, int block, ColumnRun run, ReadOnlySpan<Moments> sets, ReadOnlySpan<Pair> means, Range ofRun)
    {
        int span = ColumnTiles.RowsAtOnce(run, columns) * run.Width;
        double[] room = ArrayPool<double>.Shared.Rent(Kinds * span);
        ColumnConstants<double> constantsOfRun = new(room.AsSpan(0, Kinds * span), span);
        for (int set = ofRun.Start.Value; set < ofRun.End.Value; set++)
            Fill(sets[set], means[set], set, constantsOfRun, run.First);
        constantsOfRun.Repeat(run.Width);
        ApplyIn(batch, block, run, constantsOfRun);
        ArrayPool<double>.Shared.Return(room);
    }

    [SkipLocalsInit]
    private void ApplyIn<TCompute>(nint batch, int block, ColumnRun run, ColumnConstants<TCompute> ofRun)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        int rows = ColumnTiles.RowsOf(geometry.Segments, block);
        int rowsAtOnce = ColumnTiles.RowsAtOnce(run, columns);
        nint offset = (batch * geometry.BatchStride) + ((nint)block * ColumnTiles.RowsPerBlock * columns) + run.First;
        Span<TCompute> forGradients = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> forInputs = stackalloc TCompute[ColumnTiles.Width];
        for (int row = 0; row < rows; row += rowsAtOnce)
        {
            int length = Math.Min(rowsAtOnce, rows - row) * run.Width;
            for (int column = 0; column < length; column += ColumnTiles.Width)
            {
                nint at = offset + ((nint)row * columns) + column;
                int width = Math.Min(ColumnTiles.Width, length - column);
                ref TCompute g = ref MemoryMarshal.GetReference(dy.Read(at, width, forGradients));
                Span<TCompute> to = dx.Target(at, width, forGradients);
                if (statistics.Fixed)
                {
                    Map.Row(to, new Scaled<TCompute>(ref g, ref ofRun[Scale][column]));
                }
                else
                {
                    ref TCompute d = ref MemoryMarshal.GetReference(x.Read(at, width, forInputs));
                    Map.Row(to, new Dx<TCompute>(
                        ref g, ref d, ref ofRun[High][column], ref ofRun[Scale][column], ref ofRun[Offset][column], ref ofRun[Slope][column]));
                }
                dx.Write<TCompute>(at, to);
            }
        }
    }

    private ReadOnlySpan<bool> FlagsOf(nint unit) =>
        inDouble.AsSpan((int)(statistics.Fixed ? 0 : unit * geometry.SetsPerBatch), (int)geometry.SetsPerBatch);

    private ColumnConstants<T> ConstantsOf(nint slot)
    {
        int span = ColumnTiles.Span(columns);
        return new(constants.AsSpan((int)(slot * Kinds * span), Kinds * span), span);
    }

    /// <summary>The constants of a set's columns, of which the first that there is room for is <paramref name="firstColumn"/>.</summary>
    private void Fill<TCompute>(in Moments moments, Pair means, int set, ColumnConstants<TCompute> of, int firstColumn)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        double invStd = moments.InvStd(eps);
        Centre<TCompute> centre = new(moments);
        for (int i = 0; i < geometry.Length; i++)
        {
            int column = (set * (int)geometry.Length) + i;
            of[High][column - firstColumn] = centre.High;
            of[Scale][column - firstColumn] = TCompute.CreateTruncating(
                invStd * affine.Weight(geometry.Affine == AffineAxis.Element ? column : set));
            of[Offset][column - firstColumn] = TCompute.CreateTruncating(means.First - (centre.Low * means.Second));
            of[Slope][column - firstColumn] = TCompute.CreateTruncating(means.Second);
        }
    }

    private readonly ref struct Terms<TCompute>(
        ColumnTile<TCompute> g, ColumnTile<TCompute> x, ref TCompute highs) : IColumnTerms<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g.Start;
        private readonly ref TCompute x = ref x.Start;
        private readonly ref TCompute highs = ref highs;
        private readonly nint gStride = g.Stride;
        private readonly nint xStride = x.Stride;

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(int row, int column, TCount count, out Vector512<TCompute> first, out Vector512<TCompute> second)
            where TCount : struct, ICount
        {
            first = count.Load(ref g, (row * gStride) + column);
            second = first * (count.Load(ref x, (row * xStride) + column) - count.Load(ref highs, column));
        }
    }

    private readonly ref struct Scaled<TCompute>(ref TCompute g, ref TCompute scales) : IRowValues<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g;
        private readonly ref TCompute scales = ref scales;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<TCompute> At<TCount>(nint index, TCount count) where TCount : struct, ICount => count.Load(ref g, index) * count.Load(ref scales, index);
    }

    private readonly ref struct Dx<TCompute>(
        ref TCompute g, ref TCompute x, ref TCompute highs, ref TCompute scales, ref TCompute offsets, ref TCompute slopes)
        : IRowValues<TCompute> where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g;
        private readonly ref TCompute x = ref x;
        private readonly ref TCompute highs = ref highs;
        private readonly ref TCompute scales = ref scales;
        private readonly ref TCompute offsets = ref offsets;
        private readonly ref TCompute slopes = ref slopes;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<TCompute> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            (count.Load(ref g, index) * count.Load(ref scales, index)) - count.Load(ref offsets, index)
                - ((count.Load(ref x, index) - count.Load(ref highs, index)) * count.Load(ref slopes, index));
    }
}
