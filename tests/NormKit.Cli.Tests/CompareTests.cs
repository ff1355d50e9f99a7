using System.Text.Json;
using NormKit.IO;
using Spectre.Console.Testing;

namespace NormKit.Cli.Tests;

public sealed class CompareTests
{
    private static readonly string[] InputNames = ["source", "shape", "dtype"];
    private static readonly string[] LayerMembers = ["name", "groups", "elementsPerGroup", "sampleVariance", "populationVariance"];
    private static readonly string[] SampleMembers = ["sumAbs", "pairwiseDistance", "maxAbs", "maxUlp", "predictedSumAbs", "explained"];
    private static readonly string[] PopulationMembers = ["sumAbs", "pairwiseDistance", "pairwiseFloor", "maxAbs", "maxUlp"];

    /// <summary>The figures that the notebook's comparison has in exact arithmetic.</summary>
    [Fact]
    public void Compare_SeedZero_GivesTheExactFigures()
    {
        JsonElement[] layers = Layers(Json("compare", "--json"));
        (string Name, int Groups, int Elements, double Sum, double Distance)[] expected =
        [
            ("batch", 32, 65536, 13.85544, 2.01346), ("layer", 16, 131072, 6.92658, 1.03171),
            ("instance", 512, 4096, 221.72308, 31.94763), ("group", 128, 16384, 55.41386, 7.99031),
        ];
        Assert.Equal(4, layers.Length);
        foreach ((JsonElement layer, (string name, int groups, int elements, double sum, double distance)) in layers.Zip(expected))
        {
            Assert.Equal((name, groups, elements), (layer.GetProperty("name").GetString(), layer.GetProperty("groups").GetInt32(), layer.GetProperty("elementsPerGroup").GetInt32()));
            JsonElement sample = layer.GetProperty("sampleVariance"), population = layer.GetProperty("populationVariance");
            Assert.Equal(1, Number(sample, "sumAbs") / sum, 1e-6);
            Assert.Equal(1, Number(sample, "pairwiseDistance") / distance, 1e-5);
            Assert.Equal(1, Number(sample, "predictedSumAbs") / sum, 1e-6);
            Assert.InRange(Number(sample, "explained"), 0.999, 1);
            Assert.Equal(0.262144, Number(population, "pairwiseFloor"), 1e-12);

            // What is left of float32: below PyTorch's own 0.16 to 0.23, and not nothing.
            Assert.InRange(Number(population, "sumAbs"), 0.01, 0.16);
            Assert.InRange(Number(population, "pairwiseDistance"), 0.25, 0.28);
            Assert.InRange(Number(population, "maxAbs"), 1e-8, 5e-7);
        }
    }

    [Fact]
    public void Compare_Json_HasExactlyTheSchema()
    {
        JsonElement root = Json("compare", "--shape", "3,4,5", "--seed", "7", "--groups", "2", "--json");
        Assert.Equal(["input", "layers"], Members(root));
        Assert.Equal(InputNames, Members(root.GetProperty("input")));
        Assert.Equal([3, 4, 5], root.GetProperty("input").GetProperty("shape").EnumerateArray().Select(length => length.GetInt32()));
        Assert.Equal("float32", root.GetProperty("input").GetProperty("dtype").GetString());
        Assert.Contains("7", root.GetProperty("input").GetProperty("source").GetString(), StringComparison.Ordinal);
        Assert.All(Layers(root), layer =>
        {
            Assert.Equal(LayerMembers, Members(layer));
            Assert.Equal(SampleMembers, Members(layer.GetProperty("sampleVariance")));
            Assert.Equal(PopulationMembers, Members(layer.GetProperty("populationVariance")));
        });
    }

    [Theory]
    [InlineData("group", "group")]
    [InlineData("instance,layer", "layer,instance")]
    [InlineData("batch, batch", "batch")]
    public void Compare_SomeLayers_HaveTheDrawsOfTheWholeRun(string asked, string shown)
    {
        string[] shape = ["--shape", "4,16,3,5", "--seed", "3", "--json"];
        JsonElement[] all = Layers(Json(["compare", .. shape])), some = Layers(Json(["compare", "--layers", asked, .. shape]));
        Assert.Equal(shown, string.Join(',', some.Select(layer => layer.GetProperty("name").GetString())));
        Assert.All(some, layer => Assert.Equal(
            layer.GetRawText(), all.Single(other => other.GetProperty("name").GetString() == layer.GetProperty("name").GetString()).GetRawText()));
    }

    [Fact]
    public void Compare_OtherSeed_GivesOtherNumbers() => Assert.NotEqual(
        Workplace.Run("compare", "--shape", "4,8,3", "--json", "--layers", "batch", "--seed", "1").Out.Split("layers")[1],
        Workplace.Run("compare", "--shape", "4,8,3", "--json", "--layers", "batch", "--seed", "2").Out.Split("layers")[1]);

