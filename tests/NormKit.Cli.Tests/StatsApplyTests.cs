using NormKit.IO;

namespace NormKit.Cli.Tests;

/// <summary>normkit stats --apply: files standardized by the statistics of all of them.</summary>
public sealed class StatsApplyTests
{
    private static string Apply(Workplace work, params string[] args)
    {
        Directory.CreateDirectory(work["out"]);
        ToolResult result = Workplace.Run(["stats", .. args, "--apply", work["out"]]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return result.Out;
    }

    // Two passes in double, over all arrays; each lies as (outer, length, inner).
    private static double[][] Standardized(double[][] arrays, int length, int inner)
    {
        double[][] results = [.. arrays.Select(array => (double[])array.Clone())];
        for (int index = 0; index < length; index++)
        {
            double[] own = [.. arrays.SelectMany(array => array.Where((value, i) => i / inner % length == index && double.IsFinite(value)))];
            double mean = own.Average(), deviation = Math.Sqrt(own.Average(value => (value - mean) * (value - mean)));
            foreach (double[] result in results)
            {
                for (int i = 0; i < result.Length; i++)
                {
                    if (i / inner % length == index)
                        result[i] = deviation > 0 ? (result[i] - mean) / deviation : result[i] - result[i];
                }
            }
        }
        return results;
    }

    private static void AssertNear(double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (double.IsFinite(expected[i]))
                Assert.Equal(expected[i], actual[i], tolerance * Math.Max(1, Math.Abs(expected[i])));
            else
                Assert.Equal(expected[i], actual[i]);
        }
    }

