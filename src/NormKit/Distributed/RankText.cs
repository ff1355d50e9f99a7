namespace NormKit;

/// <summary>Ranks in the words of messages.</summary>
internal static class RankText
{
    private const int Most = 8;

    /// <summary>"Rank 3", "Ranks 0, 1 and 2", "Ranks 0, 1, 2 and 61 others".</summary>
    internal static string Of(IReadOnlyList<int> ranks)
    {
        if (ranks.Count == 1)
            return $"Rank {ranks[0]}";
        return ranks.Count <= Most
            ? $"Ranks {string.Join(", ", ranks.Take(ranks.Count - 1))} and {ranks[^1]}"
            : $"Ranks {string.Join(", ", ranks.Take(Most - 1))} and {ranks.Count - Most + 1} others";
    }
}
