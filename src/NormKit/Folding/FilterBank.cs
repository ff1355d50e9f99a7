using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;

namespace NormKit.Folding;

/// <summary>
/// The weight of a layer as (rows, columns, kernel), and which channels a row and a column stand for. A row is a channel of its own; columns are
/// counted anew in each group of rows. Rows are outputs, but in a transposed convolution they are inputs: the only difference between the two.
/// </summary>
internal readonly struct FilterBank
{
    private readonly bool rowsAreInputs;
    private readonly int rowsPerGroup;

    private FilterBank(bool rowsAreInputs, int rows, int columns, int kernel, int groups)
    {
        this.rowsAreInputs = rowsAreInputs;
        rowsPerGroup = rows / groups;
        Rows = rows;
        Columns = columns;
        Kernel = kernel;
        (Inputs, Outputs) = rowsAreInputs ? (rows, columns * groups) : (columns * groups, rows);
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>How many values lie between two neighbouring columns: the product of the kernel's lengths.</summary>
    public int Kernel { get; }

    public int Inputs { get; }

    public int Outputs { get; }

    public int InputOf(int row, int column) => rowsAreInputs ? row : InGroupOf(row, column);

    public int OutputOf(int row, int column) => rowsAreInputs ? InGroupOf(row, column) : row;

    /// <exception cref="ArgumentException">The weight is not of such a layer, or the groups do not divide its channels.</exception>
    public static FilterBank Of<T>(string caller, FoldableLayer layer, in ReadOnlyTensorSpan<T> weight, int groups)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ReadOnlySpan<nint> shape = weight.Lengths;
        (string words, bool rightRank) = layer switch
        {
            FoldableLayer.Linear => ("a linear layer has shape (out, in)", shape.Length == 2),
            FoldableLayer.Convolution => ("a convolution has shape (out, in / groups, *kernel)", shape.Length >= 3),
            FoldableLayer.TransposedConvolution => ("a transposed convolution has shape (in, out / groups, *kernel)", shape.Length >= 3),
            _ => throw new ArgumentOutOfRangeException(nameof(layer), layer, $"{caller}: {layer} is no foldable layer."),
        };
        if (!rightRank || shape.Contains(0))
            throw new ArgumentException($"{caller}: the weight of {words}, with no length of 0; this one has {Shapes.Text(shape)}.", nameof(weight));
        if (weight.FlattenedLength > Array.MaxLength)
            throw new ArgumentException($"{caller}: a folded weight of shape {Shapes.Text(shape)} is more than an array holds, {Array.MaxLength} elements.", nameof(weight));
        if (groups < 1)
            throw new ArgumentOutOfRangeException(nameof(groups), groups, $"{caller}: there is at least one group.");
        if (layer == FoldableLayer.Linear && groups != 1)
            throw new ArgumentException($"{caller}: a linear layer has one group, not {groups}.", nameof(groups));
        bool rowsAreInputs = layer == FoldableLayer.TransposedConvolution;
        if (shape[0] % groups != 0)
        {
            string side = rowsAreInputs ? "input" : "output";
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{caller}: {shape[0]} {side} channels do not split into {groups} equal groups; the weight has shape {Shapes.Text(shape)}."), nameof(groups));
        }
        return new(rowsAreInputs, (int)shape[0], (int)shape[1], (int)Shapes.Product(shape[2..]), groups);
    }

    private int InGroupOf(int row, int column) => (row / rowsPerGroup * Columns) + column;
}
