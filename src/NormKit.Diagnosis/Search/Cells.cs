using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>The numbers that a map gives to the elements of a view, renumbered from 0 without gaps: a sample meets few of a million sets.</summary>
/// <param name="Each">The cell of each element.</param>
/// <param name="Count">How many cells there are.</param>
/// <param name="Numbers">The map's number of each cell; null where the cells are the map's.</param>
internal sealed record Cells(int[] Each, int Count, int[]? Numbers)
{
    /// <summary>The cells of the elements that have these numbers; those of all elements keep theirs.</summary>
    public static Cells Of(IndexMap map, int[] numbers, bool isAll)
    {
        if (isAll)
            return new(numbers, map.Count, null);
        Dictionary<int, int> cells = [];
        int[] each = Array.ConvertAll(numbers, number =>
        {
            if (!cells.TryGetValue(number, out int cell))
                cells.Add(number, cell = cells.Count);
            return cell;
        });
        return new(each, cells.Count, [.. cells.Keys]);
    }

    /// <summary>A value a cell of a value a number.</summary>
    public double[] Gather(double[] ofNumbers) => Numbers is null ? ofNumbers : Array.ConvertAll(Numbers, number => ofNumbers[number]);
}
