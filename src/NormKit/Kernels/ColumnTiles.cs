using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// How the column kernels cut a batch, a matrix whose rows are segments: in blocks of <see cref="RowsPerBlock"/> rows, whose moments are merged
/// in double, and those in tiles of columns. Each column is summed on its own, so the width of a tile changes no bit.
/// </summary>
internal static class ColumnTiles
{
    public const int RowsPerBlock = 256;
    public const int Width = 256;

    /// <summary>The columns that are summed at a time where they lie in memory: many, so that rows are read on and on.</summary>
    public const int Summed = 2048;

    /// <summary>What a forward pass writes at once, at most: a call costs as much as some ten vectors, and the constants still leave room in the first
    /// cache. Backward has more of them, and writes <see cref="Width"/>.</summary>
    public const int Written = 512;

    public static int Blocks(nint rows) => checked((int)((rows + RowsPerBlock - 1) / RowsPerBlock));

    /// <summary>
    /// How many rows are written as one where all their columns are and so they follow each other in memory: short rows would cost more to begin
    /// than to write.
    /// </summary>
    public static int RowsAtOnce(ColumnRun run, nint columns, int width) => run.Width == columns ? Math.Max(1, width / run.Width) : 1;

    /// <summary>The columns of the longest run of sets from <paramref name="set"/> on that are computed in one type; moves on to the next.</summary>
    /// <param name="inDouble">Of each set, whether it is computed in double.</param>
    /// <param name="columnsPerSet">The columns of each set.</param>
    /// <param name="set">The first set; becomes the one behind the run.</param>
    public static ColumnRun NextRun(ReadOnlySpan<bool> inDouble, nint columnsPerSet, ref int set)
    {
        int first = set;
        bool wide = inDouble[first];
        int sets = inDouble[first..].IndexOf(!wide);
        set = sets < 0 ? inDouble.Length : first + sets;
        return new(first * (int)columnsPerSet, (set - first) * (int)columnsPerSet, wide);
    }

    /// <summary>Room for a value of each column, repeated as often as rows are written as one.</summary>
    public static int Span(int columns, int width) => Math.Max(1, width / columns) * columns;

    public static int RowsOf(nint rows, int block) => (int)Math.Min(RowsPerBlock, rows - ((nint)block * RowsPerBlock));
}

/// <summary>
/// The units of the column kernels. Where a batch has few rows, a unit is as many of its sets as stay in a processor's own cache while they are summed
/// and then written; where it has so many that little of each row would be left, a unit is the batch.
/// </summary>
internal readonly struct ColumnUnits
{
    /// <summary>Shorter pieces of rows would cost more to begin than to read.</summary>
    private const int ShortestPiece = 256;

    private readonly NormGeometry geometry;
    private readonly nint perBatch;

    /// <param name="geometry">Who shares statistics.</param>
    /// <param name="bytesPerElement">What of each element is to stay in the cache.</param>
    public ColumnUnits(in NormGeometry geometry, int bytesPerElement)
    {
        this.geometry = geometry;
        nint columns = (nint)(CacheSizes.Own / 2) / bytesPerElement / Math.Max(1, geometry.Segments);
        Sets = columns < ShortestPiece || columns >= geometry.Columns
            ? geometry.SetsPerBatch
            : Math.Clamp(columns / geometry.Length, 1, geometry.SetsPerBatch);
        perBatch = (geometry.SetsPerBatch + Sets - 1) / Sets;
    }

    /// <summary>The sets of a unit; the last one of a batch may have fewer.</summary>
    public nint Sets { get; }

    public nint Count => geometry.Batches * perBatch;

    /// <summary>The columns that a unit has at most.</summary>
    public int Columns => checked((int)(Sets * geometry.Length));

    public ColumnUnit this[nint unit]
    {
        get
        {
            (nint batch, nint inBatch) = Math.DivRem(unit, perBatch);
            nint first = inBatch * Sets;
            return new(batch, (batch * geometry.SetsPerBatch) + first, first, (int)Math.Min(Sets, geometry.SetsPerBatch - first), geometry);
        }
    }
}

