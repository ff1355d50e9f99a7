namespace NormKit.Cli;

/// <summary>Nouns behind a number.</summary>
internal static class Plural
{
    /// <summary>"1 channel", "2 channels".</summary>
    public static string Of(long count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";
}
