using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// Dynamic tanh, an item of <see cref="RowTiles"/> at a time: the output, or, where there is a gradient of it, that of the input and the item's sums for
/// the parameters, which the caller adds up in the order of the items.
/// </summary>
/// <param name="tiles">How the rows are cut.</param>
/// <param name="alpha">The factor inside.</param>
/// <param name="affine">Weight and bias.</param>
/// <param name="gradients">The input; in backward also the gradient of the output and where that of the input goes.</param>
/// <param name="y">The output, in forward.</param>
/// <param name="ofParameters">Takes the sums for weight and bias of each part, in backward.</param>
/// <param name="ofAlpha">Takes the sum for alpha of each item.</param>
/// <param name="cancellation">Looked at before each block, for an item may have very many rows.</param>
internal readonly struct DynamicTanhRows<T, TParameter>(
    RowTiles tiles, double alpha, Affine<TParameter> affine, Gradients<T> gradients, TensorView<T> y, Pair[] ofParameters, double[] ofAlpha,
    CancellationToken cancellation) : IParallelWork
    where T : unmanaged
    where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
{
    private readonly RowTiles tiles = tiles;
    private readonly Affine<TParameter> affine = affine;
    private readonly Gradients<T> gradients = gradients;

    public void Run(int slot, nint start, nint end)
    {
        int most = tiles.Most;
        double[] room = ArrayPool<double>.Shared.Rent((5 * most) + (2 * tiles.Columns));
        for (nint item = start; item < end; item++)
        {
            (int part, nint row, nint endRow, int firstColumn, int columns) = tiles[item];
            Span<double> weight = room.AsSpan(0, most), bias = room.AsSpan(most, most);
            // A copy for each row of a block, so that a block is one run.
            for (int copy = 0; copy < tiles.RowsPerBlock; copy++)
            {
                affine.Weights(firstColumn, columns, weight.Slice(copy * columns, columns)).CopyTo(weight[(copy * columns)..]);
                affine.Biases(firstColumn, columns, bias.Slice(copy * columns, columns)).CopyTo(bias[(copy * columns)..]);
            }
            if (!gradients.Dy.IsEmpty)
                ofAlpha[item] = 0;
            for (; row < endRow && !cancellation.IsCancellationRequested; row += tiles.RowsPerBlock)
            {
                int rows = (int)Math.Min(tiles.RowsPerBlock, endRow - row);
                nint offset = (row * tiles.Width) + firstColumn;
                Span<double> x = room.AsSpan(2 * most, rows * columns);
                gradients.X.Fill(offset, x);
                if (gradients.Dy.IsEmpty)
                {
                    TanhValues.Forward(x, alpha, weight, bias);
                    y.Store<double>(offset, x);
                    continue;
                }
                Span<double> dy = room.AsSpan(3 * most, x.Length), slopes = room.AsSpan(4 * most, x.Length), sums = room.AsSpan(5 * most, 2 * columns);
                gradients.Dy.Fill(offset, dy);
                sums.Clear();
                TanhValues.Of(x, alpha, slopes);
                Sums.DownColumns(
                    rows, columns, ref sums[0], ref sums[columns], ref sums[0],
                    new TanhValues.ParameterTerms(ref MemoryMarshal.GetReference(dy), ref MemoryMarshal.GetReference(slopes), columns));
                AddTo(ofParameters.AsSpan((part * tiles.Width) + firstColumn, columns), sums);
                TanhValues.Slopes(dy, x, alpha, weight, slopes);
                ofAlpha[item] += Sums.AlongRow<Products>(
                    x.Length, new(ref MemoryMarshal.GetReference(slopes), ref MemoryMarshal.GetReference(x))).First;
                if (gradients.Dx.IsEmpty)
                    continue;
                TanhValues.Scale(slopes, alpha);
                gradients.Dx.Store<double>(offset, slopes);
            }
        }
        ArrayPool<double>.Shared.Return(room);
    }

    private static void AddTo(Span<Pair> totals, ReadOnlySpan<double> sums)
    {
        for (int i = 0; i < totals.Length; i++)
            totals[i] += new Pair(sums[i], sums[totals.Length + i]);
    }
}