    [Theory]
    [InlineData(ElementType.Float16, 1e-3)]
    [InlineData(ElementType.Float32, 1e-7)]
    [InlineData(ElementType.Float64, 1e-14)]
    public void Apply_Npy_StandardizesInTheType(ElementType type, double tolerance)
    {
        using Workplace work = new();
        double[][] arrays = [.. Enumerable.Range(0, 2).Select(k => Near.Random(3 * 4 * 50, k).Select((v, i) => i / 50 % 4 == 2 ? 7 : (double)(Half)(v + (i / 50 % 4))).ToArray())];
        (arrays[0][5], arrays[0][60], arrays[1][101], arrays[1][102]) = (double.NaN, double.NegativeInfinity, double.NaN, double.PositiveInfinity);
        string[] paths = [.. arrays.Select((array, k) => work.Array($"x{k}.npy", array, [3, 4, 50], type))];
        string text = Apply(work, [.. paths, "--dim", "1"]);
        Assert.Contains("Constant: index 2 is constant", string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        double[][] expected = Standardized(arrays, 4, 50);
        for (int k = 0; k < 2; k++)
        {
            StoredTensor written = TensorFile.Read(work[$"out/x{k}.npy"]);
            Assert.Equal((type, "3 4 50"), (written.ElementType, string.Join(' ', written.Shape.ToArray())));
            AssertNear(expected[k], written.ToArray<double>(), tolerance);
        }
        Assert.Equal(["out", "x0.npy", "x1.npy"], work.Files);
    }

    /// <summary>1, 3, 5, 7 standardized over everything: -3, -1, 1 and 3 over sqrt(5); integers become float32, of 32 bits and more float64.</summary>
    [Theory]
    [InlineData("|u1", "(2, 2)", false, new byte[] { 1, 3, 5, 7 }, ElementType.Float32)]
    [InlineData(">i2", "(2, 2)", false, new byte[] { 0, 1, 0, 3, 0, 5, 0, 7 }, ElementType.Float32)]
    [InlineData("<i4", "(4, )", false, new byte[] { 1, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0 }, ElementType.Float64)]
    [InlineData("|u1", "(2, 2)", true, new byte[] { 1, 5, 3, 7 }, ElementType.Float32)]
    public void Apply_Integers_BecomeFloatingPoint(string descr, string shape, bool fortranOrder, byte[] data, ElementType type)
    {
        using Workplace work = new();
        string header = $"{{'descr': '{descr}', 'fortran_order': {fortranOrder}, 'shape': {shape}, }}\n";
        File.WriteAllBytes(work["x.npy"], [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. System.Text.Encoding.ASCII.GetBytes(header), .. data]);
        Apply(work, work["x.npy"]);
        StoredTensor written = TensorFile.Read(work["out/x.npy"]);
        Assert.Equal(type, written.ElementType);
        AssertNear([-3 / Math.Sqrt(5), -1 / Math.Sqrt(5), 1 / Math.Sqrt(5), 3 / Math.Sqrt(5)], written.ToArray<double>(), 1e-7);
    }

    [Fact]
    public void Apply_Archives_KeepAllElse()
    {
        using Workplace work = new();
        double[] x = Near.Random(300, 4), labels = [1, 2, 3];
        KeyValuePair<string, StoredTensor>[] arrays =
        [
            new("labels", StoredTensor.From<double>(labels, [3], ElementType.Float64)), new("x", StoredTensor.From<double>(x, [300], ElementType.Float32)), new("z", StoredTensor.From<double>(labels, [3], ElementType.Float16)),
        ];
        NpzFile.Write(work["a.npz"], arrays, compress: true);
        SafetensorsFile.Write(work["a.safetensors"], arrays, new Dictionary<string, string> { ["format"] = "pt" });
        Apply(work, work["a.npz"], work["a.safetensors"], "--name", "x");
        double[] expected = Standardized([[.. x.Select(v => (double)(float)v)]], 1, 300)[0];
        foreach (IReadOnlyDictionary<string, StoredTensor> written in (IReadOnlyDictionary<string, StoredTensor>[])[NpzFile.ReadAll(work["out/a.npz"]), SafetensorsFile.ReadAll(work["out/a.safetensors"])])
        {
            Assert.Equal(["labels", "x", "z"], written.Keys.Order());
            Assert.Equal((ElementType.Float32, ElementType.Float16), (written["x"].ElementType, written["z"].ElementType));
            AssertNear(expected, written["x"].ToArray<double>(), 1e-6);
            Assert.Equal(labels, written["labels"].ToArray<double>());
            Assert.Equal(labels, written["z"].ToArray<double>());
        }
        Assert.Equal("pt", SafetensorsFile.Metadata(work["out/a.safetensors"])["format"]);
    }

    [Fact]
    public void Apply_OfBFloat16_IsRoundedOnce()
    {
        using Workplace work = new();
        double[] x = [.. Near.Random(50, 6).Select(v => (double)(BFloat16)v)];
        work.Array("x.safetensors", x, [50], ElementType.BFloat16);
        Apply(work, work["x.safetensors"]);
        AssertNear(Standardized([x], 1, 50)[0], Workplace.Read(work["out/x.safetensors"]), 1.0 / 256);
    }

    /// <summary>A file that turns out to be damaged after others are written: none of them stays, nor does the state, and older files are as they were.</summary>
    [Fact]
    public void Apply_FailureOnTheWay_LeavesNothing()
    {
        using Workplace work = new();
        string good = work.Array("a.npy", [1, 2, 3], [3]);
        NpzFile.Write(work["b.npz"], [new("x", StoredTensor.From<double>([1, 2, 3], [3])), new("y", StoredTensor.From<double>([.. Near.Random(2000, 1)], [2000]))], compress: true);
        byte[] bytes = File.ReadAllBytes(work["b.npz"]);
        // Its other array is damaged, which only copying it shows.
        Array.Fill(bytes, (byte)0xEE, bytes.Length - 6000, 400);
        File.WriteAllBytes(work["b.npz"], bytes);
        Directory.CreateDirectory(work["out"]);
        File.WriteAllText(work["out/a.npy"], "older");
        Workplace.Run("stats", good, work["b.npz"], "--name", "x", "--apply", work["out"], "--state", work["x.nks"]).Refusal();
        Assert.Equal(["a.npy"], Directory.GetFileSystemEntries(work["out"]).Select(Path.GetFileName));
        Assert.Equal("older", File.ReadAllText(work["out/a.npy"]));
        Assert.Equal(["a.npy", "b.npz", "out"], work.Files);
    }

    [Fact]
    public void Apply_ThroughALink_DoesNotReplaceAnInput()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege there.");
        using Workplace work = new();
        string path = work.Array("a.npy", [1, 2, 3], [3]);
        Directory.CreateSymbolicLink(work["link"], work.Directory);
        Assert.Contains("is an input, and would be replaced", Workplace.Run("stats", path, "--apply", work["link"]).Refusal(), StringComparison.Ordinal);
    }
}
