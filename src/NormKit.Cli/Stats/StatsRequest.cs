namespace NormKit.Cli.Stats;

/// <summary>What stats was asked for.</summary>
/// <param name="Files">The files of the data set, or the states to merge.</param>
/// <param name="Merges">Whether the files are states.</param>
/// <param name="Dimension">The dimension whose indices have statistics of their own; null for one over everything.</param>
/// <param name="Name">The array's name in archives; may be null.</param>
/// <param name="Threads">How many threads; null for one a processor.</param>
/// <param name="State">Where to write the state; may be null.</param>
/// <param name="Apply">The directory for the standardized files; may be null.</param>
/// <param name="Json">Whether JSON is wanted.</param>
internal sealed record StatsRequest(
    IReadOnlyList<string> Files, bool Merges, int? Dimension, string? Name, int? Threads, string? State, string? Apply, bool Json);
