using NormKit.Diagnosis.Search;

namespace NormKit.Diagnosis.Sharing;

/// <summary>The ways in which a number of weights can be laid over an array.</summary>
internal static class WeightMaps
{
    /// <summary>All maps that give out exactly so many numbers, the likeliest first.</summary>
    public static List<(IndexMap Map, Spreading Spreading)> Of(int[] dims, int count)
    {
        List<(IndexMap Map, Spreading Spreading)> maps = [];
        void Add(IndexMap map, Spreading spreading)
        {
            if (map.Count == count && !maps.Exists(other => other.Map.Equals(map)))
                maps.Add((map, spreading));
        }
        foreach ((IndexMap map, Spreading spreading) in Natural(dims))
            Add(map, spreading);
        foreach (int[] axes in Groupings.Subsets(dims.Length))
            Add(IndexMap.Keeping(dims, [.. Enumerable.Range(0, dims.Length).Select(axes.Contains)]), Spreading.Element);
        if (dims.Length >= 2)
        {
            int n = dims[0], rest = Groupings.Product(dims.AsSpan(1)), first = dims[1], last = dims[^1];
            if (first % count == 0 && count < first)
            {
                int positions = rest / first;
                Add(new([n, count, first / count, positions], [0, 1, 0, 0]), Spreading.Group);
                Add(new([n, first / count, count, positions], [0, 0, 1, 0]), Spreading.Tiled);
            }
            if (last % count == 0 && count < last)
            {
                Add(new([n, rest / last, count, last / count], [0, 0, 1, 0]), Spreading.Group);
                Add(new([n, rest / last, last / count, count], [0, 0, 0, 1]), Spreading.Tiled);
            }
            Add(new([n, first, rest / first], [0, 1, first]), Spreading.OtherOrder);
            Add(new([n, rest / last, last], [0, 1, rest / last]), Spreading.OtherOrder);
            Add(new([n, rest / first, first], [0, 0, 1]), Spreading.OtherOrder);
            Add(new([n, last, rest / last], [0, 1, 0]), Spreading.OtherOrder);
        }
        return maps;
    }

    /// <summary>How many weights there may be, in words.</summary>
    public static string Counts(int[] dims)
    {
        string elements = string.Join(", ", Natural(dims).Where(map => map.Spreading == Spreading.Element).Select(map => map.Map.Count).Distinct().Order());
        return dims.Length < 2 ? $"1 or {dims[0]}"
            : $"{dims[1]} (a channel), {dims[^1]} (the last dimension), {(elements.Length == 0 ? "" : elements + " (inner dimensions), ")}a divisor of {dims[1]} or {dims[^1]} (a group), or 1";
    }

    /// <summary>The maps that layers have: one number for all, for each channel, for each place of the last dimensions or of one.</summary>
    public static IEnumerable<(IndexMap Map, Spreading Spreading)> Natural(int[] dims)
    {
        yield return (new(dims, new int[dims.Length]), Spreading.Scalar);
        if (dims.Length >= 2)
            yield return (Along(dims, 1), Spreading.Channel);
        yield return (Along(dims, dims.Length - 1), Spreading.LastAxis);
        for (int from = 1; from < dims.Length - 1; from++)
            yield return (Groupings.Elements(dims, from), Spreading.Element);
        for (int axis = 2; axis < dims.Length - 1; axis++)
            yield return (Along(dims, axis), Spreading.Element);
    }

    private static IndexMap Along(int[] dims, int axis) => IndexMap.Keeping(dims, [.. Enumerable.Range(0, dims.Length).Select(d => d == axis)]);
}
