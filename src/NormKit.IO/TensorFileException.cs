using System.Globalization;

namespace NormKit.IO;

/// <summary>A tensor file cannot be read or written.</summary>
/// <remarks>The message is one line: the file, the field or offset, the rule that is broken and, where possible, what to do.</remarks>
public sealed class TensorFileException : IOException
{
    private const int LongestQuote = 80;

    /// <summary>Creates the error with a message of one line.</summary>
    /// <param name="message">File, field, rule; line breaks and other control characters become '?'.</param>
    public TensorFileException(string message)
        : base(OneLine(message))
    {
    }

    /// <summary>Creates the error with a message of one line and its cause.</summary>
    /// <param name="message">File, field, rule; line breaks and other control characters become '?'.</param>
    /// <param name="innerException">The error that this one explains.</param>
    public TensorFileException(string message, Exception? innerException)
        : base(OneLine(message), innerException)
    {
    }

    /// <summary>A name taken from a file, short enough to be shown: the file decides its length, not we.</summary>
    internal static string Quote(string name) => name.Length <= LongestQuote ? $"'{name}'" : $"'{name.AsSpan(0, LongestQuote)}...'";

    /// <summary>The names that a reader could have meant.</summary>
    internal static string List(IReadOnlyCollection<string> names)
    {
        const int shown = 20;
        string list = string.Join(", ", names.Take(shown).Select(Quote));
        return names.Count <= shown ? list : $"{list} and {names.Count - shown} more";
    }

    // Names come from files: a line break in one would let a file write its own lines into a log.
    private static string OneLine(string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return string.Create(message.Length, message, static (line, text) =>
        {
            for (int i = 0; i < line.Length; i++)
                line[i] = BreaksTheLine(text[i]) ? '?' : text[i];
        });
    }

    private static bool BreaksTheLine(char c) => char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
