namespace NormKit.Cli.Inspect;

/// <summary>One row of a table as several, where its cells are too wide.</summary>
internal static class WrappedCells
{
    public static IEnumerable<string[]> Of(params (string Text, int Width)[] cells)
    {
        string[][] lines = [.. cells.Select(cell => Wrap(cell.Text, cell.Width).ToArray())];
        for (int i = 0; i < lines.Max(cell => cell.Length); i++)
            yield return [.. lines.Select(cell => i < cell.Length ? (i > 0 ? " " : "") + cell[i] : "")];
    }

    /// <summary>Breaks at spaces, and long names behind a dot, a slash or an underscore where there is one.</summary>
    private static IEnumerable<string> Wrap(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string rest = word;
            bool spaced = line.Length > 0;
            if (spaced && line.Length + 1 + rest.Length > width - 1)
            {
                yield return line;
                (line, spaced) = ("", false);
            }
            while (rest.Length > width - 1)
            {
                int cut = rest.LastIndexOfAny(['.', '/', '_'], width - 2) + 1;
                cut = cut < width / 3 ? width - 1 : cut;
                yield return rest[..cut];
                rest = rest[cut..];
            }
            line = spaced ? $"{line} {rest}" : rest;
        }
        if (line.Length > 0)
            yield return line;
    }
}