/// <summary>Sets that lie side by side in the rows of a batch.</summary>
/// <param name="Batch">Which batch.</param>
/// <param name="FirstSet">The first set, counted through all batches.</param>
/// <param name="FirstOfBatch">The same within the batch.</param>
/// <param name="Sets">How many sets.</param>
/// <param name="Geometry">Who shares statistics.</param>
internal readonly record struct ColumnUnit(nint Batch, nint FirstSet, nint FirstOfBatch, int Sets, NormGeometry Geometry)
{
    public int Columns => Sets * (int)Geometry.Length;

    public nint FirstColumn => FirstOfBatch * Geometry.Length;

    /// <summary>Where its part of a block of rows begins.</summary>
    public nint Offset(int block) => (Batch * Geometry.BatchStride) + ((nint)block * ColumnTiles.RowsPerBlock * Geometry.Columns) + FirstColumn;
}

/// <summary>Columns <c>First .. First + Width</c>, to be computed in double or not. Sets lie side by side, so each row has them in one piece.</summary>
internal readonly record struct ColumnRun(int First, int Width, bool Wide)
{
    public int End => First + Width;
}

/// <summary>Some constants of each column, one kind behind the other.</summary>
/// <param name="room">Where they are.</param>
/// <param name="span">How many values there are of each kind.</param>
/// <param name="first">The column that indices count from.</param>
internal readonly ref struct ColumnConstants<T>(Span<T> room, int span, int first = 0)
{
    private readonly Span<T> room = room;

    public Span<T> this[int kind] => room.Slice((kind * span) + first, span - first);

    public ColumnConstants<T> From(int column) => new(room, span, first + column);

    /// <summary>Repeats the values of a row to the end of each span.</summary>
    public void Repeat(int columns)
    {
        for (int start = 0; start < room.Length; start += span)
        {
            for (int i = columns; i < span; i += columns)
                room.Slice(start, columns).CopyTo(room[(start + i)..]);
        }
    }
}

/// <summary>A tile of a matrix in the computing type: in place where it lies there, else a copy in a rented array.</summary>
internal readonly ref struct ColumnTile<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[]? rented;

    public readonly ref T Start;
    public readonly nint Stride;

    private ColumnTile(ref T start, nint stride, T[]? rented)
    {
        Start = ref start;
        Stride = stride;
        this.rented = rented;
    }

    public static ColumnTile<T> Of<TStored>(TensorView<TStored> x, nint offset, int rows, int columns, nint stride, bool copied = false)
        where TStored : unmanaged
    {
        if (x.Holds<T>() && !copied)
            return new(ref MemoryMarshal.GetReference(x.Direct<T>(offset, columns)), stride, null);
        T[] copy = ArrayPool<T>.Shared.Rent(rows * columns);
        for (int row = 0; row < rows; row++)
            x.Fill(offset + (row * stride), copy.AsSpan(row * columns, columns));
        return new(ref copy[0], columns, copy);
    }

    /// <summary>A row of a tile that was copied, to be written into.</summary>
    public Span<T> Row(int row) => rented.AsSpan(row * (int)Stride, (int)Stride);

    public void Dispose()
    {
        if (rented is not null)
            ArrayPool<T>.Shared.Return(rented);
    }
}

/// <summary>The sums of each column of each block of a slot: one kind behind the other, then block after block.</summary>
internal static class ColumnSums
{
    public static Span<double> OfBlock(double[] partial, nint slot, int block, int blocks, int columns, int kinds) =>
        partial.AsSpan((int)(((slot * blocks) + block) * kinds * columns), kinds * columns);

    /// <summary>Adds those of all blocks into those of the first, in pairs, so that few additions follow one another.</summary>
    public static Span<double> Total(double[] partial, nint slot, int blocks, int columns, int kinds)
    {
        for (int apart = 1; apart < blocks; apart *= 2)
        {
            for (int block = 0; block + apart < blocks; block += 2 * apart)
            {
                Span<double> to = OfBlock(partial, slot, block, blocks, columns, kinds);
                RowMaps.Add(to, OfBlock(partial, slot, block + apart, blocks, columns, kinds), to);
            }
        }
        return OfBlock(partial, slot, 0, blocks, columns, kinds);
    }

    /// <summary>How many additions follow one another in such a total.</summary>
    public static int Chain(int blocks) => Sums.Chain + BitOperations.Log2((uint)blocks) + 1;
}
