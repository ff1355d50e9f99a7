using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using NormKit.Cli.Diagnose;
using NormKit.IO;
using Spectre.Console.Testing;

namespace NormKit.Cli.Tests;

public sealed class DiagnoseTests
{
    private static readonly nint[] Shape = [4, 12, 5, 6];
    private const int S = 30;
    private const int Length = 4 * 12 * S;

    /// <summary>GroupNorm of 3 groups with the sample variance, from its formula.</summary>
    private static double[] Output(double[] x, double eps = 1e-5, int less = 1)
    {
        const int size = 4 * S;
        double[] y = new double[x.Length];
        for (int start = 0; start < x.Length; start += size)
        {
            double[] set = x[start..(start + size)];
            double mean = set.Average(), variance = set.Sum(v => (v - mean) * (v - mean)) / (size - less);
            for (int i = 0; i < size; i++)
                y[start + i] = (set[i] - mean) / Math.Sqrt(variance + eps);
        }
        return y;
    }

    private static (Workplace Work, string X, string Y) Files()
    {
        Workplace work = new();
        double[] x = [.. Near.Random(Length, 61, offset: 1).Select(v => (double)(float)v)];
        return (work, work.Array("x.npy", x, Shape), work.Array("y.npy", Output(x), Shape));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--layer group-norm --groups 3")]
    public void Diagnose_SampleVariance_StartsWithTheAnswer(string options)
    {
        (Workplace work, string x, string y) = Files();
        using Workplace kept = work;
        ToolResult result = Workplace.Run(["diagnose", x, y, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string text = string.Join(' ', result.Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("Diagnosis This is GroupNorm with 3 groups and eps 1e-5, with the sample variance (n - 1) where PyTorch uses n: that explains ", text, StringComparison.Ordinal);
        Assert.Contains("What was tried", text, StringComparison.Ordinal);
        Assert.Contains("PyTorch: torch.nn.GroupNorm(3, 12, eps=1e-5", text, StringComparison.Ordinal);
        Assert.Contains("TorchSharp: nn.GroupNorm(3, 12", text, StringComparison.Ordinal);
        Assert.Contains("Keras: keras.layers.GroupNormalization(groups=3, axis=1", text, StringComparison.Ordinal);
        Assert.Contains("ONNX: GroupNormalization(num_groups=3", text, StringComparison.Ordinal);
        Assert.Contains("NormKit: new GroupNorm<float>(3, 12", text, StringComparison.Ordinal);
        Assert.Contains("Change: Divide by n", text, StringComparison.Ordinal);
        AssertLines(result.Out);
    }

    [Fact]
    public void Diagnose_Json_HasExactlyTheSchema()
    {
        (Workplace work, string x, string y) = Files();
        using Workplace kept = work;
        JsonElement root = JsonDocument.Parse(Workplace.Run("diagnose", x, y, "--json").Out).RootElement;
        Assert.Equal(
            ["source", "verdict", "sentence", "reference", "original", "best", "ties", "tried", "correctlyRounded", "meanSignedUlp", "residual", "momentum", "advice", "changes", "notes", "batches"], Members(root));
        Assert.Equal(
            ["text", "layer", "kind", "groups", "axes", "channelsLast", "eps", "leastEps", "mostEps", "causes", "sameAs", "explained", "left", "fittedWeight", "fittedBias"],
            Members(root.GetProperty("best")));
        Assert.Equal(["maxAbs", "rms", "sumAbs", "maxUlp", "medianUlp"], Members(root.GetProperty("best").GetProperty("left")));
        Assert.Equal(("explained", "groupNorm", 3), (root.GetProperty("verdict").GetString(), root.GetProperty("best").GetProperty("kind").GetString(), root.GetProperty("best").GetProperty("groups").GetInt32()));
        Assert.Equal("sampleVariance", root.GetProperty("best").GetProperty("causes")[0].GetProperty("kind").GetString());
        Assert.Equal(1e-5, root.GetProperty("best").GetProperty("eps").GetDouble());
    }

    [Fact]
    public void Diagnose_Report_IsOnePageThatLoadsNothing()
    {
        (Workplace work, string x, _) = Files();
        using Workplace kept = work;

        // With a little noise, more of it in later channels, so that something is left to draw.
        string y = work.Array("y.npy", [.. Output(Workplace.Read(x)).Zip(Near.Random(Length, 69), (v, noise) => v + (noise * 1e-5)).Select((v, i) => v + (1e-6 * (i / S % 12) * (i % 2)))], Shape);
        Assert.Equal(0, Workplace.Run("diagnose", x, y, "--report", work["r.html"]).ExitCode);
        string page = File.ReadAllText(work["r.html"]);
        Assert.Contains("GroupNorm with 3 groups", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        string[] pictures = [.. page.Split("<svg").Skip(1).Select(part => "<svg" + part[..(part.IndexOf("</svg>", StringComparison.Ordinal) + 6)])];
        Assert.Equal(3, pictures.Length);
        Assert.All(pictures, picture => Assert.NotEmpty(XDocument.Parse(picture).Root!.Elements()));

        // Nothing in the page is cut off or left open.
        Assert.Equal("html", XDocument.Parse(page).Root!.Name.LocalName);
        Assert.All(pictures, picture => AssertLabelsAreInside(XDocument.Parse(picture).Root!));

        // Twelve channels, a bar each, as high as what is left in them.
        XElement[] bars = [.. XDocument.Parse(pictures[1]).Root!.Elements("rect")];
        Assert.Equal(12, bars.Length);
        JsonElement[] left = [.. JsonDocument.Parse(Workplace.Run("diagnose", x, y, "--json").Out).RootElement.GetProperty("residual").GetProperty("byChannel").EnumerateArray()];
        double tallest = bars.Max(bar => Number(bar, "height")), most = left.Max(value => value.GetDouble());
        Assert.True(most > 0);
        for (int c = 0; c < 12; c++)
            Assert.Equal(left[c].GetDouble() / most, Number(bars[c], "height") / tallest, 1e-3);
        Assert.Equal(["r.html", "x.npy", "y.npy"], work.Files);
    }

    [Fact]
    public void Diagnose_Compare_SaysWhichIsNearer()
    {
        (Workplace work, string x, string y) = Files();
        using Workplace kept = work;
        string other = work.Array("z.npy", Output(Workplace.Read(x), eps: 1e-4, less: 0), Shape);
        ToolResult result = Workplace.Run("diagnose", "--compare", y, other, "--input", x, "--layer", "group-norm", "--groups", "3", "--report", work["r.html"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string text = string.Join(' ', result.Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("B is nearer to the exact output", text, StringComparison.Ordinal);
        Assert.Contains("with the sample variance (n - 1)", text, StringComparison.Ordinal);
        Assert.Contains("with eps 1e-4 where the default is 1e-5", text, StringComparison.Ordinal);
        AssertLines(result.Out);
        JsonElement json = JsonDocument.Parse(Workplace.Run("diagnose", "--compare", y, other, "--input", x, "--layer", "group-norm", "--groups", "3", "--json").Out).RootElement;
        Assert.Equal(["source", "sentence", "first", "second", "firstFromExact", "secondFromExact", "between"], Members(json));
        Assert.Contains("B is nearer", File.ReadAllText(work["r.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Diagnose_RunningStatistics_AreReadAndTheirMomentumTold()
    {
        using Workplace work = new();
        double[] x = [.. Near.Random(Length, 62, offset: 1).Select(v => (double)(float)v)], mean = Near.Random(12, 63), variance = [.. Near.Random(12, 64).Select(v => 1 + (v * v))];
        double[] y = [.. x.Select((v, i) => (v - mean[i / S % 12]) / Math.Sqrt(variance[i / S % 12] + 1e-5))];
        string[] args =
        [
            "diagnose", work.Array("x.npy", x, Shape, ElementType.Float64), work.Array("y.npy", y, Shape), "--layer", "batch-norm", "--eval",
            "--running-mean", work.Array("m.npy", mean, [12], ElementType.Float64), "--running-var", work.Array("v.npy", variance, [12], ElementType.Float64),
            "--running-mean-after", work["m.npy"], "--running-var-after", work["v.npy"],
        ];
        string text = string.Join(' ', Workplace.Run(args).Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("This is BatchNorm in evaluation with eps 1e-5, as expected", text, StringComparison.Ordinal);
        Assert.Contains("did not move", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("diagnose", "INPUT is missing")]
    [InlineData("diagnose x.npy", "OUTPUT is missing")]
    [InlineData("diagnose none.npy y.npy", "none.npy: cannot be read")]
    [InlineData("diagnose x.npy other.npy", "OUTPUT other.npy: shape [4, 12], but INPUT x.npy has [4, 12, 5, 6]")]
    [InlineData("diagnose x.npy y.npy --groups 3", "--groups is a setting of the layer expected; give --layer LAYER too")]
    [InlineData("diagnose x.npy y.npy --layer group-norm", "group-norm needs --groups G")]
    [InlineData("diagnose x.npy y.npy --layer group-norm --groups 5", "5 groups")]
    [InlineData("diagnose x.npy y.npy --layer weight-norm", "diagnose does not know weight-norm; it knows batch-norm")]
    [InlineData("diagnose x.npy y.npy --layer grup-norm", "did you mean 'group-norm'?")]
    [InlineData("diagnose x.npy y.npy --layer batch-norm --eval", "--eval needs --running-mean and --running-var")]
    [InlineData("diagnose x.npy y.npy --layer layer-norm --eval", "--eval does not fit layer-norm")]
    [InlineData("diagnose x.npy y.npy --running-mean w.npy", "--running-mean without --running-var")]
    [InlineData("diagnose x.npy y.npy --running-mean-after w.npy --running-var-after w.npy", "needs --running-mean and --running-var")]
    [InlineData("diagnose x.npy y.npy --conv-bias w.npy", "--conv-bias needs --running-mean")]
    [InlineData("diagnose x.npy y.npy --weight w.npy",
        "--weight w.npy: the weight has 7 elements; no way to lay them over shape [4, 12, 5, 6] is known: it takes 12 (a channel), 6 (the last dimension), 5, 30, 360 (inner dimensions)")]
    [InlineData("diagnose x.npy y.npy --bias w.npy", "--bias w.npy: the bias has 7 elements")]
    [InlineData("diagnose x.npy y.npy --running-mean w.npy --running-var w.npy",
        "--running-mean w.npy: the running mean has 7 elements; shape [4, 12, 5, 6] has 12 channels, or 6 where they are last")]
    [InlineData("diagnose x.npy y.npy --running-mean c.npy --running-var six.npy", "--running-var six.npy: the running variance has 6 elements, the running mean 12")]
    [InlineData("diagnose x.npy y.npy --report r.txt", "--report 'r.txt' is no HTML file")]
    [InlineData("diagnose x.npy y.npy --report no/r.html", "does not exist")]
    [InlineData("diagnose --compare x.npy y.npy --input x.npy", "--compare needs --layer")]
    [InlineData("diagnose --compare x.npy y.npy --layer layer-norm", "--compare needs --input FILE")]
    [InlineData("diagnose --compare x.npy --layer layer-norm --input x.npy", "--compare")]
    [InlineData("diagnose x.npy y.npy --compare x.npy y.npy --input x.npy --layer layer-norm", "takes the place of INPUT and OUTPUT")]
    [InlineData("diagnose x.npy y.npy --input x.npy", "--input x.npy goes with --compare")]
    [InlineData("diagnose one.npy one.npy", "one element")]
    [InlineData("diagnose x.npy nan.npy", "The output holds no finite number")]
    [InlineData("diagnose x.npy y.npy --frobnicate", "unknown option '--frobnicate'")]
    public void Diagnose_WrongCall_IsOneErrorAndNoFile(string line, string message)
    {
        (Workplace work, _, _) = Files();
        using Workplace kept = work;
        work.Array("other.npy", Near.Random(48, 65), [4, 12]);
        work.Array("w.npy", Near.Random(7, 66), [7]);
        work.Array("c.npy", Near.Random(12, 67), [12]);
        work.Array("six.npy", Near.Random(6, 68), [6]);
        work.Array("one.npy", [1], [1]);
        work.Array("nan.npy", [.. Enumerable.Repeat(double.NaN, Length)], Shape);
        string[] before = work.Files;
        string[] args = [.. line.Split(' ').Select(word => word.Contains('.', StringComparison.Ordinal) && !word.StartsWith('-') ? work[word] : word)];
        string refusal = Workplace.Run(args).Refusal().Replace(work.Directory + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
        Assert.Contains(message, refusal, StringComparison.Ordinal);
        Assert.Equal(before, work.Files);
    }

    [Fact]
    public void Run_LongerThanPatience_ShowsABar()
    {
        using TestConsole terminal = new TestConsole().Interactive();
        TaskCompletionSource<int> work = new();
        Task.Run(async () =>
        {
            await Task.Delay(300, TestContext.Current.CancellationToken);
            work.SetResult(7);
        }, TestContext.Current.CancellationToken);
        Assert.Equal(7, Waiting.For(work.Task, terminal, TimeSpan.Zero, "Diagnosing", 1, () => 0.5));
        Assert.Contains("Diagnosing", terminal.Output, StringComparison.Ordinal);
    }

    /// <summary>compare's sentence on why a formula differs is what diagnose finds.</summary>
    [Fact]
    public void Compare_Why_IsDiagnosed()
    {
        string text = string.Join(' ', Workplace.Run("compare", "--shape", "4,8,6,5", "--groups", "2").Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("says of the formula's batch, layer, instance, group norm: the layer with the sample variance (n - 1) where PyTorch uses n.", text, StringComparison.Ordinal);
    }

    /// <summary>A digit or letter of 11 pixels is less than 7 wide: neither a text nor a bar leaves its picture, and texts of one line do not meet.</summary>
    /// <summary>Long names of hypotheses often begin alike; each is there whole, and none is over another or outside.</summary>
    [Fact]
    public void Rows_NamesThatBeginAlike_AreShownWhole()
    {
        string same = "LayerNorm with eps 1e-5, with the sample variance (n - 1), with the mean not subtracted in the ";
        string[] names = [same + "first channel", same + "second channel", "short", string.Concat(Enumerable.Repeat("GroupNorm with 3 groups, ", 9))];
        XElement picture = XDocument.Parse(SvgCharts.Rows("title", [.. names.Select((name, i) => (name, i + 1.0))])).Root!;
        string shown = string.Join(' ', picture.Elements("text").Where(text => text.Attribute("class")?.Value == "right").Select(text => text.Value));
        Assert.Equal(string.Join(' ', names.Select(name => name.Trim())), shown);
        AssertLabelsAreInside(picture);
    }

    private static void AssertLabelsAreInside(XElement picture)
    {
        double[] box = [.. picture.Attribute("viewBox")!.Value.Split(' ').Select(part => double.Parse(part, CultureInfo.InvariantCulture))];
        List<(double Line, double From, double To)> texts = [];
        foreach (XElement text in picture.Elements("text"))
        {
            double at = Number(text, "x"), width = 6.2 * text.Nodes().OfType<XText>().Sum(part => part.Value.Length);
            double from = text.Attribute("class")?.Value switch { "right" => at - width, "middle" => at - (width / 2), _ => at };
            Assert.InRange(from, 0, box[2] - width);
            Assert.InRange(Number(text, "y"), 8, box[3]);
            Assert.All(texts.Where(other => Math.Abs(other.Line - Number(text, "y")) < 10), other => Assert.True(other.To <= from || from + width <= other.From, text.Value));
            texts.Add((Number(text, "y"), from, from + width));
        }
        foreach (XElement bar in picture.Elements("rect"))
        {
            Assert.InRange(Number(bar, "x") + Number(bar, "width"), 0, box[2]);
            Assert.InRange(Number(bar, "y") + Number(bar, "height"), 0, box[3]);
        }
    }

    private static double Number(XElement element, string attribute) => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    [Fact]
    public void Diagnose_OutputIsTheInput_SaysSoAndNoMore()
    {
        (Workplace work, string x, _) = Files();
        using Workplace kept = work;
        ToolResult result = Workplace.Run("diagnose", x, x, "--report", work["r.html"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith("Diagnosis", result.Out, StringComparison.Ordinal);
        Assert.Contains("The output is the input, to the bit: nothing was normalized.", result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("What is left", result.Out, StringComparison.Ordinal);
        AssertLines(result.Out);
        string page = File.ReadAllText(work["r.html"]);
        Assert.Contains("nothing was normalized", page, StringComparison.Ordinal);

        // No bars where nothing is left, but a sentence.
        Assert.Contains("Nothing: each element of the output is the one predicted", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Residual by channel", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Histogram", page, StringComparison.Ordinal);
        Assert.Equal("notNormalized", JsonDocument.Parse(Workplace.Run("diagnose", x, x, "--json").Out).RootElement.GetProperty("verdict").GetString());
    }

    /// <summary>The share in the sentence is that of the table.</summary>
    [Fact]
    public void Diagnose_Explained_IsOneFigure()
    {
        (Workplace work, string x, string y) = Files();
        using Workplace kept = work;
        string text = string.Join(' ', Workplace.Run("diagnose", x, y).Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        string share = text.Split("that explains ")[1].Split(" of the difference")[0];
        Assert.Contains(share, text.Split("What was tried")[1], StringComparison.Ordinal);
    }

    private static void AssertLines(string text) => Assert.All(text.Split('\n'), line =>
    {
        Assert.InRange(line.Length, 0, 100);
        Assert.Equal(line.TrimEnd(), line);
        Assert.All(line, c => Assert.InRange(c, ' ', '~'));
    });

    private static string[] Members(JsonElement element) => [.. element.EnumerateObject().Select(member => member.Name)];
}
