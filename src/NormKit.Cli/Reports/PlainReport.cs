namespace NormKit.Cli.Reports;

/// <summary>A report as plain text of at most 100 columns, for pipes and files.</summary>
internal static class PlainReport
{
    private const string Gap = "  ";

    public static void Write(TextWriter output, IEnumerable<ReportPart> parts)
    {
        bool first = true;
        foreach (ReportPart part in parts)
        {
            if (part is Heading && !first)
                output.WriteLine();
            first = false;
            foreach (string line in Lines(part))
                output.WriteLine(line);
        }
    }

    private static IEnumerable<string> Lines(ReportPart part) => part switch
    {
        Heading heading => [heading.Text],
        Paragraph { Lead: "" } paragraph => TextLines.Wrap(paragraph.Text, ToolOutput.Width - Gap.Length).Select(line => Gap + line),
        Paragraph paragraph => Hanging(paragraph),
        Table table => Aligned(table),
        Picture picture => picture.Lines.Select(line => (Gap + line).TrimEnd()),
        _ => throw new ArgumentOutOfRangeException(nameof(part)),
    };

    private static IEnumerable<string> Hanging(Paragraph paragraph)
    {
        string lead = paragraph.Lead.PadRight(9) + " ";
        foreach (string line in TextLines.Wrap(paragraph.Text, ToolOutput.Width - Gap.Length - lead.Length))
        {
            yield return Gap + lead + line;
            lead = new string(' ', lead.Length);
        }
    }

    private static IEnumerable<string> Aligned(Table table)
    {
        int[] widths = [.. table.Columns.Select((name, column) => table.Rows.Select(row => row[column].Length).Append(name.Length).Max())];
        return table.Rows.Prepend(table.Columns).Select(row => Gap + string.Join(Gap, row.Select((cell, column) =>
            column < table.Words ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd());
    }
}
