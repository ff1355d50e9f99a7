using System.Text.Json;
using NormKit.Cli.Catalogue;
using Spectre.Console.Testing;

namespace NormKit.Cli.Tests;

public sealed class LayersTests
{
    /// <summary>What people look for by name; the list is the issue's, not the catalogue's.</summary>
    private static readonly string[] Names =
    [
        "batch-norm", "lazy-batch-norm", "frozen-batch-norm", "batch-renorm", "ghost-batch-norm", "instance-norm", "lazy-instance-norm",
        "adaptive-instance-norm", "group-norm", "switchable-norm", "filter-response-norm", "global-response-norm", "evo-norm-s0", "evo-norm-b0",
        "local-response-norm", "layer-norm", "rms-norm", "adaptive-layer-norm", "adaptive-rms-norm", "gated-rms-norm", "scale-norm", "query-key-norm", "dynamic-tanh",
        "lp-normalize", "cosine-similarity", "weight-norm", "spectral-norm", "weight-standardization", "batch-norm-folding",
    ];

    [Fact]
    public void Layers_Plain_ListsEachLayerOnceIn100Columns()
    {
        ToolResult result = Workplace.Run("layers");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string[] lines = result.Out.Split('\n');
        Assert.All(Names, name => Assert.Single(lines, line => line.StartsWith($"  {name} ", StringComparison.Ordinal)));
        Assert.All(lines, line =>
        {
            Assert.InRange(line.Length, 0, 100);
            Assert.All(line, c => Assert.InRange(c, ' ', '~'));
        });
    }

    [Theory]
    [InlineData(100)]
    [InlineData(80)]
    public void Layers_Terminal_ListsEachLayer(int width)
    {
        using TestConsole console = new TestConsole().Width(width).Colors(Spectre.Console.ColorSystem.TrueColor).EmitAnsiSequences();
        using StringWriter output = new(), error = new();
        Assert.Equal(0, Tool.Run(["layers"], new ToolOutput(output, error, console), TestContext.Current.CancellationToken));
        Assert.Equal(("", ""), (output.ToString(), error.ToString()));
        Assert.Contains("\u001b[", console.Output, StringComparison.Ordinal);
        Assert.All(Names, name => Assert.Contains(name, console.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void Layers_Json_DescribesEachLayer()
    {
        JsonElement[] layers = [.. JsonDocument.Parse(Workplace.Run("layers", "--json").Out).RootElement.EnumerateArray()];
        Assert.Equal(Names, layers.Select(layer => layer.GetProperty("name").GetString()));
        Assert.All(layers, layer =>
        {
            Assert.All((string[])["class", "shares", "input", "when", "train", "eval", "choose", "source"], member =>
                Assert.NotEqual("", layer.GetProperty(member).GetString()));
            Assert.NotEmpty(layer.GetProperty("formula").EnumerateArray());
            Assert.NotEqual("", layer.GetProperty("names").GetProperty("pytorch").GetString());
            string page = layer.GetProperty("page").GetString()!.Split('#')[0];
            Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, page)), $"There is no {page}.");
            Assert.Matches("arXiv:\\d{4}\\.\\d{5}|NIPS|torch\\.nn", layer.GetProperty("source").GetString());
        });
    }

    /// <summary>By PyTorch's documentation and the papers.</summary>
    [Theory]
    [InlineData("batch-norm", "weight bias running_mean running_var", true)]
    [InlineData("frozen-batch-norm", "weight bias running_mean running_var", true)]
    [InlineData("layer-norm", "weight bias", false)]
    [InlineData("rms-norm", "weight", false)]
    [InlineData("local-response-norm", "", false)]
    [InlineData("dynamic-tanh", "alpha weight bias", false)]
    [InlineData("filter-response-norm", "weight bias tau", false)]
    [InlineData("evo-norm-b0", "weight bias v running_var", true)]
    [InlineData("switchable-norm", "weight bias mean_weight var_weight running_mean running_var", true)]
    public void Layers_Json_NamesWhatALayerHolds(string name, string parameters, bool running)
    {
        JsonElement layer = JsonDocument.Parse(Workplace.Run("layers", "--json").Out).RootElement.EnumerateArray().Single(l => l.GetProperty("name").GetString() == name);
        Assert.Equal(parameters, string.Join(' ', layer.GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString())));
        Assert.Equal(running, layer.GetProperty("runningStatistics").GetBoolean());
    }

    [Fact]
    public void Layers_Markdown_IsTheReadmesTable()
    {
        string readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md")).ReplaceLineEndings("\n");
        const string begin = "<!-- layers: normkit layers --markdown -->\n", end = "<!-- /layers -->\n";
        int start = readme.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        Assert.Equal(Workplace.Run("layers", "--markdown").Out, readme[start..readme.IndexOf(end, StringComparison.Ordinal)]);
    }

    [Theory]
    [InlineData("layers --jsn", "unknown option '--jsn', did you mean '--json'?")]
    [InlineData("layers batch-norm", "unexpected argument 'batch-norm'")]
    [InlineData("layers --json=1", "--json takes no value")]
    public void Layers_WrongCommandLine_IsRefusedInOneLine(string line, string what) =>
        Assert.Contains(what, Workplace.Run(line.Split(' ')).Refusal(), StringComparison.Ordinal);

    [Theory]
    [InlineData("batch-norm", "BatchNorm")]
    [InlineData("evo-norm-s0", "EvoNormS0")]
    [InlineData("lazy-instance-norm-3d", "LazyInstanceNorm3d")]
    public void Find_Name_IsTheClassInKebabCase(string name, string className) => Assert.Equal(className, LayerCatalogue.Find(name).ClassName);
}
