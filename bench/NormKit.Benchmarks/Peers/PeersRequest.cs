using System.Text.RegularExpressions;

namespace NormKit.Benchmarks.Peers;

/// <summary>What to measure.</summary>
/// <param name="Rows">A pattern of names; null for all.</param>
/// <param name="Threads">How many threads, one after the other.</param>
/// <param name="Rounds">How often each case is timed.</param>
/// <param name="Quick">The small rows.</param>
/// <param name="AsCalled">Calls that allocate their output, with the allocator as it comes.</param>
internal sealed record PeersRequest(string? Rows, int[] Threads, int Rounds, bool Quick, bool AsCalled)
{
    /// <summary>From here on an allocator hands memory back to the system, and each call pays for its pages anew.</summary>
    private const int BytesThatAllocationCosts = 24 << 20;

    public IEnumerable<(Row Row, Pass Pass, int Threads)> Runs =>
        from row in Quick ? RowTable.Quick : RowTable.All
        where Rows is null || Rows.Split('|').Any(pattern => Holds(row.Name, pattern.Trim()))
        where !AsCalled || row is { Element: Element.Float32, IsChannelsLast: false, Bytes: >= BytesThatAllocationCosts }
        from pass in row.Passes
        from threads in Threads
        select (row, pass, threads);

    public string[] Arguments =>
    [
        .. Rows is null ? (string[])[] : ["--rows", Rows], "--threads", string.Join(',', Threads), "--rounds", $"{Rounds}",
        .. Quick ? (string[])["--quick"] : [], .. AsCalled ? (string[])["--as-called"] : [],
    ];

    private static bool Holds(string name, string pattern) =>
        Regex.IsMatch(name, Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal), RegexOptions.IgnoreCase);
}
