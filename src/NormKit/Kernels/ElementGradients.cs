using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// The gradients of weights that each position of a row has for itself (layer norm): sums down the batch, of <c>dy * xHat</c> and <c>dy</c>.
/// An item is a block of rows and a tile of columns; the blocks' sums are added in double, in block order, by <see cref="Normalizer"/>.
/// </summary>
internal readonly struct ElementGradients<T>(
    NormGeometry geometry, TensorView<T> dy, TensorView<T> x, double eps, Moments[] statistics, Pair[] parameters)
    : IParallelWork where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NormGeometry geometry = geometry;
    private readonly int tilesPerSet = (int)((geometry.Length + ColumnTiles.Width - 1) / ColumnTiles.Width);

    /// <summary>How many sums there are of each parameter.</summary>
    public int Blocks => ColumnTiles.Blocks(geometry.Batches);

    public nint Items => Blocks * geometry.SetsPerBatch * tilesPerSet;

    public void Run(int slot, nint start, nint end)
    {
        for (nint item = start; item < end; item++)
        {
            (nint column, nint block) = Math.DivRem(item, Blocks);
            (nint set, nint tile) = Math.DivRem(column, tilesPerSet);
            int rows = ColumnTiles.RowsOf(geometry.Batches, (int)block);
            bool wide = false;
            for (int row = 0; row < rows; row++)
                wide |= Normalizer.NeedsDouble<T>(StatisticsOf(block, row, set), eps);
            if (wide)
                Sum<double>(block, rows, set, tile);
            else
                Sum<T>(block, rows, set, tile);
        }
    }

    private Moments StatisticsOf(nint block, int row, nint set) =>
        statistics[(((block * ColumnTiles.RowsPerBlock) + row) * geometry.SetsPerBatch) + set];

    [SkipLocalsInit]
    private void Sum<TCompute>(nint block, int rows, nint set, nint tile) where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> highs = stackalloc TCompute[ColumnTiles.RowsPerBlock];
        Span<TCompute> shifts = stackalloc TCompute[ColumnTiles.RowsPerBlock];
        Span<TCompute> invStds = stackalloc TCompute[ColumnTiles.RowsPerBlock];
        for (int row = 0; row < rows; row++)
        {
            Moments moments = StatisticsOf(block, row, set);
            Centre<TCompute> centre = new(moments);
            highs[row] = centre.High;
            double invStd = moments.InvStd(eps);
            invStds[row] = TCompute.CreateTruncating(invStd);
            shifts[row] = TCompute.CreateTruncating(-centre.Low * invStd);
        }
        nint first = tile * ColumnTiles.Width;
        int width = (int)Math.Min(ColumnTiles.Width, geometry.Length - first);
        nint offset = (block * ColumnTiles.RowsPerBlock * geometry.BatchStride) + (set * geometry.SetStride) + first;
        Span<TCompute> gradients = stackalloc TCompute[ColumnTiles.Width];
        Span<TCompute> products = stackalloc TCompute[ColumnTiles.Width];
        using ColumnTile<TCompute> g = ColumnTile<TCompute>.Of(dy, offset, rows, width, geometry.BatchStride);
        using ColumnTile<TCompute> d = ColumnTile<TCompute>.Of(x, offset, rows, width, geometry.BatchStride);
        Sums.DownColumns(rows, gradients[..width], products[..width], new Terms<TCompute>(g, d, ref highs[0], ref shifts[0], ref invStds[0]));
        nint parameter = (block * geometry.AffineCount) + (set * geometry.AffinePerSet) + first;
        for (int i = 0; i < width; i++)
            parameters[parameter + i] = Pair.From((gradients[i], products[i]));
    }

    private readonly ref struct Terms<TCompute>(
        ColumnTile<TCompute> g, ColumnTile<TCompute> x, ref TCompute highs, ref TCompute shifts, ref TCompute invStds) : IColumnTerms<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g.Start;
        private readonly ref TCompute x = ref x.Start;
        private readonly ref TCompute highs = ref highs;
        private readonly ref TCompute shifts = ref shifts;
        private readonly ref TCompute invStds = ref invStds;
        private readonly nint gStride = g.Stride;
        private readonly nint xStride = x.Stride;

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(int row, int column, TCount count, out Vector512<TCompute> first, out Vector512<TCompute> second)
            where TCount : struct, ICount
        {
            first = count.Load(ref g, (row * gStride) + column);
            second = first * (((count.Load(ref x, (row * xStride) + column) - Vector512.Create(Unsafe.Add(ref highs, row)))
                * Vector512.Create(Unsafe.Add(ref invStds, row))) + Vector512.Create(Unsafe.Add(ref shifts, row)));
        }
    }
}
