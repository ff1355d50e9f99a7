using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// The gradients of weights that the rows of a matrix have while its columns are normalized (layer norm over channels that are not innermost):
/// sums along each row, of <c>dy * xHat</c> and <c>dy</c>. An item is a batch and a tile of its columns; the sums of the items are added in double,
/// in their order.
/// </summary>
internal readonly struct PositionGradients<T, TNarrow>(
    NormGeometry geometry, Gradients<T> gradients, Affine<TNarrow> affine, Rule rule, Moments[] statistics, ParameterSums parameters)
    : IParallelWork
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    private const int TileWidth = 1024;

    private readonly NormGeometry geometry = geometry;

    /// <summary>How many sums there are of each parameter.</summary>
    public static int PartsOf(in NormGeometry geometry) => checked((int)(geometry.Batches * TilesOf(geometry)));

    public void Run(int slot, nint start, nint end)
    {
        for (nint item = start; item < end; item++)
        {
            (nint batch, nint tile) = Math.DivRem(item, TilesOf(geometry));
            nint first = tile * TileWidth;
            ReadOnlySpan<Moments> sets = statistics.AsSpan((int)((batch * geometry.Columns) + first), (int)Math.Min(TileWidth, geometry.Columns - first));
            bool wide = false;
            foreach (Moments set in sets)
                wide |= Scaling.NeedsDouble<TNarrow>(rule.Scaling.Factor(set));
            if (wide)
                Sum<double>(batch, first, sets, item);
            else
                Sum<TNarrow>(batch, first, sets, item);
        }
    }

    private static nint TilesOf(in NormGeometry geometry) => (geometry.Columns + TileWidth - 1) / TileWidth;

    [SkipLocalsInit]
    private void Sum<TCompute>(nint batch, nint first, ReadOnlySpan<Moments> sets, nint item) where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        Span<TCompute> highs = stackalloc TCompute[TileWidth];
        Span<TCompute> factors = stackalloc TCompute[TileWidth];
        Span<TCompute> shifts = stackalloc TCompute[TileWidth];
        for (int i = 0; i < sets.Length; i++)
        {
            double factor = rule.Scaling.Factor(sets[i]);
            Centre<TCompute> centre = new(sets[i]);
            (highs[i], factors[i], shifts[i]) = (centre.High, TCompute.CreateTruncating(factor), TCompute.CreateTruncating(-centre.Low * factor));
        }
        Span<TCompute> forGradients = stackalloc TCompute[TileWidth];
        Span<TCompute> xHat = stackalloc TCompute[TileWidth];
        Span<TCompute> z = stackalloc TCompute[TileWidth];
        xHat = xHat[..sets.Length];
        z = z[..sets.Length];
        nint firstParameter = geometry.FirstParameterOfBatch(batch);
        for (nint row = 0; row < geometry.Segments; row++)
        {
            nint offset = (batch * geometry.BatchStride) + (row * geometry.SegmentStride) + first;
            ReadOnlySpan<TCompute> g = gradients.Dy.Read(offset, sets.Length, forGradients);
            ColumnMaps.Normalize(gradients.X.Read(offset, sets.Length, xHat), xHat, highs, factors, shifts, null);
            if (rule.Activation.IsPresent)
            {
                g.CopyTo(forGradients);
                RowMaps.Uniform<TCompute, TCompute>(xHat, z, default(Centre<TCompute>), 1, affine.Weight(firstParameter + row), affine.Bias(firstParameter + row));
                rule.Activation.Gradient<TCompute>(z, forGradients[..sets.Length]);
                g = forGradients[..sets.Length];
            }
            BlockSums sums = Sums.AlongRun(
                sets.Length, new RowGradients.Uniform<TCompute>(ref MemoryMarshal.GetReference(g), ref MemoryMarshal.GetReference(xHat), 0), anyShape: false);
            parameters.Bias(item, row, 1)[0] = sums.First;
            parameters.Weight(item, row, 1)[0] = sums.Second;
        }
    }
}
