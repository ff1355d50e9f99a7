using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// The gradients of weights that each position of a row has for itself (layer norm): sums down the batch, of <c>dy * xHat</c> and <c>dy</c>.
/// An item is a block of rows that share their weights and a tile of columns; the blocks' sums are added in double, in block order.
/// </summary>
internal readonly struct ElementGradients<T, TNarrow>(
    NormGeometry geometry, Gradients<T> gradients, Affine<TNarrow> affine, Rule rule, Moments[] statistics, Pair[] parameters)
    : IParallelWork
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    private readonly NormGeometry geometry = geometry;
    private readonly nint run = RunOf(geometry);
    private readonly int tilesPerSet = (int)((geometry.Length + ColumnTiles.Width - 1) / ColumnTiles.Width);

    /// <summary>How many sums there are of each parameter of a group, and how many neighbours among them are of one run.</summary>
    public static (int Parts, int PartsPerRun) PartsOf(in NormGeometry geometry)
    {
        int perRun = ColumnTiles.Blocks(RunOf(geometry));
        return (checked((int)(geometry.Batches / RunOf(geometry)) * perRun), perRun);
    }

    public nint Items => PartsOf(geometry).Parts * geometry.SetsPerBatch * tilesPerSet;

    public void Run(int slot, nint start, nint end)
    {
        (int parts, int partsPerRun) = PartsOf(geometry);
        for (nint item = start; item < end; item++)
        {
            (nint column, nint part) = Math.DivRem(item, parts);
            (nint set, nint tile) = Math.DivRem(column, tilesPerSet);
            (nint runBefore, nint block) = Math.DivRem(part, partsPerRun);
            RowBlock rows = new((runBefore * run) + (block * ColumnTiles.RowsPerBlock), ColumnTiles.RowsOf(run, (int)block), part);
            bool wide = false;
            for (int row = 0; row < rows.Count; row++)
                wide |= rule.Scaling.NeedsDouble<TNarrow>(StatisticsOf(rows, row, set));
            if (wide)
                Sum<double>(rows, set, tile);
            else
                Sum<TNarrow>(rows, set, tile);
        }
    }

    private static nint RunOf(in NormGeometry geometry) => geometry.Weights.Groups == 1 ? geometry.Batches : geometry.Weights.Run;

    private Moments StatisticsOf(RowBlock rows, int row, nint set) => statistics[((rows.First + row) * geometry.SetsPerBatch) + set];

    [SkipLocalsInit]
    private void Sum<TCompute>(RowBlock rows, nint set, nint tile) where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> highs = stackalloc TCompute[ColumnTiles.RowsPerBlock];
        Span<TCompute> shifts = stackalloc TCompute[ColumnTiles.RowsPerBlock];
        Span<TCompute> factors = stackalloc TCompute[ColumnTiles.RowsPerBlock];
        for (int row = 0; row < rows.Count; row++)
        {
            Moments moments = StatisticsOf(rows, row, set);
            // A row without an element that takes part adds nothing.
            double factor = rule.Scaling.Factor(moments);
            Centre<TCompute> centre = new(moments.Count == 0 ? default : moments);
            highs[row] = centre.High;
            factors[row] = TCompute.CreateTruncating(factor);
            shifts[row] = TCompute.CreateTruncating(-centre.Low * factor);
        }
        nint first = tile * ColumnTiles.Width;
        int width = (int)Math.Min(ColumnTiles.Width, geometry.Length - first);
        nint offset = (rows.First * geometry.BatchStride) + (set * geometry.SetStride) + first;
        bool copied = !rule.HandsGradientsOn;
        Span<TCompute> sums = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> products = stackalloc TCompute[ColumnTiles.Width];
        using ColumnTile<TCompute> g = ColumnTile<TCompute>.Of(gradients.Dy, offset, rows.Count, width, geometry.BatchStride, copied);
        using ColumnTile<TCompute> d = ColumnTile<TCompute>.Of(gradients.X, offset, rows.Count, width, geometry.BatchStride, copied);
        if (copied)
        {
            Prepare(rows, set, first, offset, g, d);
            Span<TCompute> zeros = stackalloc TCompute[ColumnTiles.Width];
            zeros.Clear();
            Sums.DownColumns(rows.Count, sums[..width], products[..width], new ColumnTerms.Uniform<TCompute>(g, d, ref zeros[0]));
        }
        else
        {
            Sums.DownColumns(rows.Count, sums[..width], products[..width], new Terms<TCompute>(g, d, ref highs[0], ref shifts[0], ref factors[0]));
        }
        nint parameter = (rows.Part * geometry.AffineCount) + (set * geometry.AffinePerSet) + first;
        for (int i = 0; i < width; i++)
            parameters[parameter + i] = Pair.From((sums[i], products[i]));
    }

    /// <summary>
    /// Takes the gradients through the activation, normalizes the inputs, and zeroes what takes no part: last, for a row may be NaN in all its
    /// elements but must not reach those that the mask hides.
    /// </summary>
    [SkipLocalsInit]
    private void Prepare<TCompute>(RowBlock rows, nint set, nint first, nint offset, ColumnTile<TCompute> g, ColumnTile<TCompute> d)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> z = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> forWeights = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> forBiases = stackalloc TCompute[ColumnTiles.Width];
        nint parameter = geometry.FirstParameter((rows.First * geometry.SetsPerBatch) + set) + first;
        for (int row = 0; row < rows.Count; row++, offset += geometry.BatchStride)
        {
            Span<TCompute> inputs = d.Row(row), ofRow = g.Row(row);
            Moments moments = StatisticsOf(rows, row, set);
            Centre<TCompute> centre = new(moments);
            double factor = rule.Scaling.Factor(moments);
            if (rule.Activation.IsPresent)
            {
                RowMaps.ByElement(
                    inputs, z[..inputs.Length], centre, factor, affine.Weights(parameter, inputs.Length, forWeights),
                    affine.Biases(parameter, inputs.Length, forBiases));
                rule.Activation.Gradient<TCompute>(z[..inputs.Length], ofRow);
            }
            RowMaps.Uniform(inputs, inputs, centre, factor, weight: 1, bias: 0);
            if (rule.Mask.IsPresent)
            {
                rule.Mask.Clear(offset, ofRow);
                rule.Mask.Clear(offset, inputs);
            }
        }
    }

    /// <summary>Rows <c>First .. First + Count</c>, whose sums are part number <c>Part</c>.</summary>
    private readonly record struct RowBlock(nint First, int Count, nint Part);

    private readonly ref struct Terms<TCompute>(
        ColumnTile<TCompute> g, ColumnTile<TCompute> x, ref TCompute highs, ref TCompute shifts, ref TCompute factors) : IColumnTerms<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g.Start;
        private readonly ref TCompute x = ref x.Start;
        private readonly ref TCompute highs = ref highs;
        private readonly ref TCompute shifts = ref shifts;
        private readonly ref TCompute factors = ref factors;
        private readonly nint gStride = g.Stride;
        private readonly nint xStride = x.Stride;

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(int row, int column, TCount count, out Vector256<TCompute> first, out Vector256<TCompute> second)
            where TCount : struct, ICount
        {
            first = count.Load(ref g, (row * gStride) + column);
            second = first * (((count.Load(ref x, (row * xStride) + column) - Vector256.Create(Unsafe.Add(ref highs, row)))
                * Vector256.Create(Unsafe.Add(ref factors, row))) + Vector256.Create(Unsafe.Add(ref shifts, row)));
        }
    }
}
