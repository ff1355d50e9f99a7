namespace NormKit.Cli;

/// <summary>Breaks paragraphs into lines at spaces.</summary>
internal static class TextLines
{
    /// <summary>Lines of at most <paramref name="width"/> characters; a longer word, a path say, is cut.</summary>
    public static IEnumerable<string> Wrap(string paragraph, int width)
    {
        string line = "";
        foreach (string word in paragraph.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string rest = word;
            if (line.Length > 0 && line.Length + 1 + rest.Length > width)
            {
                yield return line;
                line = "";
            }
            for (; rest.Length > width; rest = rest[width..])
                yield return rest[..width];
            line = line.Length == 0 ? rest : $"{line} {rest}";
        }
        if (line.Length > 0)
            yield return line;
    }
}