    [Theory]
    [InlineData(ElementType.Float16, "float32")]
    [InlineData(ElementType.Float32, "float32")]
    [InlineData(ElementType.Float64, "float64")]
    public void Compare_File_IsTheInputOfEachLayer(ElementType type, string dtype)
    {
        using Workplace work = new();
        nint[] shape = [5, 6, 7];
        StoredTensor stored = StoredTensor.From<double>(Near.Random(210, 51, offset: 2), shape, type);
        NpzFile.Write(work["x.npz"], [new("a", stored), new("b", stored)]);
        double[] x = stored.ToArray<double>();
        JsonElement root = Json("compare", work["x.npz:b"], "--groups", "3", "--eps", "0.5", "--json");
        Assert.Equal((work["x.npz:b"], dtype), (root.GetProperty("input").GetProperty("source").GetString(), root.GetProperty("input").GetProperty("dtype").GetString()));
        foreach (JsonElement layer in Layers(root))
        {
            string name = layer.GetProperty("name").GetString()!;
            int n = layer.GetProperty("elementsPerGroup").GetInt32();
            double[] y = new Reference($"{name}-norm", shape, groups: 3).Forward(x, null, null, 0.5);

            // The sample variance is n / (n - 1) times the other: the same as an eps and a scale of that much less.
            double[] sample = new Reference($"{name}-norm", shape, groups: 3).Forward(x, null, null, 0.5 * (n - 1) / n);
            double expected = y.Zip(sample, (a, b) => Math.Abs(a - (b * Math.Sqrt((n - 1.0) / n)))).Sum();
            Assert.Equal(1, Number(layer.GetProperty("sampleVariance"), "sumAbs") / expected, 1e-9);
            Assert.InRange(Number(layer.GetProperty("populationVariance"), "maxAbs"), 0, dtype == "float32" ? 1e-6 : 1e-14);
        }
    }

