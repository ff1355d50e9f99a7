namespace NormKit.Cli.Catalogue;

/// <summary>A drawing of who shares a statistic: the first dimension down, the second across, one letter for each group.</summary>
internal static class SharingPicture
{
    private const int MostRows = 6;
    private const int MostColumns = 12;
    private const int Gap = -1;
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    public static IReadOnlyList<string> Of(Statistic statistic)
    {
        IReadOnlyList<Axis> axes = statistic.Axes;
        Axis? window = axes.FirstOrDefault(axis => axis.Role == AxisRole.Window);
        if (window is not null)
            return Window(window);
        Axis across = axes.Count > 1 ? axes[1] : axes[0];
        Axis? down = axes.Count > 1 ? axes[0] : null;
        Dictionary<(nint, nint), char> letters = [];
        char Letter(nint row, nint column)
        {
            (nint, nint) group = (down?.Group(row) ?? 0, across.Group(column));
            if (!letters.TryGetValue(group, out char letter))
                letters.Add(group, letter = Letters[letters.Count % Letters.Length]);
            return letter;
        }
        return
        [
            .. Grid(down?.Name ?? "", across.Name, down is null ? [0] : Shown(down, MostRows), Shown(across, MostColumns), Letter),
            "", .. TextLines.Wrap(Legend(axes), ToolOutput.Width - 2),
        ];
    }

    private static IReadOnlyList<string> Window(Axis window)
    {
        nint[] shown = [.. Enumerable.Range(0, (int)Math.Min(window.Length, MostColumns - 3)).Select(i => (nint)i)];
        int before = window.Part / 2, after = (window.Part - 1) / 2;
        return
        [
            .. Grid("to", $"from {window.Name}", shown, shown, (row, column) => column >= row - before && column <= row + after ? '#' : '.'),
            "", $"A row is the {window.Name} that is normalized, # marks those whose squares it takes.",
        ];
    }

    private static IEnumerable<string> Grid(string down, string across, nint[] rows, nint[] columns, Func<nint, nint, char> letter)
    {
        int lead = Math.Max(down.Length, rows.Max(row => Label(row).Length)) + 2;
        int[] widths = [.. columns.Select(column => Label(column).Length)];
        string Line(string first, IEnumerable<string> cells) =>
            (first.PadRight(lead) + string.Join(' ', cells.Select((cell, i) => cell.PadRight(widths[i])))).TrimEnd();
        yield return new string(' ', lead) + across;
        yield return Line(down, columns.Select(Label));
        foreach (nint row in rows)
        {
            yield return Line(
                down.Length == 0 ? "" : Label(row),
                columns.Select(column => row == Gap || column == Gap ? (row == Gap ? ":" : "...") : letter(row, column).ToString()));
        }
    }

    private static string Label(nint index) => index == Gap ? "..." : $"{index}";

    /// <summary>All indices where they are few; else some of the first, a gap and some of the last, both ends of a part where it is split.</summary>
    private static nint[] Shown(Axis axis, int most)
    {
        if (axis.Length <= most)
            return [.. Enumerable.Range(0, (int)axis.Length).Select(i => (nint)i)];
        nint part = axis.Role == AxisRole.Split ? axis.Length / axis.Part : 1;
        if (part == 1)
            return [.. Enumerable.Range(0, most - 3).Select(i => (nint)i), Gap, axis.Length - 2, axis.Length - 1];
        int parts = Math.Min(axis.Part, (most - 1) / 2);
        IEnumerable<nint> first = Enumerable.Range(0, axis.Part <= parts ? parts : parts - 1).SelectMany(i => (nint[])[i * part, (i * part) + part - 1]);
        return axis.Part <= parts ? [.. first] : [.. first, Gap, axis.Length - part, axis.Length - 1];
    }

    private static string Legend(IReadOnlyList<Axis> axes)
    {
        string[] within = [.. axes.Skip(2).Where(axis => axis.Role == AxisRole.Shared).Select(axis => axis.Name)];
        string[] apart = [.. axes.Skip(2).Where(axis => axis.Role != AxisRole.Shared).Select(axis => axis.Name)];
        string cell = within.Length > 0 ? $" A cell stands for all of {string.Join(", ", within)}." : "";
        string others = apart.Length > 0 ? $" This is at {string.Join(", ", apart.Select(name => $"{name} 0"))}; each other index has groups of its own." : "";
        return $"Same letter, same statistics.{cell}{others}";
    }
}
