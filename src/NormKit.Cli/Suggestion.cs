namespace NormKit.Cli;

/// <summary>What a mistyped word may have meant.</summary>
internal static class Suggestion
{
    /// <summary>The end of a sentence: ", did you mean 'x'?" for the nearest known word, or "." if none is near.</summary>
    public static string For(string word, IEnumerable<string> known)
    {
        (string? best, int distance) =
            known.Select(k => ((string?)k, Distance(word, k))).DefaultIfEmpty((null, int.MaxValue)).MinBy(pair => pair.Item2);
        return best is not null && distance <= Math.Max(1, Math.Min(3, best.Length / 2)) ? $", did you mean '{best}'?" : ".";
    }

    /// <summary>How many letters must be inserted, deleted or replaced. Levenshtein 1966.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[b.Length];
    }
}
