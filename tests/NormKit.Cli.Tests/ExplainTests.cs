using System.Text.Json;
using Spectre.Console.Testing;

namespace NormKit.Cli.Tests;

public sealed class ExplainTests
{
    public static TheoryData<string> Every() =>
    [
        .. JsonDocument.Parse(Workplace.Run("layers", "--json").Out).RootElement.EnumerateArray()
            .SelectMany(layer => layer.GetProperty("variants").EnumerateArray().Select(variant => variant.GetString()!).Prepend(layer.GetProperty("name").GetString()!))
            .Select(name => name switch { "group-norm" => "group-norm --groups 8", "local-response-norm" => "local-response-norm --size 5", _ => name }),
    ];

    [Theory, MemberData(nameof(Every))]
    public void Explain_EachLayer_SaysAllIn100Columns(string line)
    {
        ToolResult result = Workplace.Run(["explain", .. line.Split(' ')]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.All(
            (string[])["Formula", "Who shares statistics", "What it holds", "What it costs", "In training and in evaluation", "When to choose it", "PyTorch", "source:", "docs/"],
            part => Assert.Contains(part, result.Out, StringComparison.Ordinal));
        Assert.All(result.Out.Split('\n'), text =>
        {
            Assert.InRange(text.Length, 0, 100);
            Assert.Equal(text.TrimEnd(), text);
            Assert.All(text, c => Assert.InRange(c, ' ', '~'));
        });
    }

    [Theory, MemberData(nameof(Every))]
    public void Explain_EachLayerOnATerminal_SaysTheSame(string line)
    {
        using TestConsole console = new TestConsole().Width(100).Colors(Spectre.Console.ColorSystem.TrueColor).EmitAnsiSequences();
        using StringWriter output = new(), error = new();
        Assert.Equal(0, Tool.Run(["explain", .. line.Split(' ')], new ToolOutput(output, error, console), TestContext.Current.CancellationToken));
        string plain = System.Text.RegularExpressions.Regex.Replace(console.Output, @"\u001b\[[0-9;]*m", "");
        Assert.All(plain.Split('\n'), text => Assert.InRange(text.TrimEnd().Length, 0, 100));

        // Cells of a table may break into lines there, so words are compared, not their order.
        static string[] Words(string text) =>
            [.. System.Text.RegularExpressions.Regex.Replace(text, "[╭╮╰╯│─┬┴┼├┤]", " ").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
        Assert.Equal(Words(Workplace.Run(["explain", .. line.Split(' ')]).Out), Words(plain));
    }

    /// <summary>Counted by hand: how many groups of how many elements.</summary>
    [Theory]
    [InlineData("batch-norm --shape 3,12,5,7", "12 x 105")]
    [InlineData("batch-norm-1d --shape 3,12", "12 x 3")]
    [InlineData("ghost-batch-norm --shape 6,12,5,7 --num-splits 3", "36 x 70")]
    [InlineData("instance-norm --shape 3,12,5,7", "36 x 35")]
    [InlineData("group-norm --shape 3,12,5,7 --groups 4", "12 x 105")]
    [InlineData("layer-norm --shape 3,12,5,7", "3 x 420")]
    [InlineData("layer-norm --shape 3,12,5,7 --normalized-shape 7", "180 x 7")]
    [InlineData("layer-norm --shape 3,12,5,7 --axes 1", "105 x 12")]
    [InlineData("layer-norm --shape 3,12,5,7 --axes -1,1", "15 x 84")]
    [InlineData("rms-norm --shape 11", "")]
    [InlineData("rms-norm --shape 11 --normalized-shape 11", "1 x 11")]
    [InlineData("frozen-batch-norm --shape 3,12,5", "none")]
    [InlineData("local-response-norm --shape 3,12,5 --size 4", "180 x 4")]
    [InlineData("global-response-norm --shape 3,12,5,7", "36 x 35, 3 x 12")]
    [InlineData("evo-norm-b0 --shape 3,12,5,7", "12 x 105, 36 x 35")]
    [InlineData("evo-norm-s0 --shape 3,12,5,7 --groups 2", "6 x 210")]
    [InlineData("switchable-norm --shape 3,12,5,7", "36 x 35, 3 x 420, 12 x 105")]
    [InlineData("lp-normalize --shape 3,12,5 --dim -2", "15 x 12")]
    [InlineData("scale-norm --shape 3,12,5", "36 x 5")]
    [InlineData("query-key-norm --shape 3,4,5,7", "60 x 7")]
    [InlineData("query-key-norm --shape 4,5,7", "20 x 7")]
    [InlineData("adaptive-layer-norm --shape 3,12,5", "36 x 5")]
    [InlineData("dynamic-tanh --shape 3,12,5", "none")]
    [InlineData("weight-norm --shape 3,12,5,7", "3 x 420")]
    [InlineData("weight-norm --shape 3,12,5,7 --dim 1", "12 x 105")]
    [InlineData("weight-norm --shape 3,12,5,7 --dim none", "1 x 1260")]
    [InlineData("spectral-norm --shape 3,12,5,7", "1 x 1260")]
    [InlineData("weight-standardization --shape 3,12,5", "3 x 60")]
    public void Explain_Shape_CountsGroupsAndElements(string line, string expected)
    {
        ToolResult result = Workplace.Run(["explain", .. line.Split(' '), "--json"]);
        if (expected.Length == 0)
        {
            Assert.Contains("does not take shape [11]", result.Refusal(), StringComparison.Ordinal);
            return;
        }
        JsonElement[] statistics = [.. JsonDocument.Parse(result.Out).RootElement.GetProperty("statistics").EnumerateArray()];
        string found = string.Join(", ", statistics.Select(s => $"{s.GetProperty("groups").GetInt64()} x {s.GetProperty("elementsPerGroup").GetInt64()}"));
        Assert.Equal(expected, found.Length == 0 ? "none" : found);
    }

    /// <summary>Two tools of this tool that count on their own.</summary>
    [Fact]
    public void Explain_TheFourOfCompare_CountAsItDoes()
    {
        JsonElement compared = JsonDocument.Parse(Workplace.Run("compare", "--shape", "4,6,5,3", "--groups", "2", "--json").Out).RootElement;
        foreach (JsonElement layer in compared.GetProperty("layers").EnumerateArray())
        {
            string name = layer.GetProperty("name").GetString()!;
            JsonElement explained = Explain($"{name}-norm --shape 4,6,5,3{(name == "group" ? " --groups 2" : "")}");
            Assert.Equal(layer.GetProperty("groups").GetInt64(), explained.GetProperty("statistics")[0].GetProperty("groups").GetInt64());
            Assert.Equal(layer.GetProperty("elementsPerGroup").GetInt64(), explained.GetProperty("statistics")[0].GetProperty("elementsPerGroup").GetInt64());
        }
    }

    /// <summary>1260 elements: x and y, or dy, x and dx; then what the layer holds.</summary>
    [Theory]
    [InlineData("local-response-norm --size 5 --shape 3,12,5,7", 0, 2 * 1260 * 4, 3 * 1260 * 4)]
    [InlineData("rms-norm --shape 3,12,5,7", 420, ((2 * 1260) + 420) * 4, ((3 * 1260) + (3 * 420)) * 4)]
    [InlineData("group-norm --groups 3 --shape 3,12,5,7", 24, ((2 * 1260) + 24) * 4, ((3 * 1260) + (3 * 24)) * 4)]
    [InlineData("group-norm --groups 3 --shape 3,12,5,7 --dtype bfloat16", 24, (2 * 1260 * 2) + (24 * 4), (3 * 1260 * 2) + (3 * 24 * 4))]
    [InlineData("group-norm --groups 3 --shape 3,12,5,7 --dtype float64", 24, ((2 * 1260) + 24) * 8, ((3 * 1260) + (3 * 24)) * 8)]
    [InlineData("batch-norm --shape 3,12,5,7", 24, ((2 * 1260) + 24 + (2 * 24)) * 4, ((3 * 1260) + (3 * 24)) * 4)]
    [InlineData("frozen-batch-norm --shape 3,12,5,7", 0, ((2 * 1260) + 48) * 4, 3 * 1260 * 4)]
    [InlineData("adaptive-instance-norm --shape 3,12,5,7", 0, 3 * 1260 * 4, 5 * 1260 * 4)]
    [InlineData("adaptive-layer-norm --shape 3,12,35", 0, ((2 * 1260) + (2 * 105)) * 4, ((3 * 1260) + (4 * 105)) * 4)]
    [InlineData("weight-norm --shape 3,12,5,7", 1263, ((2 * 1260) + 3) * 4, ((3 * 1260) + 9) * 4)]
    [InlineData("cosine-similarity --shape 36,35", 0, ((2 * 1260) + 36) * 4, (36 + (4 * 1260)) * 4)]
    public void Explain_Shape_CountsParametersAndBytes(string line, long parameters, long forward, long backward)
    {
        JsonElement explained = Explain(line);
        Assert.Equal(
            (parameters, forward, backward),
            (explained.GetProperty("parameterCount").GetInt64(), explained.GetProperty("forward").GetProperty("bytes").GetInt64(), explained.GetProperty("backward").GetProperty("bytes").GetInt64()));
    }

    /// <summary>Sums, differences, products and roots of the formula, counted by hand for one element.</summary>
    [Theory]
    [InlineData("instance-norm --shape 3,12,5,7", 6, 8)]
    [InlineData("layer-norm --shape 3,12,5,7", 8, 13)]
    [InlineData("rms-norm --shape 3,12,5,7", 4, 9)]
    [InlineData("frozen-batch-norm --shape 3,12,5,7", 2, 1)]
    [InlineData("local-response-norm --shape 3,12,5,7 --size 5", 9, 13)]
    public void Explain_Shape_CountsOperations(string line, int forward, int backward)
    {
        JsonElement explained = Explain(line);
        Assert.Equal(forward * 1260, explained.GetProperty("forward").GetProperty("operations").GetDouble());
        Assert.Equal(backward * 1260, explained.GetProperty("backward").GetProperty("operations").GetDouble());
    }

    [Theory]
    [InlineData("group-norm --shape 2,6,5 --groups 3", "     C|  N  0 1 2 3 4 5|  0  a a b b c c|  1  d d e e f f||  Same letter, same statistics. A cell stands for all of L.")]
    [InlineData("batch-norm --shape 2,3", "     C|  N  0 1 2|  0  a b c|  1  a b c||  Same letter, same statistics.")]
    [InlineData("instance-norm --shape 2,3,5,7", "     C|  N  0 1 2|  0  a b c|  1  d e f||  Same letter, same statistics. A cell stands for all of H, W.")]
    [InlineData("layer-norm --shape 2,3,5 --axes 1", "     L|  N  0 1 2|  0  a a a|  1  b b b||  Same letter, same statistics. This is at D 0; each other index has groups of its own.")]
    [InlineData("layer-norm --shape 2,20", "     D|  N  0 1 2 3 4 5 6 7 8 ... 18 19|  0  a a a a a a a a a ... a  a|  1  b b b b b b b b b ... b  b")]
    [InlineData("group-norm --shape 1,64,5 --groups 8", "     C|  N  0 7 8 15 16 23 24 31 ... 56 63|  0  a a b b  c  c  d  d  ... e  e")]
    [InlineData("local-response-norm --shape 2,4,5 --size 3", "      from C|  to  0 1 2 3|  0   # # . .|  1   # # # .|  2   . # # #|  3   . . # #")]
    [InlineData("local-response-norm --shape 2,4,5 --size 2", "      from C|  to  0 1 2 3|  0   # . . .|  1   # # . .|  2   . # # .|  3   . . # #")]
    public void Explain_Picture_ShowsWhoShares(string line, string picture) =>
        Assert.Contains(picture.Replace("|", "\n", StringComparison.Ordinal), Workplace.Run(["explain", .. line.Split(' ')]).Out, StringComparison.Ordinal);

    [Theory]
    [InlineData("batch-norm --shape 3,12,5", "One mean and variance for each index of C, over N, L.")]
    [InlineData("group-norm --shape 3,12,5 --groups 4", "One mean and variance for each index of N and each of 4 groups of 3 along C, over the C of the group, L.")]
    [InlineData("spectral-norm", "One largest singular value of the whole array.")]
    [InlineData("dynamic-tanh", "Nobody: each element is computed by itself.")]
    [InlineData("instance-norm", "Nothing unless asked for: weight, bias, running_mean, running_var.")]
    [InlineData("batch-norm", "normalizes by the running statistics.")]
    [InlineData("rms-norm", "RMSNormalization: eps 1e-6")]
    [InlineData("layer-norm", "SkipLayerNormalization: eps 1e-12")]
    public void Explain_Layer_Says(string line, string text) => Assert.Contains(
        text, string.Join(' ', Workplace.Run(["explain", .. line.Split(' ')]).Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);

    [Theory]
    [InlineData("explain", "LAYER is missing")]
    [InlineData("explain rmsnorm", "unknown layer 'rmsnorm', did you mean 'rms-norm'?")]
    [InlineData("explain BatchNorm2d", "unknown layer 'BatchNorm2d', did you mean 'batch-norm-2d'?")]
    [InlineData("explain layer", "unknown layer 'layer', did you mean 'layer-norm'?")]
    [InlineData("explain xyzzy", "unknown layer 'xyzzy'. 'normkit layers' lists them.")]
    [InlineData("explain group-norm", "group-norm needs --groups G")]
    [InlineData("explain local-response-norm", "local-response-norm needs --size S")]
    [InlineData("explain group-norm --groups 5 --shape 3,12,7", "5 groups do not divide 12 channels, shape [3, 12, 7]")]
    [InlineData("explain ghost-batch-norm --num-splits 5 --shape 3,12,7", "5 parts do not divide a batch of 3")]
    [InlineData("explain scale-norm --groups 4", "--groups does not fit scale-norm; leave it out, or use group-norm or evo-norm-s0 or layer-norm.")]
    [InlineData("explain batch-norm --axes 1", "--axes does not fit batch-norm")]
    [InlineData("explain batch-norm --shape 12", "batch-norm does not take shape [12]: it needs at least 2 dimensions, (N, C, *).")]
    [InlineData("explain batch-norm-2d --shape 3,12,5", "batch-norm-2d does not take shape [3, 12, 5]: it needs (N, C, H, W).")]
    [InlineData("explain batch-norm-1d --shape 3,12,5,7", "it needs (N, C) or (N, C, L).")]
    [InlineData("explain query-key-norm --shape 3,12", "query-key-norm does not take shape [3, 12]: it needs at least 3 dimensions, (*, H, L, D)")]
    [InlineData("explain layer-norm --shape 3,12,5 --normalized-shape 12", "--normalized-shape 12 is not how shape [3, 12, 5] ends")]
    [InlineData("explain layer-norm --shape 3,12,5 --axes 3", "--axes 3 names a dimension that shape [3, 12, 5] has not; they go from -3 to 2")]
    [InlineData("explain layer-norm --shape 3,12,5 --axes 2,-1", "--axes 2,-1 names a dimension twice")]
    [InlineData("explain layer-norm --shape 3,12,5 --axes 2 --normalized-shape 5", "give one of them")]
    [InlineData("explain layer-norm --shape 3,12,5 --axes a", "--axes 'a' is not a list of dimensions")]
    [InlineData("explain lp-normalize --shape 3,12 --dim 2", "it has no dimension 2; give --dim from -2 to 1")]
    [InlineData("explain lp-normalize --shape 3,12 --dim none", "--dim none does not fit lp-normalize")]
    [InlineData("explain lp-normalize --shape 3,12 --dim x", "--dim 'x' is not a dimension")]
    [InlineData("explain rms-norm --dtype float8", "--dtype 'float8' is not one of float16, bfloat16, float32, float64")]
    [InlineData("explain rms-norm --shape 3,0", "--shape '3,0' is not lengths from 1")]
    [InlineData("explain rms-norm --shap 3,2", "unknown option '--shap', did you mean '--shape'?")]
    public void Explain_WrongCommandLine_IsRefusedInOneLine(string line, string what) =>
        Assert.Contains(what, Workplace.Run(line.Split(' ')).Refusal(), StringComparison.Ordinal);

    private static JsonElement Explain(string line)
    {
        ToolResult result = Workplace.Run(["explain", .. line.Split(' '), "--json"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return JsonDocument.Parse(result.Out).RootElement;
    }
}
