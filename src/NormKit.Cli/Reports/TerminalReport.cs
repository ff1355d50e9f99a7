using Spectre.Console;
using SpectreTable = Spectre.Console.Table;

namespace NormKit.Cli.Reports;

/// <summary>The same report in colours and ruled tables.</summary>
internal static class TerminalReport
{
    /// <summary>What the widest table takes with lines between its columns; a terminal of 80 columns gets it without.</summary>
    private const int WidthWithRules = 88;

    public static void Write(IAnsiConsole terminal, IEnumerable<ReportPart> parts)
    {
        foreach (ReportPart part in parts)
        {
            switch (part)
            {
                case Heading heading:
                    terminal.MarkupLine($"\n[bold]{Markup.Escape(heading.Text)}[/]");
                    break;
                case Paragraph paragraph:
                    Grid grid = new Grid()
                        .AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(1)).AddColumn(new GridColumn().PadLeft(0));
                    terminal.Write(paragraph.Lead.Length == 0
                        ? new Padder(new Text(paragraph.Text), new Padding(2, 0, 0, 0))
                        : grid.AddRow(new Text(paragraph.Lead.PadRight(9), new Style(Color.Aqua)), new Text(paragraph.Text)));
                    break;
                case Table table:
                    terminal.Write(Ruled(table, isWide: terminal.Profile.Width >= WidthWithRules));
                    break;
                case Picture picture:
                    foreach (string line in picture.Lines)
                        terminal.Write(new Text(("  " + line).TrimEnd() + "\n", new Style(Color.Green)));
                    break;
            }
        }
    }

    private static SpectreTable Ruled(Table table, bool isWide)
    {
        SpectreTable ruled = new SpectreTable().Border(isWide ? TableBorder.Rounded : TableBorder.Simple).BorderColor(Color.Grey);
        for (int column = 0; column < table.Columns.Length; column++)
        {
            TableColumn header = new TableColumn($"[bold]{Markup.Escape(table.Columns[column])}[/]")
                .Padding(isWide ? 1 : 0, 0, 1, 0);
            ruled.AddColumn(column < table.Words ? header.LeftAligned() : header.RightAligned());
        }
        foreach (string[] row in table.Rows)
            ruled.AddRow(row.Select((cell, column) => new Text(cell, column == 0 ? new Style(Color.Aqua) : Style.Plain)));
        return ruled;
    }
}
