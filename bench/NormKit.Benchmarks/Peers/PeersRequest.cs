using System.Text.RegularExpressions;

namespace NormKit.Benchmarks.Peers;

internal enum RowSet
{
    All,
    Quick,
    Sweep,
}

/// <summary>What to measure.</summary>
/// <param name="Set">Which rows.</param>
/// <param name="Rows">A pattern of their names; null for all of them.</param>
/// <param name="Pass">The only pass to measure; null for both.</param>
/// <param name="Threads">How many threads, one after the other.</param>
/// <param name="Rounds">How often each case is timed.</param>
/// <param name="AsCalled">Calls that allocate their output, with the allocator as it comes.</param>
internal sealed record PeersRequest(RowSet Set, string? Rows, Pass? Pass, int[] Threads, int Rounds, bool AsCalled)
{
    /// <summary>From here on an allocator hands memory back to the system, and each call pays for its pages anew.</summary>
    private const int BytesThatAllocationCosts = 24 << 20;

    public IEnumerable<(Row Row, Pass Pass, int Threads)> Runs =>
        from row in Chosen()
        where !AsCalled || Set == RowSet.All && row is { Element: Element.Float32, IsChannelsLast: false, Bytes: >= BytesThatAllocationCosts }
        from pass in row.Passes
        where Pass is null || pass == Pass
        from threads in Threads
        select (row, pass, threads);

    public string[] Arguments =>
    [
        .. Rows is null ? (string[])[] : ["--rows", Rows], .. Pass is null ? (string[])[] : ["--pass", $"{Pass}"], "--threads", string.Join(',', Threads), "--rounds", $"{Rounds}",
        .. Set == RowSet.All ? (string[])[] : [$"--{Set.ToString().ToLowerInvariant()}"], .. AsCalled ? (string[])["--as-called"] : [],
    ];

    private Row[] Chosen()
    {
        Row[] rows = Set switch { RowSet.Quick => RowTable.Quick, RowSet.Sweep => [.. RowTable.Sweep], _ => RowTable.All };
        return Rows is null ? rows : [.. Rows.Split('|').SelectMany(pattern => Named(rows, pattern.Trim())).Distinct()];
    }

    /// <summary>The row of that name, or those whose names hold it.</summary>
    private static IEnumerable<Row> Named(Row[] rows, string pattern)
    {
        if (rows.FirstOrDefault(row => row.Name.Equals(pattern, StringComparison.OrdinalIgnoreCase)) is Row exact)
            return [exact];
        Regex parts = new(Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal), RegexOptions.IgnoreCase);
        return rows.Where(row => parts.IsMatch(row.Name));
    }
}
