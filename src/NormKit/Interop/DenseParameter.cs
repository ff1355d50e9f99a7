using System.Buffers;
using System.Numerics;

namespace NormKit.Interop;

/// <summary>
/// A weight or its gradient in the order in which a kernel counts parameters: as it is, or a copy, with the channels innermost for layer norm over
/// channels-last memory, and with 1 added where a weight is stored minus one.
/// </summary>
internal readonly ref struct DenseParameter<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[]? copy;
    private readonly int channels;

    /// <param name="parameter">Contiguous, of shape (C, *); may be none.</param>
    /// <param name="channels">Its channels where it is to be permuted, else 0.</param>
    /// <param name="unitOffset">Whether 1 is to be added.</param>
    public DenseParameter(in Operand<T> parameter, nint channels, bool unitOffset = false)
    {
        this.channels = (int)channels;
        if ((channels == 0 && !unitOffset) || parameter.IsEmpty)
        {
            Span = parameter.Dense;
            return;
        }
        copy = ArrayPool<T>.Shared.Rent((int)parameter.Length);
        Span = copy.AsSpan(0, (int)parameter.Length);
        Transpose(parameter.Dense, Span, Math.Max(1, this.channels));
        for (int i = 0; unitOffset && i < Span.Length; i++)
            Span[i] += T.One;
    }

    public readonly Span<T> Span;

    /// <summary>Takes a gradient back to the order of its tensor.</summary>
    public void CopyTo(in Operand<T> parameter)
    {
        if (copy is not null)
            Transpose(Span, parameter.Dense, Span.Length / channels);
    }

    public void Dispose()
    {
        if (copy is not null)
            ArrayPool<T>.Shared.Return(copy);
    }

    private static void Transpose(ReadOnlySpan<T> from, Span<T> to, int rows)
    {
        int columns = from.Length / rows;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                to[(column * rows) + row] = from[(row * columns) + column];
        }
    }
}
