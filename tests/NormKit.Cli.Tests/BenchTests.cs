using System.Text.Json;
using NormKit.Cli.Bench;
using NormKit.Cli.Catalogue;
using NormKit.Cli.Timing;
using Spectre.Console.Testing;

namespace NormKit.Cli.Tests;

public sealed class BenchTests
{
    public static TheoryData<string> Computed() => [.. LayerCatalogue.All.Where(entry => entry.IsApplied).Select(entry => entry.Name)];

    [Theory, MemberData(nameof(Computed))]
    public void Bench_EachLayer_IsTimedInBothPasses(string name)
    {
        LayerEntry entry = LayerCatalogue.Find(name);
        LayerSettings settings = new() { Groups = entry.Takes("--groups") ? 2 : null, Size = entry.Takes("--size") ? 3 : null };
        nint[] shape = [2, 4, 3, 6];
        foreach (string type in (string[])["float32", "float64", "bfloat16"])
        {
            BenchResult result = new BenchRun(new(entry, settings, shape, type, Threads: 2, Rounds: 2)).Run(null, TestContext.Current.CancellationToken);
            BenchLayer layer = Assert.Single(result.Layers);
            Assert.Equal((name, 2), (layer.Name, result.Rounds));
            Assert.Equal(entry.Work(shape, settings).BackwardCount > 0, layer.Backward is not null);
            Assert.Equal(144 * (type switch { "float64" => 8, "float32" => 4, _ => 2 }), result.Bytes);
            Assert.All(
                (Spread[])[layer.Forward.Milliseconds, layer.Forward.ToOrdinary, layer.Forward.ToPastCaches, result.Forward.Ordinary, result.Backward.PastCaches],
                spread => Assert.True(spread.Low > 0 && spread.Low <= spread.Median && spread.Median <= spread.High && double.IsFinite(spread.High)));
        }
    }

    [Fact]
    public void Bench_WithoutLayer_LeavesOutWhatTheShapeDoesNotSuit()
    {
        BenchResult result = new BenchRun(new(null, new(), [6, 4], "float32", Threads: 1, Rounds: 1)).Run(null, TestContext.Current.CancellationToken);
        Assert.Equal(["batch-norm", "layer-norm", "rms-norm", "group-norm"], result.Layers.Select(layer => layer.Name));
        Assert.Contains("instance-norm is left out", Assert.Single(result.Remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void Bench_Json_HoldsWhatTheReportShows()
    {
        ToolResult result = Workplace.Run("bench", "rms-norm", "--shape", "8,64", "--threads", "1", "--json");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        JsonElement json = JsonDocument.Parse(result.Out).RootElement;
        Assert.Equal((2048, 1, "float32"), (json.GetProperty("bytes").GetInt32(), json.GetProperty("threads").GetInt32(), json.GetProperty("dtype").GetString()));
        JsonElement layer = Assert.Single(json.GetProperty("layers").EnumerateArray());
        double forward = layer.GetProperty("forward").GetProperty("milliseconds").GetProperty("median").GetDouble();
        double toTriad = layer.GetProperty("backward").GetProperty("toTriad").GetProperty("median").GetDouble();
        Assert.True(forward is > 0 and < 1000 && toTriad > 0);
        Assert.True(json.GetProperty("limits").GetProperty("copy").GetProperty("low").GetDouble() > 0);
    }

    [Fact]
    public void Report_LongestNamesAndTimes_FitIn100Columns()
    {
        Spread slow = new(12345.678, 12000, 13000), fast = new(0.000123, 0.0001, 0.0002);
        BenchResult result = new(
            new(null, new(), [16, 32, 64, 64], "bfloat16", 128), 2048, 31, new(slow, fast), new(slow, fast),
            [new("adaptive-instance-norm", new(slow, slow, fast), new(fast, slow, new(2.5, 2, 3))), new("cosine-similarity", new(fast, fast, fast), null)], ["left out."]);
        using TestConsole console = new TestConsole().Width(100);
        using StringWriter output = new() { NewLine = "\n" }, error = new();
        new ToolOutput(output, error).Write(BenchReport.Of(result));
        new ToolOutput(output, error, console).Write(BenchReport.Of(result));
        Assert.All(output.ToString().Split('\n').Concat(console.Output.Split('\n')), line => Assert.InRange(line.TrimEnd().Length, 0, 100));
        // Two times 2 KiB in 0.000123 ms.
        Assert.Contains(" 33.3 ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("adaptive-instance-norm backward", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("cosine-similarity backward", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Bench_Interrupted_EndsWith130AndWithoutAReport()
    {
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(300));
        ToolResult result = Workplace.Run(stop.Token, "bench", "--shape", "8,8,64");
        Assert.Equal((130, "", ""), (result.ExitCode, result.Out, result.Error));
    }

    [Theory]
    [InlineData("bench layer", "unknown layer 'layer', did you mean 'layer-norm'?")]
    [InlineData("bench --groups 4", "--groups is for one layer; name it: normkit bench LAYER --groups G.")]
    [InlineData("bench group-norm", "group-norm needs --groups G.")]
    [InlineData("bench scale-norm --groups 4", "--groups does not fit scale-norm")]
    [InlineData("bench instance-norm --shape 4,3", "instance-norm does not take shape [4, 3]")]
    [InlineData("bench batch-norm --shape 1,3", "shape [1, 3] has")]
    [InlineData("bench batch-norm-folding", "normkit does not compute batch-norm-folding")]
    [InlineData("bench --shape 3", "none of the layers takes --shape [3]")]
    [InlineData("bench --shape 100000,100000", "--shape [100000, 100000] is too large; bench takes up to 268435455 elements.")]
    [InlineData("bench --threads 0", "--threads '0' is not a whole number from 1")]
    [InlineData("bench --dtype int8", "--dtype 'int8' is not one of float16, bfloat16, float32, float64")]
    public void Bench_WrongCommandLine_IsRefusedInOneLine(string line, string what) =>
        Assert.Contains(what, Workplace.Run(line.Split(' ')).Refusal(), StringComparison.Ordinal);
}
