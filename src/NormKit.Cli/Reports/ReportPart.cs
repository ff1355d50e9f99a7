namespace NormKit.Cli.Reports;

/// <summary>What a report consists of, whether it goes to a terminal or to a pipe.</summary>
internal abstract record ReportPart;

/// <summary>The line above a part.</summary>
internal sealed record Heading(string Text) : ReportPart;

/// <summary>Words, to be broken into lines; with a lead that starts the first line and stands out.</summary>
internal sealed record Paragraph(string Text, string Lead = "") : ReportPart;

/// <summary>Columns whose first <paramref name="Words"/> hold words, left-aligned, and the others numbers.</summary>
internal sealed record Table(string[] Columns, IReadOnlyList<string[]> Rows, int Words) : ReportPart;

/// <summary>Lines that stay as they are: a formula, a drawing.</summary>
internal sealed record Picture(IReadOnlyList<string> Lines) : ReportPart;
