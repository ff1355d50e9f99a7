using NormKit.Cli.Compare;
using Spectre.Console.Testing;

namespace NormKit.Cli.Tests;

public sealed class ReportTests
{
    private static readonly string[] Whole = ["compare", "--shape", "16,32,12,11", "--seed", "5"];

    [Fact]
    public void Plain_WholeRun_IsText100ColumnsWide()
    {
        string[] lines = Workplace.Run(Whole).Out.Split('\n');
        Assert.True(lines.Length > 40);
        Assert.All(lines, line =>
        {
            Assert.InRange(line.Length, 0, 100);
            Assert.Equal(line.TrimEnd(), line);
            Assert.All(line, c => Assert.InRange(c, ' ', '~'));
        });
    }

    [Theory]
    [InlineData("batch")]
    [InlineData("N, H, W")]
    [InlineData("C in the group, H, W")]
    [InlineData("sample and 4 channels")]
    [InlineData("batch n - 1, float64")]
    [InlineData("n, float32")]
    [InlineData("torch.var gives by default")]
    [InlineData("Bessel's correction, not an error on either side")]
    [InlineData("6144 * sqrt(11) * 1e-6")]
    [InlineData("Rounding moves the distance a little to either side")]
    [InlineData("arXiv:1502.03167")]
    [InlineData("arXiv:1607.06450")]
    [InlineData("arXiv:1607.08022")]
    [InlineData("arXiv:1803.08494")]
    [InlineData("batch 23.6 %, group 24.1 %, layer 25.3 %, instance 28.4 %")]
    [InlineData("60 % of the baseline's time")]
    [InlineData("40.8 / 36.1 box / mask AP")]
    public void Plain_WholeRun_Says(string text) => Assert.Contains(text, Joined(Workplace.Run(Whole).Out), StringComparison.Ordinal);

    [Fact]
    public void Plain_WholeRun_CountsGroupsAndElements() => Assert.Contains(
        "batch N, H, W channel 32 2112 layer C, H, W sample 16 4224 instance H, W sample and channel 512 132 "
        + "group C in the group, H, W sample and 4 channels 128 528", Joined(Workplace.Run(Whole).Out), StringComparison.Ordinal);

    [Theory]
    [InlineData(100)]
    [InlineData(80)]
    public void Terminal_WholeRun_SaysTheSameInColours(int width)
    {
        using TestConsole console = new TestConsole().Width(width).Colors(Spectre.Console.ColorSystem.TrueColor).EmitAnsiSequences();
        using StringWriter output = new(), error = new();
        Assert.Equal(0, Tool.Run(Whole, new ToolOutput(output, error, console), TestContext.Current.CancellationToken));
        Assert.Contains("\u001b[", console.Output, StringComparison.Ordinal);
        Assert.Equal(("", ""), (output.ToString(), error.ToString()));

        string plain = System.Text.RegularExpressions.Regex.Replace(console.Output, @"\u001b\[[0-9;]*m", "");
        Assert.All(plain.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, width));
        string words = Joined(System.Text.RegularExpressions.Regex.Replace(plain, "[╭╮╰╯│─┬┴┼├┤]", " "));
        Assert.Equal(Joined(Workplace.Run(Whole).Out), words);
    }

    [Fact]
    public void Terminal_MarkupInAFileName_IsShownAsItIs()
    {
        using Workplace work = new();
        string path = work.Array("[red]x[.npy", Near.Random(12, 61), [3, 4]);
        using TestConsole console = new TestConsole().Width(100);
        using StringWriter output = new(), error = new();
        Assert.Equal(0, Tool.Run(["compare", path], new ToolOutput(output, error, console), TestContext.Current.CancellationToken));
        Assert.Contains("[red]x[.npy", console.Output.Replace("\n", "", StringComparison.Ordinal).Replace("  ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 10, new string[0])]
    [InlineData("one two three", 7, new[] { "one two", "three" })]
    [InlineData("one two three", 8, new[] { "one two", "three" })]
    [InlineData("abcdefghij k", 4, new[] { "abcd", "efgh", "ij k" })]
    public void Wrap_Paragraph_FillsLines(string text, int width, string[] lines) => Assert.Equal(lines, TextLines.Wrap(text, width));

    [Fact]
    public void Figure_AnyNumber_HasSixDigits()
    {
        Assert.Equal("13.8554", Report.Figure(13.85543998));
        Assert.Equal("1e-05", Report.Figure(1e-5));
        Assert.Equal("undefined", Report.Figure(double.NaN));
    }

    private static string Joined(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
