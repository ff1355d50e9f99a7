using System.Buffers;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>What a gate does to a value.</summary>
internal enum GateUse
{
    /// <summary>Nothing: there is none.</summary>
    None,

    /// <summary>Multiplies it by silu(gate).</summary>
    Value,

    /// <summary>Multiplies it by the derivative of silu at the gate.</summary>
    Slope,
}

/// <summary>
/// <c>to = a * b * weight * silu(gate)</c>, or its derivative, element by element, in double and in this order: what stands around the norm of a gated
/// norm. An item of <see cref="RowTiles"/> at a time. What is absent is 1.
/// </summary>
/// <param name="tiles">How the rows are cut.</param>
/// <param name="a">The first factor.</param>
/// <param name="b">The second factor, or none.</param>
/// <param name="weight">One for each element of a row, or none.</param>
/// <param name="gate">The gate.</param>
/// <param name="use">What is made of it.</param>
/// <param name="to">The result, rounded once; may lie where a factor does.</param>
/// <param name="rounds">Whether the product is rounded to the type of the result before the weight and, where a gate follows, behind it.</param>
/// <param name="cancellation">Looked at before each block.</param>
internal readonly struct GatedRows<TA, TB, TGate, TTo, TParameter>(
    RowTiles tiles, TensorView<TA> a, TensorView<TB> b, TensorView<TParameter> weight, TensorView<TGate> gate, GateUse use, TensorView<TTo> to, bool rounds,
    CancellationToken cancellation) : IParallelWork
    where TA : unmanaged
    where TB : unmanaged
    where TGate : unmanaged
    where TTo : unmanaged
    where TParameter : unmanaged
{
    private readonly RowTiles tiles = tiles;
    private readonly TensorView<TA> a = a;
    private readonly TensorView<TB> b = b;
    private readonly TensorView<TParameter> weight = weight;
    private readonly TensorView<TGate> gate = gate;
    private readonly TensorView<TTo> to = to;

    public void Run(int slot, nint start, nint end)
    {
        int most = tiles.Most;
        double[] room = ArrayPool<double>.Shared.Rent(3 * most);
        for (nint item = start; item < end; item++)
        {
            (_, nint row, nint endRow, int firstColumn, int columns) = tiles[item];
            Span<double> weights = room.AsSpan(0, most);

            // A copy for each row of a block, so that a block is one run.
            for (int copy = 0; copy < tiles.RowsPerBlock && !weight.IsEmpty; copy++)
                weight.Fill(firstColumn, weights.Slice(copy * columns, columns));
            for (; row < endRow && !cancellation.IsCancellationRequested; row += tiles.RowsPerBlock)
            {
                int rows = (int)Math.Min(tiles.RowsPerBlock, endRow - row);
                nint offset = (row * tiles.Width) + firstColumn;
                Span<double> values = room.AsSpan(most, rows * columns), other = room.AsSpan(2 * most, values.Length);
                a.Fill(offset, values);
                if (!b.IsEmpty)
                {
                    b.Fill(offset, other);
                    RowMaps.Multiply<double, double>(values, other, values);
                }
                if (!weight.IsEmpty)
                {
                    Round(values);
                    RowMaps.Multiply<double, double>(values, weights[..values.Length], values);
                    if (use != GateUse.None)
                        Round(values);
                }
                if (use != GateUse.None)
                    Multiply(offset, values, other);
                to.Store<double>(offset, values);
            }
        }
        ArrayPool<double>.Shared.Return(room);
    }

    private void Multiply(nint offset, Span<double> values, Span<double> gates)
    {
        gate.Fill(offset, gates);
        if (use == GateUse.Slope)
        {
            Activations.Gradient<double, InDouble<double, Silu>>(gates, values, default);
            return;
        }
        Activations.Apply<double, InDouble<double, Silu>>(gates, default);
        RowMaps.Multiply<double, double>(values, gates, values);
    }

    private void Round(Span<double> values)
    {
        if (!rounds || typeof(TTo) == typeof(double) || typeof(TTo) == typeof(float))
            return;
        Span<TTo> part = stackalloc TTo[PartLength];
        for (int done = 0; done < values.Length; done += PartLength)
        {
            Span<double> some = values.Slice(done, Math.Min(PartLength, values.Length - done));
            Elements.Convert<double, TTo>(some, part);
            Elements.Convert<TTo, double>(part[..some.Length], some);
        }
    }

    private static int PartLength => 256;
}
