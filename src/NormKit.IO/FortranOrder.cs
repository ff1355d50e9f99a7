using System.Runtime.InteropServices;

namespace NormKit.IO;

/// <summary>Rearranges elements from Fortran order (first dimension fastest) to C order (last dimension fastest).</summary>
internal static class FortranOrder
{
    internal static byte[] ToC(byte[] fortran, ReadOnlySpan<nint> shape, int elementSize)
    {
        // With fewer than two elements, or than two dimensions, the orders are the same.
        if (shape.Length < 2 || fortran.Length <= elementSize)
            return fortran;

        byte[] c = GC.AllocateUninitializedArray<byte>(fortran.Length);
        switch (elementSize)
        {
            case 1: Transpose<byte>(fortran, c, shape); break;
            case 2: Transpose<ushort>(fortran, c, shape); break;
            case 4: Transpose<uint>(fortran, c, shape); break;
            default: Transpose<ulong>(fortran, c, shape); break;
        }

        return c;
    }

    /// <summary>Makes the elements of each column of a matrix in C order contiguous.</summary>
    internal static void TransposeMatrix<T>(ReadOnlySpan<T> from, Span<T> to, int rows, int columns) => TransposePlane(from, to, columns, rows, rows, columns);

    // All lengths are positive and their product fits an int here: the data has been read.
    private static void Transpose<T>(ReadOnlySpan<byte> fromBytes, Span<byte> toBytes, ReadOnlySpan<nint> shape)
        where T : unmanaged
    {
        ReadOnlySpan<T> from = MemoryMarshal.Cast<byte, T>(fromBytes);
        Span<T> to = MemoryMarshal.Cast<byte, T>(toBytes);
        int rank = shape.Length, rows = (int)shape[0], columns = (int)shape[^1];
        int rowLength = to.Length / rows, columnLength = from.Length / columns;

        // A plane holds the first and the last dimension; the middle ones count through the planes, last one fastest.
        int[] middle = new int[rank];
        for (int plane = 0; plane < rowLength / columns; plane++)
        {
            int start = 0, stride = rows;
            for (int d = 1; d < rank - 1; d++)
            {
                start += middle[d] * stride;
                stride *= (int)shape[d];
            }

            TransposePlane(from[start..], to[(plane * columns)..], rows, columns, rowLength, columnLength);
            for (int d = rank - 2; d > 0 && ++middle[d] == shape[d]; d--)
                middle[d] = 0;
        }
    }

    // In tiles, for one of the two sides always jumps: a tile's cache lines are used whole before they are evicted.
    private static void TransposePlane<T>(ReadOnlySpan<T> from, Span<T> to, int rows, int columns, int rowLength, int columnLength)
    {
        const int tile = 16;
        for (int top = 0; top < rows; top += tile)
        {
            int bottom = Math.Min(rows, top + tile);
            for (int left = 0; left < columns; left += tile)
            {
                int right = Math.Min(columns, left + tile);
                for (int row = top; row < bottom; row++)
                {
                    for (int column = left; column < right; column++)
                        to[(row * rowLength) + column] = from[(column * columnLength) + row];
                }
            }
        }
    }
}
