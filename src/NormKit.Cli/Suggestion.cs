namespace NormKit.Cli;

/// <summary>What a mistyped word may have meant.</summary>
internal static class Suggestion
{
    // Options that go by quite other names elsewhere.
    private static readonly Dictionary<string, string> Synonyms = new()
    {
        ["gamma"] = "weight",
        ["beta"] = "bias",
        ["offset"] = "bias",
        ["axis"] = "axes",
        ["dims"] = "axes",
        ["order"] = "p",
        ["power"] = "p",
        ["training"] = "train",
        ["inference"] = "eval",
        ["test"] = "eval",
        ["nhwc"] = "channels-last",
        ["data-format"] = "channels-last",
        ["moving-mean"] = "running-mean",
        ["moving-variance"] = "running-var",
        ["running-variance"] = "running-var",
        ["decay"] = "momentum",
        ["target"] = "x2",
        ["other"] = "x2",
        ["precision"] = "dtype",
        ["type"] = "dtype",
        ["jobs"] = "threads",
        ["out"] = "output",
        ["checkpoint"] = "state",
    };

    /// <summary>The same for an option: also one that is longer or shorter by a word, or has another name in another program.</summary>
    public static string ForOption(string word, IEnumerable<string> known)
    {
        string name = word.Split('=', ':')[0].TrimStart('-').Replace('_', '-').ToLowerInvariant();
        string[] options = [.. known];
        string? meant = options.FirstOrDefault(option => option == "--" + name)
            ?? (Synonyms.TryGetValue(name, out string? other) ? options.FirstOrDefault(option => option == "--" + other) : null)
            ?? options.Where(option => option.Length > 4 && IsPart(option[2..], name)).MaxBy(option => option.Length);
        return meant is null ? For("--" + name, options) : $", did you mean '{meant}'?";
    }

    /// <summary>Whether one begins the other, or is its last words.</summary>
    private static bool IsPart(string option, string name) => name.Length > 2
        && (name.StartsWith(option, StringComparison.Ordinal) || option.StartsWith(name, StringComparison.Ordinal)
            || name.EndsWith("-" + option, StringComparison.Ordinal) || option.EndsWith("-" + name, StringComparison.Ordinal));

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
