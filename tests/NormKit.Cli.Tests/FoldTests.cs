using System.Text.Json;
using NormKit.IO.Tests;
using NormKit.IO.Tests.Models;
using Spectre.Console.Testing;

namespace NormKit.Cli.Tests;

public sealed class FoldTests
{
    private static string Model(TemporaryDirectory directory, bool canFold = true)
    {
        Draw draw = new(31);
        OnnxBuilder builder = new OnnxBuilder(17).Input("x", 1, 3, 8, 8).Output("y", 1, 4, 6, 6).Initializer("w", draw.About(0, 0.3, 4 * 27), 4, 3, 3, 3)
            .Initializer("s", draw.About(1, 0.2, 4)).Initializer("b", draw.About(0, 0.2, 4)).Initializer("m", draw.About(0, 1, 4)).Initializer("v", draw.Variances(4))
            .Node("Conv", ["x", "w"], ["c"], "/features/features.0/Conv").Node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"], "/features/features.1/BatchNormalization");
        return (canFold ? builder.Node("Relu", ["n"], ["y"]) : builder.Node("Add", ["n", "c"], ["y"])).Write(directory["model.onnx"]);
    }

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public void Fold_Onnx_TellsWhatItDid()
    {
        using TemporaryDirectory directory = new();
        ToolResult result = Workplace.Run("fold", Model(directory), "-o", directory["out.onnx"], "--check");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string text = Words(result.Out);
        Assert.StartsWith("Fold into out.onnx 1 norm folded, 0 kept. Check: largest difference of a pair on random input ", text, StringComparison.Ordinal);
        Assert.Contains("into Conv before it", text, StringComparison.Ordinal);
        Assert.All(result.Out.Split('\n'), line => Assert.InRange(line.Length, 0, 100));
        Assert.Equal(["model.onnx", "out.onnx"], directory.FileNames);
    }

    [Fact]
    public void Fold_NothingToFold_WritesACopyAndSaysWhy()
    {
        using TemporaryDirectory directory = new();
        string path = Model(directory, canFold: false);
        ToolResult result = Workplace.Run("fold", path, "-o", directory["out.onnx"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith("Fold into out.onnx 1 norm kept, none folded; the output is a copy.", Words(result.Out), StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(directory["out.onnx"]));
    }

    [Fact]
    public void Fold_Json_HasExactlyTheSchema()
    {
        using TemporaryDirectory directory = new();
        JsonElement root = JsonDocument.Parse(Workplace.Run("fold", Model(directory), "-o", directory["out.onnx"], "--check", "--json").Out).RootElement;
        Assert.Equal(["output", "folded", "largestDifference", "norms"], root.EnumerateObject().Select(member => member.Name));
        Assert.Equal(["name", "into", "text", "difference", "largestOutput"], root.GetProperty("norms")[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal(1, root.GetProperty("folded").GetInt32());
        Assert.InRange(root.GetProperty("largestDifference").GetDouble(), 0, 1e-6);
    }

    [Fact]
    public void Fold_Checkpoint_KeepsWhatItIsTold()
    {
        using TemporaryDirectory directory = new();
        ToolResult result = Workplace.Run("fold", Checkpoint.Of("gpt2").Write(directory), "-o", directory["out.safetensors"], "--plan", "gpt2", "--keep", "ln_f");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith("Fold into out.safetensors 6 norms folded, 1 kept.", Words(result.Out), StringComparison.Ordinal);
        Assert.Contains("ln_f kept --keep says so", Words(result.Out), StringComparison.Ordinal);
    }

    [Fact]
    public void Fold_Terminal_FitsIn100Columns()
    {
        using TemporaryDirectory directory = new();
        TestConsole terminal = new TestConsole().Width(100);
        using StringWriter output = new(), error = new();
        Assert.Equal(0, Tool.Run(["fold", Model(directory), "-o", directory["out.onnx"], "--check"], new ToolOutput(output, error, terminal)));
        Assert.All(terminal.Lines, line => Assert.InRange(line.Length, 0, 100));
    }

    public static TheoryData<string[], string> Refusals() => new()
    {
        { ["model.onnx"], "--output" },
        { ["model.onnx", "-o", "out.onnx", "--plan", "llama"], "--plan is for .safetensors files" },
        { ["model.onnx", "-o", "out.onnx", "--keep", "a"], "--keep is for .safetensors files" },
        { ["model.onnx", "-o", "out.bin"], "-o out.bin: unknown file extension; use .onnx." },
        { ["model.onnx", "-o", "model.onnx"], "is the model itself" },
        { ["none.onnx", "-o", "out.onnx"], "there is no such file" },
        { ["model.gguf", "-o", "out.gguf"], ".gguf files are not folded" },
        { ["model.safetensors", "-o", "out.safetensors"], "needs --plan" },
        { ["model.safetensors", "-o", "out.safetensors", "--plan", "lama"], "plans are llama, qwen2, gpt2" },
        { ["model.onnx", "-o", "none/out.onnx"], "its directory does not exist" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Fold_WrongCall_IsRefusedAndNothingIsWritten(string[] args, string rule)
    {
        using TemporaryDirectory directory = new();
        Model(directory);
        string[] full = [.. args.Select(arg => arg.Contains('.', StringComparison.Ordinal) && !arg.EndsWith(".bin", StringComparison.Ordinal) ? directory[arg] : arg)];
        Assert.Contains(rule, Workplace.Run(["fold", .. full]).Refusal(), StringComparison.Ordinal);
        Assert.Equal(["model.onnx"], directory.FileNames);
    }
}
