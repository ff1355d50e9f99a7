using System.Numerics;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using System.Text.Json;
using NormKit.IO;

namespace NormKit.Cli.Tests;

public sealed class StatsTests
{
    /// <summary>Multiples of 2^-20, so that whole numbers can check the figures: two channels of a batch, with NaN and infinities.</summary>
    private static readonly double[] Data = [.. Enumerable.Range(0, 6 * 2 * 35).Select(i => i switch
    {
        17 => double.NaN,
        60 or 61 => double.PositiveInfinity,
        80 => double.NegativeInfinity,
        _ => (((long)i * 7919 % 100_003) - 20_000) / 1048576.0,
    })];

    private static readonly nint[] Shape = [6, 2, 35];

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static ToolResult Ran(params string[] args)
    {
        ToolResult result = Workplace.Run(["stats", .. args]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return result;
    }

    private static JsonElement Json(params string[] args) => JsonDocument.Parse(Ran([.. args, "--json"]).Out).RootElement;

    [Theory]
    [InlineData(null, 1)]
    [InlineData("1", 2)]
    [InlineData("-2", 2)]
    public void Json_HasExactlyTheSchemaAndTheExactFigures(string? dim, int entries)
    {
        using Workplace work = new();
        string path = work.Array("x.npy", Data, Shape, ElementType.Float64);
        JsonElement root = Json([path, "--state", work["x.nks"], .. dim is null ? Array.Empty<string>() : ["--dim", dim]]);
        Assert.Equal(["sha256", "statistics"], root.EnumerateObject().Select(member => member.Name));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(work["x.nks"]))), root.GetProperty("sha256").GetString());
        Assert.Equal(entries, root.GetProperty("statistics").GetArrayLength());
        for (int index = 0; index < entries; index++)
        {
            JsonElement entry = root.GetProperty("statistics")[index];
            Assert.Equal(["index", "count", "mean", "populationStandardDeviation", "sampleStandardDeviation", "min", "max", "nan", "infinite"], entry.EnumerateObject().Select(member => member.Name));
            Assert.Equal(dim is null ? null : index, entry.GetProperty("index").ValueKind == JsonValueKind.Null ? (int?)null : entry.GetProperty("index").GetInt32());
            double[] own = [.. Data.Where((_, i) => dim is null || i / 35 % 2 == index)], finite = [.. own.Where(double.IsFinite)];
            Assert.Equal((finite.Length, own.Count(double.IsNaN), own.Count(double.IsInfinity)), (entry.GetProperty("count").GetInt32(), entry.GetProperty("nan").GetInt32(), entry.GetProperty("infinite").GetInt32()));
            Assert.Equal((finite.Min(), finite.Max()), (entry.GetProperty("min").GetDouble(), entry.GetProperty("max").GetDouble()));
            BigInteger n = finite.Length, sum = 0, squares = 0;
            foreach (double value in finite)
            {
                BigInteger whole = new(value * 1048576);
                sum += whole;
                squares += whole * whole;
            }
            BigInteger deviations = (n * squares) - (sum * sum);
            AssertNearest(entry.GetProperty("mean").GetDouble(), sum, n, isRoot: false);
            AssertNearest(entry.GetProperty("populationStandardDeviation").GetDouble(), deviations, n * n, isRoot: true);
            AssertNearest(entry.GetProperty("sampleStandardDeviation").GetDouble(), deviations, n * (n - 1), isRoot: true);
        }
    }

    // Half a unit in the last place of the figure, or of its square half a unit times the sum of both: numerator / denominator, in units of 2^-20, or their root.
    private static void AssertNearest(double actual, BigInteger numerator, BigInteger denominator, bool isRoot)
    {
        const int bits = 80;
        double half = Math.BitIncrement(Math.Abs(actual)) - Math.Abs(actual);
        BigInteger figure = new(Math.ScaleB(actual, bits)), unit = new(Math.ScaleB(half, bits)), low = (2 * figure) - unit, high = (2 * figure) + unit, scale = BigInteger.One << (bits + 1 - 20);
        if (isRoot)
            (low, high, scale) = (low * low, high * high, scale * scale);
        Assert.InRange(numerator * scale, low * denominator, high * denominator);
    }

    [Fact]
    public void Run_AnyOrderCutTypeAndThreads_PrintsTheSameBytes()
    {
        using Workplace work = new();
        double[] values = Near.Random(4 * 3 * 50, 3).Select(v => (double)(float)v).ToArray();
        string whole = work.Array("whole.npy", values, [4, 3, 50]);
        string expected = Ran(whole, "--dim", "1", "--json").Out;
        string[] parts = [.. Enumerable.Range(0, 4).Select(i =>
            work.Array($"p{i}{((string[])[".npy", ".npz", ".safetensors", ".npy"])[i]}", values[(i * 150)..((i + 1) * 150)], [1, 3, 50], i % 2 == 0 ? ElementType.Float32 : ElementType.Float64))];
        Assert.Equal(expected, Ran([.. parts, "--dim", "1", "--json"]).Out);
        Assert.Equal(expected, Ran([.. parts.Reverse(), "--dim", "-2", "--threads", "3", "--json"]).Out);
        foreach (string part in parts)
            Ran(part, "--dim", "1", "--state", $"{part}.nks");
        Assert.Equal(expected, Ran(["--merge", .. parts.Select(part => $"{part}.nks").Reverse(), "--json", "--state", work["all.nks"]]).Out);
        Ran(whole, "--dim", "1", "--state", work["whole.nks"]);
        Assert.Equal(File.ReadAllBytes(work["whole.nks"]), File.ReadAllBytes(work["all.nks"]));
    }

    /// <summary>Ranks share the files; rank 0 prints the bytes of one process, and the others nothing.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_OnSeveralRanks_PrintsTheSameBytes(int size)
    {
        using Workplace work = new();
        string[] parts = [.. Enumerable.Range(0, 4).Select(i => work.Array($"p{i}.npy", Near.Random(60 * (i + 1), i), [i + 1, 3, 20]))];
        System.IO.Directory.CreateDirectory(work["one"]);
        System.IO.Directory.CreateDirectory(work["many"]);
        string expected = Ran([.. parts, "--dim", "1", "--apply", work["one"], "--state", work["one.nks"]]).Out;
        (string Out, string Error, int Code)[] results = LocalCommunicator.Run(size, communicator => OnRank(communicator, ["stats", .. parts, "--dim", "1", "--apply", work["many"], "--state", work["many.nks"]]));
        Assert.Equal((expected, "", 0), results[0]);
        Assert.All(results.Skip(1), result => Assert.Equal(("", "", 0), result));
        Assert.Equal(File.ReadAllBytes(work["one.nks"]), File.ReadAllBytes(work["many.nks"]));
        Assert.All(parts.Select(part => Path.GetFileName(part)!), name => Assert.Equal(File.ReadAllBytes(work[$"one/{name}"]), File.ReadAllBytes(work[$"many/{name}"])));
    }

    [Fact]
    public void Run_OnSeveralRanks_OneRankTellsTheError()
    {
        using Workplace work = new();
        string good = work.Array("a.npy", [1, 2], [2]), late = work.Array("b.npy", [1, 2, 3], [3]);
        // The header is right, and an element is what no double holds: only the rank that reads it notices.
        byte[] bytes = File.ReadAllBytes(late);
        byte[] header = System.Text.Encoding.Latin1.GetBytes(System.Text.Encoding.Latin1.GetString(bytes[..128]).Replace("<f4", "<i8", StringComparison.Ordinal));
        File.WriteAllBytes(work["c.npy"], [.. header, .. BitConverter.GetBytes(long.MaxValue), .. new byte[16]]);
        foreach (string bad in (string[])[work["nowhere.npy"], work["c.npy"]])
        {
            (string Out, string Error, int Code)[] results = LocalCommunicator.Run(3, communicator => OnRank(communicator, ["stats", good, bad, "--state", work["x.nks"]]));
            Assert.Equal(2, results[0].Code);
            Assert.StartsWith($"normkit: {bad}: ", results[0].Error, StringComparison.Ordinal);
            Assert.All(results.Skip(1), result => Assert.Equal(("", "", 0), result));
            Assert.False(File.Exists(work["x.nks"]));
        }
    }

    private static (string Out, string Error, int Code) OnRank(Communicator communicator, string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int code = Tool.Run(args, new ToolOutput(output, error), () => communicator, CancellationToken.None);
        return (output.ToString(), error.ToString(), code);
    }

    [Fact]
    public void Report_OverEverything_HasAllDigits()
    {
        using Workplace work = new();
        string text = Ran(work.Array("x.npy", [1, 2, 4, 9], [4])).Out;
        Assert.Contains("Statistics of 1 file count 4 mean 4 population standard deviation 3.082207001484488 sample standard deviation 3.559026084010437 minimum 1 maximum 9 NaN 0 infinite 0 SHA-256: ",
            Words(text), StringComparison.Ordinal);
        Assert.Contains("PyTorch: transforms.Normalize(mean=[4], std=[3.082207])", Words(text), StringComparison.Ordinal);
        Assert.Contains("Keras: keras.layers.Normalization(axis=-1, mean=[4], variance=[9.5])", Words(text), StringComparison.Ordinal);
    }

    [Fact]
    public void Report_ByIndex_FitsIn100ColumnsAndWarns()
    {
        using Workplace work = new();
        double[] values = [.. Enumerable.Range(0, 5 * 80 * 7).Select(i => i / 7 % 80 == 3 ? -1.25 : i == 0 ? double.NaN : Math.Sin(i) * 1e-300 * Math.Pow(10, i / 7 % 80))];
        string text = Ran(work.Array("x.npy", values, [5, 80, 7], ElementType.Float64), "--dim", "1").Out;
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 100));
        Assert.Contains("and 16 more; --json lists all.", Words(text), StringComparison.Ordinal);
        Assert.Contains("Constant: index 3 is constant", Words(text), StringComparison.Ordinal);
        Assert.Contains("Left out: 1 NaN and 0 infinities", Words(text), StringComparison.Ordinal);
        Assert.DoesNotContain("To paste", text, StringComparison.Ordinal);
    }

    /// <summary>Files of different means: their own deviations are 1, and that of all is sqrt(26).</summary>
    [Fact]
    public void Report_FilesWithOtherMeans_WarnsOfTheirDeviations()
    {
        using Workplace work = new();
        string a = work.Array("a.npy", [-1, 1], [2]), b = work.Array("b.npy", [9, 11], [2]);
        Assert.Contains("Beware: the mean of the files' own deviations is 1, the deviation of all numbers 5.099.", Words(Ran(a, b).Out), StringComparison.Ordinal);
        Assert.DoesNotContain("Beware", Ran(a, a).Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Beware", Ran(b).Out, StringComparison.Ordinal);
    }

    /// <summary>The line for NormKit, with its figures, standardizes; a constant channel is divided by 1.</summary>
    [Fact]
    public void Report_NormKitLine_Standardizes()
    {
        using Workplace work = new();
        double[] values = [1, 3, 7, 7, 2, 4, 7, 7];
        string text = Words(Ran(work.Array("x.npy", values, [2, 2, 2]), "--dim", "1").Out);
        Assert.Contains("Functional.BatchNorm(x, training: false, runningMean: Tensor.Create<float>([2.5f, 7f]), runningVar: Tensor.Create<float>([1.25f, 1f]), eps: 0)", text, StringComparison.Ordinal);
        Tensor<float> x = Tensor.Create<float>([.. values.Select(v => (float)v)], [2, 2, 2]);
        Tensor<float> y = Functional.BatchNorm<float>(
            x, training: false, runningMean: Tensor.Create<float>([2.5f, 7f]), runningVar: Tensor.Create<float>([1.25f, 1f]), eps: 0);
        float[] flat = new float[8];
        y.FlattenTo(flat);
        float s = MathF.Sqrt(1.25f);
        float[] expected = [-1.5f / s, 0.5f / s, 0, 0, -0.5f / s, 1.5f / s, 0, 0];
        for (int i = 0; i < 8; i++)
            Assert.Equal(expected[i], flat[i], 1e-6f);
    }

    [Fact]
    public void Json_OfFewNumbers_HasNulls()
    {
        using Workplace work = new();
        JsonElement entry = Json(work.Array("x.npy", [double.NaN, 5], [2, 1], ElementType.Float64), "--dim", "0").GetProperty("statistics")[0];
        foreach (string name in (string[])["mean", "populationStandardDeviation", "sampleStandardDeviation", "min", "max"])
            Assert.Equal(JsonValueKind.Null, entry.GetProperty(name).ValueKind);
        entry = Json(work["x.npy"]).GetProperty("statistics")[0];
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null, 0.0, 5.0, 1), (entry.GetProperty("index").ValueKind, entry.GetProperty("sampleStandardDeviation").ValueKind,
            entry.GetProperty("populationStandardDeviation").GetDouble(), entry.GetProperty("min").GetDouble(), entry.GetProperty("nan").GetInt32()));
    }

    [Fact]
    public void Run_WrongCalls_AreRefused()
    {
        using Workplace work = new();
        string a = work.Array("a.npy", [1, 2, 3], [3]), b = work.Array("b.npy", [1, 2], [2]), none = work.Array("none.npy", [], [0]);
        Ran(a, "--state", work["all.nks"]);
        Ran(a, "--dim", "0", "--state", work["three.nks"]);
        Ran(b, "--dim", "0", "--state", work["two.nks"]);
        File.WriteAllBytes(work["cut.nks"], File.ReadAllBytes(work["two.nks"])[..^1]);
        System.IO.Directory.CreateDirectory(work["sub"]);
        string[] before = work.Files;
        (string[] Args, string[] Says)[] wrong =
        [
            ([], ["FILE is missing"]),
            ([""], ["FILE is empty"]),
            ([none], ["none.npy: has no elements"]),
            ([none, none], ["none of the 2 files has elements"]),
            ([a, b, "--dim", "0"], ["b.npy: dimension 0 has length 2, and 3 in ", "a.npy"]),
            ([a, "--dim", "x"], ["--dim 'x' is not a whole number"]),
            ([work["all.nks"]], ["all.nks: is a state", "--merge"]),
            (["--merge", a], ["a.npy: this is no state of normkit stats"]),
            (["--merge", work["cut.nks"]], ["cut.nks", "truncated or damaged"]),
            (["--merge", work["all.nks"], work["two.nks"]], ["two.nks: is by 2 indices of a dimension, and ", "all.nks is over everything"]),
            (["--merge", work["three.nks"], work["two.nks"]], ["two.nks: is by 2 indices", "three.nks is by 3 indices"]),
            (["--merge", work["two.nks"], "--dim", "1"], ["--dim does not go with --merge"]),
            (["--merge", work["two.nks"], "--apply", work.Directory], ["--apply does not go with --merge"]),
            ([a, "--state", a], ["a.npy: unknown file extension; use .nks"]),
            ([a, "--state", work["no/x.nks"]], ["does not exist"]),
            ([a, "--name", ""], ["--name is empty"]),
            ([a, "--apply", work["no"]], ["the directory does not exist; make it first"]),
            ([a, "--apply", a], ["is a file; give a directory"]),
            ([a, "--apply", work.Directory], ["a.npy is an input, and would be replaced"]),
            ([a, a, "--apply", work["sub"]], ["would both be written to"]),
        ];
        foreach ((string[] args, string[] says) in wrong)
        {
            string line = Workplace.Run(["stats", .. args]).Refusal();
            Assert.All(says, text => Assert.Contains(text, line, StringComparison.Ordinal));
            Assert.Equal(before, work.Files);
        }
    }

    [Fact]
    public void Run_Interrupted_LeavesNothing()
    {
        using Workplace work = new();
        string path = work.Array("a.npy", [1, 2, 3], [3]);
        ToolResult result = Workplace.Run(new CancellationToken(canceled: true), "stats", path, "--state", work["x.nks"]);
        Assert.Equal((130, "", ""), (result.ExitCode, result.Out, result.Error));
        Assert.Equal(["a.npy"], work.Files);
    }
}
