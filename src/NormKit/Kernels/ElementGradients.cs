using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// The gradients of weights that each position of a row has for itself (layer norm): sums down the batch, of <c>dy * xHat</c> and <c>dy</c>.
/// An item is a block of rows that share their weights, and all, a block or a tile of their columns, as what is fused with it needs; the sums of blocks
/// of rows are added in double, in their order.
/// </summary>
/// <param name="geometry">Who shares statistics and weights.</param>
/// <param name="gradients">The gradient of the output, the input, and where its gradient goes.</param>
/// <param name="affine">Weight and bias of the forward call.</param>
/// <param name="rule">That of the forward call.</param>
/// <param name="statistics">Those of the forward call.</param>
/// <param name="parameters">Takes the sums of each block.</param>
/// <param name="ofInput">What makes the gradient of the input.</param>
/// <param name="fusion">What it does here, a few rows at a time, while they are in the cache.</param>
internal readonly partial struct ElementGradients<T, TNarrow>(
    NormGeometry geometry, Gradients<T> gradients, Affine<TNarrow> affine, Rule rule, Moments[] statistics, ParameterSums parameters,
    RowBackward<T, TNarrow> ofInput, Fusion fusion)
    : IParallelWork
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    /// <summary>Elements of each, gradients and inputs, that stay in a core's own cache: 128 KiB of floats in all.</summary>
    private const int InCache = 16 * 1024;

    /// <summary>Four rows of it, of gradients and inputs in float, are 256 KiB.</summary>
    private const int LongestWhole = 8192;

    private readonly NormGeometry geometry = geometry;
    private readonly Gradients<T> gradients = gradients;
    private readonly nint run = RunOf(geometry);
    private readonly int rowsPerPart = RowsPerPart(geometry);
    private readonly int rowsAtOnce = RowsAtOnce(geometry);
    private readonly BlockPlan plan = RowBackward<T, TNarrow>.Plan(geometry);

    /// <summary>The items of a block of rows: one where the rows are short, else a block of the input's gradient, or what columns are summed at a time.</summary>
    private readonly int itemsPerRow = fusion switch
    {
        Fusion.WholeRows => 1,
        Fusion.Reduction => RowBackward<T, TNarrow>.Plan(geometry).Blocks,
        _ => TilesOf(geometry.Length),
    };

    /// <summary>How many sums there are of each parameter of a group, and how many neighbours among them are of one run.</summary>
    public static (int Parts, int PartsPerRun) PartsOf(in NormGeometry geometry)
    {
        int rows = RowsPerPart(geometry), perRun = checked((int)((RunOf(geometry) + rows - 1) / rows));
        return (checked((int)(geometry.Batches / RunOf(geometry)) * perRun), perRun);
    }

    /// <summary>
    /// What of the input's gradient can be done on the way. Where a row is so short that a few of them, of gradients and inputs, stay in the cache,
    /// all of it, in one pass over memory; of longer rows the sums, so that these are read twice and not three times.
    /// </summary>
    public static Fusion FusionOf(in NormGeometry geometry, Rule rule) =>
        !rule.HandsGradientsOn ? Fusion.None : geometry.Length <= LongestWhole ? Fusion.WholeRows : Fusion.Reduction;

    public nint Items => PartsOf(geometry).Parts * geometry.SetsPerBatch * itemsPerRow;

    public void Run(int slot, nint start, nint end)
    {
        (int parts, int partsPerRun) = PartsOf(geometry);
        for (nint item = start; item < end; item++)
        {
            (nint column, nint part) = Math.DivRem(item, parts);
            (nint set, nint inRow) = Math.DivRem(column, itemsPerRow);
            (nint runBefore, nint block) = Math.DivRem(part, partsPerRun);
            RowBlock rows = new((runBefore * run) + (block * rowsPerPart), (int)Math.Min(rowsPerPart, run - (block * rowsPerPart)), part);
            bool wide = false;
            for (int row = 0; row < rows.Count; row++)
                wide |= Scaling.NeedsDouble<TNarrow>(rule.Scaling.Factor(StatisticsOf(rows, row, set)));
            if (fusion == Fusion.None)
                Sum(rows, set, inRow, wide);
            else
                SumAndGoOn(rows, set, slot, (int)inRow, wide);
        }
    }

    private void Sum(RowBlock rows, nint set, nint tile, bool wide)
    {
        if (wide)
            Sum<double>(rows, set, tile);
        else
            Sum<TNarrow>(rows, set, tile);
    }

    /// <summary>The sums of a block, and what is fused with them, a few rows at a time.</summary>
    private void SumAndGoOn(RowBlock rows, nint set, int slot, int block, bool wide)
    {
        Block columns = fusion == Fusion.WholeRows ? new(0, 1, 0, (int)geometry.Length) : plan[block];
        if (!wide)
        {
            SumAndGoOn(rows, set, slot, block, columns);
            return;
        }
        nint firstTile = columns.Start / ColumnTiles.Width;
        for (int tile = 0; tile < TilesOf(columns.Length); tile++)
            Sum<double>(rows, set, firstTile + tile);
        GoOn(rows, 0, rows.Count, set, slot, block);
    }

    [SkipLocalsInit]
    private void SumAndGoOn(RowBlock rows, nint set, int slot, int block, Block columns)
    {
        RowConstants<TNarrow> ofRows = new(
            stackalloc TNarrow[ColumnTiles.RowsPerBlock], stackalloc TNarrow[ColumnTiles.RowsPerBlock], stackalloc TNarrow[ColumnTiles.RowsPerBlock]);
        Fill(ofRows, rows, set);
        int width = columns.Length;
        TNarrow[] rented = ArrayPool<TNarrow>.Shared.Rent(2 * width);
        Span<TNarrow> sums = rented.AsSpan(0, width), products = rented.AsSpan(width, width);
        sums.Clear();
        products.Clear();
        for (int row = 0; row < rows.Count; row += rowsAtOnce)
        {
            int count = Math.Min(rowsAtOnce, rows.Count - row);
            nint offset = ((rows.First + row) * geometry.BatchStride) + (set * geometry.SetStride) + columns.Start;
            Add(offset, count, sums, products, ofRows.From(row));
            GoOn(rows, row, count, set, slot, block);
        }
        Keep<TNarrow>(rows, set, columns.Start, sums, products);
        ArrayPool<TNarrow>.Shared.Return(rented);
    }

    /// <summary>Adds the terms of a few rows to the sums of their columns.</summary>
    private void Add(nint offset, int rows, Span<TNarrow> sums, Span<TNarrow> products, RowConstants<TNarrow> ofRows)
    {
        if (gradients.LoadInputs<TNarrow>())
        {
            Sums.DownColumns(rows, sums.Length, ref products[0], ref sums[0], ref sums[0], new Terms<T, TNarrow>(
                ref MemoryMarshal.GetReference(gradients.Dy.Direct<T>(offset, 1)), ref MemoryMarshal.GetReference(gradients.X.Direct<T>(offset, 1)),
                geometry.BatchStride, ofRows));
            return;
        }
        using ColumnTile<TNarrow> g = ColumnTile<TNarrow>.Of(gradients.Dy, offset, rows, sums.Length, geometry.BatchStride, copied: true);
        using ColumnTile<TNarrow> d = ColumnTile<TNarrow>.Of(gradients.X, offset, rows, sums.Length, geometry.BatchStride, copied: true);
        Sums.DownColumns(rows, sums.Length, ref products[0], ref sums[0], ref sums[0], new Terms<TNarrow, TNarrow>(ref g.Start, ref d.Start, g.Stride, ofRows));
    }

    /// <summary>Makes the gradients of the input in some rows of a block, or what is summed for them in a block of columns.</summary>
    private void GoOn(RowBlock rows, int row, int count, nint set, int slot, int block)
    {
        if (fusion == Fusion.WholeRows && plan.Blocks == 1 && geometry.SetsPerBatch == 1 && ofInput.TryRun(slot, rows.First + row, rows.First + row + count))
            return;
        for (int end = row + count; row < end; row++)
        {
            nint unit = ((rows.First + row) * geometry.SetsPerBatch) + set;
            if (fusion == Fusion.WholeRows)
                Schedule.RunUnit(ofInput, slot, unit, plan.Blocks, reduce: true);
            else
                ofInput.Reduce(unit, unit, block);
        }
    }

    private static int TilesOf(nint columns) => checked((int)((columns + ColumnTiles.Width - 1) / ColumnTiles.Width));

    /// <summary>One running sum, so that there is a part for each of many threads; four where so many parts would take room.</summary>
    private static int RowsPerPart(in NormGeometry geometry) => geometry.Batches <= 16 * 1024 ? ColumnTiles.RowsPerBlock / 4 : ColumnTiles.RowsPerBlock;

    /// <summary>As many rows, of gradients and inputs, as stay in the cache from their sums to what is done next with them.</summary>
    private static int RowsAtOnce(in NormGeometry geometry) => (int)Math.Clamp(InCache / Math.Max(1, geometry.Length), 4, 16);

    private static nint RunOf(in NormGeometry geometry) => geometry.Weights.Groups == 1 ? geometry.Batches : geometry.Weights.Run;

    private Moments StatisticsOf(RowBlock rows, int row, nint set) => statistics[((rows.First + row) * geometry.SetsPerBatch) + set];

    [SkipLocalsInit]
    private void Sum<TCompute>(RowBlock rows, nint set, nint tile) where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        RowConstants<TCompute> ofRows = new(
            stackalloc TCompute[ColumnTiles.RowsPerBlock], stackalloc TCompute[ColumnTiles.RowsPerBlock], stackalloc TCompute[ColumnTiles.RowsPerBlock]);
        Fill(ofRows, rows, set);
        nint first = tile * ColumnTiles.Width;
        int width = (int)Math.Min(ColumnTiles.Width, geometry.Length - first);
        nint offset = (rows.First * geometry.BatchStride) + (set * geometry.SetStride) + first;
        Span<TCompute> sums = stackalloc TCompute[width];
        Span<TCompute> products = stackalloc TCompute[width];
        sums.Clear();
        products.Clear();
        using ColumnTile<TCompute> g = ColumnTile<TCompute>.Of(gradients.Dy, offset, rows.Count, width, geometry.BatchStride, copied: true);
        using ColumnTile<TCompute> d = ColumnTile<TCompute>.Of(gradients.X, offset, rows.Count, width, geometry.BatchStride, copied: true);
        bool normalized = !rule.HandsGradientsOn;
        if (normalized)
            Prepare(rows, set, first, offset, g, d);
        for (int row = 0; row < rows.Count; row += rowsAtOnce)
        {
            // In the same steps as with what is fused, so that neither a mask nor an activation changes how sums are added.
            int count = Math.Min(rowsAtOnce, rows.Count - row);
            ref TCompute firstG = ref g.Row(row)[0], firstD = ref d.Row(row)[0];
            if (normalized)
                Sums.DownColumns(count, width, ref products[0], ref sums[0], ref sums[0], new Normalized<TCompute>(ref firstG, ref firstD, g.Stride));
            else
                Sums.DownColumns(count, width, ref products[0], ref sums[0], ref sums[0], new Terms<TCompute, TCompute>(ref firstG, ref firstD, g.Stride, ofRows.From(row)));
        }
        Keep<TCompute>(rows, set, first, sums, products);
    }

    private void Fill<TCompute>(RowConstants<TCompute> ofRows, RowBlock rows, nint set) where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        for (int row = 0; row < rows.Count; row++)
        {
            Moments moments = StatisticsOf(rows, row, set);
            // A row without an element that takes part adds nothing.
            double factor = rule.Scaling.Factor(moments);
            Centre<TCompute> centre = new(moments.Count == 0 ? default : moments);
            ofRows.Highs[row] = centre.High;
            ofRows.Factors[row] = TCompute.CreateTruncating(factor);
            ofRows.Shifts[row] = TCompute.CreateTruncating(-centre.Low * factor);
        }
    }

    private void Keep<TCompute>(RowBlock rows, nint set, nint first, ReadOnlySpan<TCompute> sums, ReadOnlySpan<TCompute> products)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        nint parameter = (set * geometry.AffinePerSet) + first;
        TensorPrimitives.ConvertTruncating(sums, parameters.Bias(rows.Part, parameter, sums.Length));
        TensorPrimitives.ConvertTruncating(products, parameters.Weight(rows.Part, parameter, sums.Length));
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
}