    [Theory]
    [InlineData("4,6", "instance", "positions")]
    [InlineData("1,6,1", "batch,instance", "more than one position")]
    [InlineData("1,1", "batch,instance,group", "more than one value in a group")]
    [InlineData("3,1", "instance,group", "more than one value in a group")]
    public void Compare_LayerThatDoesNotSuit_IsLeftOutAndNamed(string shape, string left, string reason)
    {
        ToolResult json = Workplace.Run("compare", "--shape", shape, "--json");
        string[] shown = [.. Layers(JsonDocument.Parse(json.Out).RootElement).Select(layer => layer.GetProperty("name").GetString()!)];
        Assert.Empty(shown.Intersect(left.Split(',')));
        Assert.Equal(4, shown.Length + left.Split(',').Length);
        Assert.All(left.Split(','), name => Assert.Contains($"{name} norm is left out", json.Error, StringComparison.Ordinal));

        string report = string.Join(' ', Workplace.Run("compare", "--shape", shape).Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.All(left.Split(','), name => Assert.Contains($"{name} norm is left out", report, StringComparison.Ordinal));
        Assert.Contains(reason, report, StringComparison.Ordinal);
        Assert.Equal(!left.Contains("group", StringComparison.Ordinal), report.Contains("group norm uses", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("3,8,5", 4, "the largest divisor of 8 channels up to 8 that leaves more than one in a group")]
    [InlineData("1,8", 4, "4 groups, the largest divisor of 8 channels")]
    [InlineData("3,7,5", 1, "1 group, the largest divisor of 7 channels up to 8 that leaves more than one")]
    [InlineData("3,11,5", 1, "1 group, the largest divisor of 11 channels")]
    [InlineData("3,1,5", 1, "1 group, the only choice for 1 channel.")]
    [InlineData("3,12,5", 6, "6 groups, the largest divisor of 12 channels")]
    [InlineData("3,16,5", 8, null)]
    public void Compare_GroupsNotGiven_AreNotInstanceNormAgain(string shape, int groups, string? note)
    {
        foreach (string[] layers in (string[][])[[], ["--layers", "group"]])
        {
            ToolResult result = Workplace.Run(["compare", "--shape", shape, "--json", .. layers]);
            int samples = shape[0] - '0';
            Assert.Equal(groups * samples, Layers(JsonDocument.Parse(result.Out).RootElement)[^1].GetProperty("groups").GetInt32());
            Assert.Equal(note is not null, result.Error.Contains("group norm uses", StringComparison.Ordinal));
            Assert.Contains(note ?? "", result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Compare_GroupsNotGiven_UsesTheLargestDivisorAndSaysSo()
    {
        ToolResult result = Workplace.Run("compare", "--shape", "2,15,4", "--json");
        JsonElement group = Layers(JsonDocument.Parse(result.Out).RootElement)[3];
        Assert.Equal(2 * 5, group.GetProperty("groups").GetInt32());
        Assert.Contains("uses 5 groups, the largest divisor of 15 channels up to 8", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_GroupsOfOneElement_HaveNoSampleVariance()
    {
        ToolResult result = Workplace.Run("compare", "--shape", "3,4", "--groups", "4", "--layers", "group", "--json");
        JsonElement group = Layers(JsonDocument.Parse(result.Out).RootElement)[0];
        Assert.All(SampleMembers, name => Assert.Equal(JsonValueKind.Null, group.GetProperty("sampleVariance").GetProperty(name).ValueKind));
        Assert.Equal(0, Number(group.GetProperty("populationVariance"), "sumAbs"));
        Assert.Contains("no sample variance", Workplace.Run("compare", "--shape", "3,4", "--groups", "4", "--layers", "group").Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Compare_InputNotFinite_GivesNullFigures(double value)
    {
        using Workplace work = new();
        double[] x = Near.Random(24, 52);
        x[5] = value;
        ToolResult json = Workplace.Run("compare", work.Array("x.npy", x, [4, 6]), "--layers", "layer", "--json");
        JsonElement layer = Layers(JsonDocument.Parse(json.Out).RootElement)[0];
        Assert.Equal($"normkit: note: {work["x.npy"]} holds {(double.IsNaN(value) ? "1 NaN" : "1 infinity")}; the figures that this reaches are undefined.\n", json.Error);
        Assert.Equal(JsonValueKind.Null, layer.GetProperty("sampleVariance").GetProperty("sumAbs").ValueKind);
        Assert.Equal(JsonValueKind.Null, layer.GetProperty("populationVariance").GetProperty("maxUlp").ValueKind);
        Assert.Contains("undefined", Workplace.Run("compare", work["x.npy"]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_NaNAndInfinities_AreCounted()
    {
        using Workplace work = new();
        double[] x = Near.Random(24, 53);
        (x[1], x[2], x[9], x[20]) = (double.NaN, double.NegativeInfinity, double.NaN, double.PositiveInfinity);
        string report = Workplace.Run("compare", work.Array("x.npy", x, [4, 6])).Out;
        Assert.Contains("holds 2 NaN and 2 infinities;", string.Join(' ', report.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1e200, true)]
    [InlineData(1e100, false)]
    public void Compare_SquaresThatOverflow_AreNoted(double scale, bool noted)
    {
        using Workplace work = new();
        double[] x = [.. Near.Random(24, 54).Select(value => value * scale)];
        string note = Workplace.Run("compare", work.Array("x.npy", x, [4, 6], ElementType.Float64), "--layers", "layer", "--json").Error;
        Assert.Equal(noted, note.Contains("overflow in double", StringComparison.Ordinal));
        Assert.Equal(noted ? 1 : 0, note.Count(c => c == '\n'));
    }

    [Fact]
    public void Compare_Constants_DifferNowhere()
    {
        using Workplace work = new();
        JsonElement layer = Layers(Json("compare", work.Array("x.npy", [.. Enumerable.Repeat(3.25, 24)], [4, 6]), "--layers", "layer", "--json"))[0];
        Assert.Equal(0, Number(layer.GetProperty("sampleVariance"), "sumAbs"));
        Assert.Equal(JsonValueKind.Null, layer.GetProperty("sampleVariance").GetProperty("explained").ValueKind);
        Assert.Equal(0, Number(layer.GetProperty("populationVariance"), "maxUlp"));
        string report = Workplace.Run("compare", work["x.npy"], "--layers", "layer").Out;
        Assert.Matches(@"\n  layer +5 +- +0 +0 +-\n", report);
        Assert.DoesNotContain("undefined", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_LongerThanPatience_ShowsABar()
    {
        CompareRequest request = new(null, [16, 32, 32, 32], 0, 1e-5, null, null);
        using TestConsole terminal = new TestConsole().Interactive();
        Assert.Equal(4, new CompareRun(request).Run(terminal, TimeSpan.Zero, TestContext.Current.CancellationToken).Layers.Count);
        Assert.Contains("Comparing", terminal.Output, StringComparison.Ordinal);

        using TestConsole patient = new TestConsole().Interactive();
        new CompareRun(request with { Shape = [2, 8] }).Run(patient, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal("", patient.Output);
    }

    private static JsonElement Json(params string[] args)
    {
        ToolResult result = Workplace.Run(args);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return JsonDocument.Parse(result.Out).RootElement;
    }

    private static JsonElement[] Layers(JsonElement root) => [.. root.GetProperty("layers").EnumerateArray()];

    private static string[] Members(JsonElement element) => [.. element.EnumerateObject().Select(member => member.Name)];

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();
}
