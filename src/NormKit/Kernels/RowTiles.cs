namespace NormKit.Kernels;

/// <summary>
/// Rows of elements, each position with parameters of its own, cut into blocks of whole short rows or of a piece of one long row; and into parts, whose
/// sums for the parameters are added up alone. The cuts follow from the shape, never from threads.
/// </summary>
internal readonly record struct RowTiles(nint Rows, int Width)
{
    /// <summary>At most: more would take memory, and no machine has the threads.</summary>
    private const int MostParts = 64;

    /// <summary>The positions of a block, but for the last of a row.</summary>
    public int Columns { get; } = Math.Min(Width, BlockPlan.BlockLength);

    /// <summary>The rows of a block, but for the last of a part.</summary>
    public int RowsPerBlock => Columns < Width ? 1 : Math.Max(1, BlockPlan.BlockLength / Width);

    /// <summary>The elements of a block, at most.</summary>
    public int Most => RowsPerBlock * Columns;

    /// <summary>The pieces that a row is cut into.</summary>
    public int Pieces => (Width + Columns - 1) / Columns;

    public int Parts => (int)((Rows + RowsPerPart - 1) / RowsPerPart);

    /// <summary>What is computed at a time: a piece of all rows of a part.</summary>
    public nint Items => (nint)Parts * Pieces;

    private nint RowsPerPart
    {
        get
        {
            // Sums of a million numbers or so at the most, whatever the width.
            nint parts = Math.Clamp((1 << 20) / Width, 1, MostParts), blocks = (Rows + RowsPerBlock - 1) / RowsPerBlock;
            return (blocks + parts - 1) / parts * RowsPerBlock;
        }
    }

    /// <summary>The rows of an item, from the first up to the end, and its positions.</summary>
    public (int Part, nint FirstRow, nint EndRow, int FirstColumn, int Columns) this[nint item]
    {
        get
        {
            (nint part, nint piece) = Math.DivRem(item, Pieces);
            int column = (int)piece * Columns;
            return ((int)part, part * RowsPerPart, Math.Min((part + 1) * RowsPerPart, Rows), column, Math.Min(Columns, Width - column));
        }
    }
}
