using System.Text.Json;
using System.Xml.Linq;
using NormKit.IO.Tests;
using NormKit.IO.Tests.Models;
using Spectre.Console.Testing;

namespace NormKit.Cli.Tests;

public sealed class InspectTests
{
    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public void Inspect_SoundModel_StartsWithTheAnswer()
    {
        using TemporaryDirectory directory = new();
        ToolResult result = Workplace.Run("inspect", Checkpoint.Of("llama").Write(directory));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string text = Words(result.Out);
        Assert.StartsWith("Norms of model.safetensors 7 RMS norms, no finding. File: llama, safetensors, 30 tensors, ", text, StringComparison.Ordinal);
        Assert.Contains("eps: 1e-6, config.json: rms_norm_eps (7 norms).", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Findings", text, StringComparison.Ordinal);
        AssertLines(result.Out);
    }

    [Fact]
    public void Inspect_ManyFindings_AreToldWorstFirstAndGrouped()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("gemma2");
        model.Config = """{"model_type": "llama", "rms_norm_eps": 1e-6}""";
        model["model.layers.2.input_layernorm.weight"][0] = float.NaN;
        ToolResult result = Workplace.Run("inspect", model.Write(directory));
        string text = Words(result.Out);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith("Norms of model.safetensors 13 RMS norms, 13 findings in 13 norms.", text, StringComparison.Ordinal);
        Assert.InRange(text.IndexOf("NaN or infinity:", StringComparison.Ordinal), 0, text.IndexOf("Stored minus one:", StringComparison.Ordinal));
        Assert.Contains("Stored minus one: the same in model.layers.0.pre_feedforward_layernorm, ", text, StringComparison.Ordinal);
        Assert.Contains(" and 1 more, which --json lists.", text, StringComparison.Ordinal);
        AssertLines(result.Out);
    }

    [Fact]
    public void Inspect_Json_HasExactlyTheSchema()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("resnet"), other = Checkpoint.Of("resnet");
        model["bn1.weight"][2] = float.NaN;
        JsonElement alone = JsonDocument.Parse(Workplace.Run("inspect", model.Write(directory, "a.safetensors"), "--json").Out).RootElement;
        Assert.Equal(["model", "format", "architecture", "tensors", "bytes", "other", "norms", "onlyInOther", "notes"], Members(alone));
        JsonElement norm = alone.GetProperty("norms")[0];
        Assert.Equal(
            ["name", "kind", "where", "shape", "type", "eps", "epsSource", "after", "before", "groups", "momentum", "batchesTracked", "looksMinusOne", "addsOne", "findings", "relation", "figures"], Members(norm));
        Assert.Equal(("bn1", "batchNorm", 48, "F32"), (norm.GetProperty("name").GetString(), norm.GetProperty("kind").GetString(), norm.GetProperty("shape")[0].GetInt32(), norm.GetProperty("type").GetString()));
        Assert.Equal(["kind", "text"], Members(norm.GetProperty("findings")[0]));
        Assert.Equal("notFinite", norm.GetProperty("findings")[0].GetProperty("kind").GetString());
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (norm.GetProperty("relation").ValueKind, norm.GetProperty("figures").ValueKind));

        JsonElement related = JsonDocument.Parse(Workplace.Run("inspect", directory["a.safetensors"], other.Write(directory, "b.safetensors"), "--json").Out).RootElement.GetProperty("norms");
        Assert.Equal(["different", "equal"], related.EnumerateArray().Take(2).Select(one => one.GetProperty("relation").GetString()));
        Assert.Equal(["other", "text", "maxAbs", "relativeRms", "factor"], Members(related[1].GetProperty("figures")));
        Assert.Equal(0, related[1].GetProperty("figures").GetProperty("maxAbs").GetDouble());
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("resnet")]
    public void Inspect_Report_IsOnePageThatLoadsNothing(string architecture)
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of(architecture), other = Checkpoint.Of(architecture);
        string norm = architecture == "llama" ? "model.norm.weight" : "bn1.weight";
        model[norm][0] = float.NaN;
        ToolResult result = Workplace.Run("inspect", model.Write(directory, "a.safetensors"), other.Write(directory, "b<&>.safetensors"), "--report", directory["r.html"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string page = File.ReadAllText(directory["r.html"]);
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        XDocument document = XDocument.Parse(page);
        XElement[] pictures = [.. document.Descendants("svg")];

        // A picture for each role's weight, or for each of a batch norm's four tensors.
        Assert.Equal(architecture == "llama" ? 3 : 4, pictures.Length);
        foreach (XElement picture in pictures)
        {
            double[] numbers = [.. picture.Descendants().Attributes().Where(one => one.Name.LocalName is "x" or "x1" or "x2" or "y" or "y1" or "y2").Select(one => double.Parse(one.Value, System.Globalization.CultureInfo.InvariantCulture))];
            Assert.All(numbers, number => Assert.InRange(number, 0, 880));
        }
        Assert.Equal(architecture == "llama" ? 3 : 7, pictures[0].Descendants("rect").Count());
        Assert.Equal(["a.safetensors", "b<&>.safetensors", "config.json", "r.html"], directory.FileNames);
    }

    [Fact]
    public void Inspect_Terminal_FitsIn100Columns()
    {
        using TemporaryDirectory directory = new();
        string path = Checkpoint.Of("gemma2").Write(directory, "a.safetensors");
        Checkpoint other = Checkpoint.Of("gemma2");
        other["model.norm.weight"][3] += 1;
        string second = other.Write(directory, "b.safetensors");
        TestConsole terminal = new TestConsole().Width(100);
        using StringWriter output = new(), error = new();
        Assert.Equal(0, Tool.Run(["inspect", path, second], new ToolOutput(output, error, terminal)));
        Assert.All(terminal.Lines, line => Assert.InRange(line.Length, 0, 100));
        Assert.Contains(terminal.Lines, line => line.Contains("model.layers.0.input_", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("m.bin", "unknown kind of model file; expected .safetensors, .safetensors.index.json, .gguf or .onnx.")]
    [InlineData("none.onnx", "there is no such file.")]
    [InlineData("", "MODEL is empty")]
    public void Inspect_NoModel_IsRefused(string name, string rule)
    {
        using TemporaryDirectory directory = new();
        Assert.Contains(rule, Workplace.Run("inspect", name.Length == 0 ? "" : directory[name]).Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_BadReportPath_IsRefusedBeforeReading()
    {
        using TemporaryDirectory directory = new();
        Assert.Contains("is no HTML file", Workplace.Run("inspect", directory["none.onnx"], "--report", directory["r.txt"]).Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_ConfigThatIsNoJson_IsRefused()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("llama");
        model.Config = "{\"a\": ";
        Assert.Contains("config.json: is not valid JSON", Workplace.Run("inspect", model.Write(directory)).Refusal(), StringComparison.Ordinal);
    }

    private static void AssertLines(string text) => Assert.All(text.Split('\n'), line =>
    {
        Assert.InRange(line.Length, 0, 100);
        Assert.Equal(line.TrimEnd(), line);
        Assert.All(line, c => Assert.InRange(c, ' ', '~'));
    });

    private static string[] Members(JsonElement element) => [.. element.EnumerateObject().Select(member => member.Name)];
}
