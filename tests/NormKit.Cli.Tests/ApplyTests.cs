using NormKit.IO;

namespace NormKit.Cli.Tests;

public sealed class ApplyTests
{
    private static readonly nint[] Shape = [3, 12, 5, 7];

    public static TheoryData<string, bool, bool> LayersAndLayouts() => new(
        from layer in (string[])["batch-norm", "layer-norm", "instance-norm", "group-norm"]
        from channelsLast in (bool[])[false, true]
        from isDouble in (bool[])[false, true]
        select (layer, channelsLast, isDouble));

    [Theory, MemberData(nameof(LayersAndLayouts))]
    public void Apply_AnyLayerAndLayout_MatchesDoubleReference(string layer, bool channelsLast, bool isDouble)
    {
        using Workplace work = new();
        Reference reference = new(layer, Shape, groups: 4);
        double[] x = Near.Random(reference.Count, 1, offset: 3), weight = Near.Random(reference.ParameterCount, 2), bias = Near.Random(reference.ParameterCount, 3);
        ElementType type = isDouble ? ElementType.Float64 : ElementType.Float32;
        nint[] parameterShape = layer == "layer-norm" ? Shape[1..] : [12];
        nint[] fileShape = channelsLast ? [3, 5, 7, 12] : Shape;
        work.Array("x.npy", channelsLast ? reference.ToChannelsLast(x) : x, fileShape, type);
        work.Array("w.npy", weight, parameterShape, type);
        work.Array("b.npy", bias, parameterShape, ElementType.Float64);

        string[] groups = layer == "group-norm" ? ["--groups", "4"] : [];
        string[] layout = channelsLast ? ["--channels-last"] : [];
        Workplace.Succeed(
            ["apply", layer, work["x.npy"], "-o", work["y.npy"], "--weight", work["w.npy"], "--bias", work["b.npy"], "--eps", "0.01", "--threads", "2", .. groups, .. layout]);

        StoredTensor y = TensorFile.Read(work["y.npy"]);
        Assert.Equal(type, y.ElementType);
        Assert.Equal(fileShape, y.Shape.ToArray());
        double[] values = y.ToArray<double>();
        Near.Equal(
            reference.Forward(x, weight, bias, 0.01), channelsLast ? reference.FromChannelsLast(values) : values, isDouble ? Near.Double : Near.Float);
        Assert.Equal(["b.npy", "w.npy", "x.npy", "y.npy"], work.Files);
    }

    [Theory]
    [InlineData("7", 1)]
    [InlineData("5,7", 2)]
    [InlineData("12,5,7", 3)]
    [InlineData("3,12,5,7", 4)]
    public void Apply_NormalizedShape_IsTheTrailingDimensions(string normalizedShape, int rank)
    {
        using Workplace work = new();
        Reference reference = new("layer-norm", Shape, normalizedRank: rank);
        double[] x = Near.Random(reference.Count, 4), weight = Near.Random(reference.ParameterCount, 5);
        work.Array("x.npy", x, Shape);
        work.Array("w.npy", weight, Shape[^rank..]);
        Workplace.Succeed("apply", "layer-norm", work["x.npy"], "-o", work["y.npy"], "--weight", work["w.npy"], "--normalized-shape", normalizedShape);
        Near.Equal(reference.Forward(x, weight, null, 1e-5), Workplace.Read(work["y.npy"]), Near.Float);
    }

    [Theory]
    [InlineData("batch-norm", 0.1, true)]
    [InlineData("batch-norm", 0.75, false)]
    [InlineData("instance-norm", 0.25, true)]
    [InlineData("instance-norm", 1, false)]
    public void Apply_SaveRunning_MovesWhatWasGiven(string layer, double momentum, bool given)
    {
        using Workplace work = new();
        Reference reference = new(layer, Shape);
        double[] x = Near.Random(reference.Count, 6, offset: -2), mean = Near.Random(12, 7), variance = Near.Random(12, 8, offset: 2);
        work.Array("x.npy", x, Shape);
        string[] running = given
            ? ["--train", "--running-mean", work.Array("m.npy", mean, [12]), "--running-var", work.Array("v.npy", variance, [12], ElementType.Float64)]
            : [];
        Workplace.Succeed(
            ["apply", layer, work["x.npy"], "-o", work["y.npy"], "--save-running-mean", work["m2.npy"], "--save-running-var", work["v2.npy"],
            "--momentum", $"{momentum}", .. running]);

        (double[] batchMean, double[] batchVariance) = reference.Statistics(x);
        double[] Moved(double[] from, double[] to) => [.. from.Zip(to, (a, b) => ((1 - momentum) * a) + (momentum * b))];
        double[] zeros = new double[12], ones = [.. Enumerable.Repeat(1.0, 12)];
        Near.Equal(Moved(given ? mean : zeros, batchMean), Workplace.Read(work["m2.npy"]), Near.Float);
        Near.Equal(Moved(given ? variance : ones, batchVariance), Workplace.Read(work["v2.npy"]), Near.Float);
        Near.Equal(reference.Forward(x, null, null, 1e-5), Workplace.Read(work["y.npy"]), Near.Float);
        Assert.Equal(given ? ElementType.Float64 : ElementType.Float32, TensorFile.Read(work["v2.npy"]).ElementType);
        if (given)
            Assert.Equal(mean, Workplace.Read(work["m.npy"]));
    }

    [Theory]
    [InlineData("batch-norm", false)]
    [InlineData("batch-norm", true)]
    [InlineData("instance-norm", false)]
    [InlineData("instance-norm", true)]
    public void Apply_Eval_UsesRunningStatistics(string layer, bool channelsLast)
    {
        using Workplace work = new();
        Reference reference = new(layer, Shape);
        double[] x = Near.Random(reference.Count, 9), mean = Near.Random(12, 10), variance = Near.Random(12, 11, offset: 2);
        work.Array("x.npy", channelsLast ? reference.ToChannelsLast(x) : x, channelsLast ? [3, 5, 7, 12] : Shape);
        work.Array("m.npy", mean, [12]);
        work.Array("v.npy", variance, [12]);
        Workplace.Succeed(
            ["apply", layer, work["x.npy"], "-o", work["y.npy"], "--eval", "--running-mean", work["m.npy"], "--running-var", work["v.npy"],
            .. channelsLast ? (string[])["--channels-last"] : []]);
        double[] y = Workplace.Read(work["y.npy"]);
        double[] expected = [.. x.Select((value, i) => (value - mean[i / 35 % 12]) / Math.Sqrt(variance[i / 35 % 12] + 1e-5))];
        Near.Equal(expected, channelsLast ? reference.FromChannelsLast(y) : y, Near.Float);
    }

    [Theory]
    [InlineData(ElementType.Float16, ElementType.Float16, 1.0 / 1024)]
    [InlineData(ElementType.BFloat16, ElementType.BFloat16, 1.0 / 128)]
    [InlineData(ElementType.Float32, ElementType.Float32, Near.Float)]
    [InlineData(ElementType.Float64, ElementType.Float64, Near.Double)]
    public void Apply_FloatingType_IsTheTypeOfTheOutput(ElementType input, ElementType output, double tolerance)
    {
        using Workplace work = new();
        Reference reference = new("group-norm", Shape, groups: 3);
        TensorFile.Write(work["x.safetensors"], StoredTensor.From<double>(Near.Random(reference.Count, 12), Shape, input));
        Workplace.Succeed("apply", "group-norm", work["x.safetensors"] + ":tensor", "--groups", "3", "-o", work["y.safetensors"]);
        StoredTensor y = TensorFile.Read(work["y.safetensors"]);
        Assert.Equal(output, y.ElementType);
        Near.Equal(reference.Forward(Workplace.Read(work["x.safetensors"]), null, null, 1e-5), y.ToArray<double>(), tolerance);
    }

    [Theory]
    [InlineData("'|i1'", 1, ElementType.Float32)]
    [InlineData("'<i2'", 2, ElementType.Float32)]
    [InlineData("'<i4'", 4, ElementType.Float64)]
    [InlineData("'<u8'", 8, ElementType.Float64)]
    public void Apply_Integers_BecomeTheFloatThatHoldsThem(string descr, int size, ElementType output)
    {
        using Workplace work = new();
        byte[] data = [.. Enumerable.Range(0, 15).SelectMany(i => Enumerable.Range(0, size).Select(b => b == 0 ? (byte)((i * i) % 31) : (byte)0))];
        string header = $"{{'descr': {descr}, 'fortran_order': False, 'shape': (5, 3), }}".PadRight(117) + "\n";
        File.WriteAllBytes(work["x.npy"], [0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. System.Text.Encoding.ASCII.GetBytes(header), .. data]);
        Workplace.Succeed("apply", "batch-norm", work["x.npy"], "-o", work["y.npy"]);
        StoredTensor y = TensorFile.Read(work["y.npy"]);
        Assert.Equal(output, y.ElementType);
        double[] x = [.. Enumerable.Range(0, 15).Select(i => (double)(i * i % 31))];
        Near.Equal(new Reference("batch-norm", [5, 3]).Forward(x, null, null, 1e-5), y.ToArray<double>(), Near.Float);
    }

    [Fact]
    public void Apply_OutputIsTheInput_ReplacesIt()
    {
        using Workplace work = new();
        double[] x = Near.Random(20, 13);
        work.Array("x.npy", x, [4, 5]);
        Workplace.Succeed("apply", "layer-norm", work["x.npy"], "-o", work["x.npy"]);
        Near.Equal(new Reference("layer-norm", [4, 5]).Forward(x, null, null, 1e-5), Workplace.Read(work["x.npy"]), Near.Float);
        Assert.Equal(["x.npy"], work.Files);
    }

    [Fact]
    public void Apply_AnyThreadCount_SameBytes()
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(6 * 8 * 33 * 31, 14), [6, 8, 33, 31]);
        foreach (string threads in (string[])["1", "2", "8"])
            Workplace.Succeed("apply", "batch-norm", work["x.npy"], "-o", work[$"y{threads}.npy"], "--threads", threads);
        Assert.Equal(File.ReadAllBytes(work["y1.npy"]), File.ReadAllBytes(work["y2.npy"]));
        Assert.Equal(File.ReadAllBytes(work["y1.npy"]), File.ReadAllBytes(work["y8.npy"]));
    }

    [Fact]
    public void Apply_EmptyBatch_WritesAnEmptyArray()
    {
        using Workplace work = new();
        work.Array("x.npy", [], [0, 5, 3]);
        Workplace.Succeed("apply", "batch-norm", work["x.npy"], "-o", work["y.npy"]);
        Assert.Equal([0, 5, 3], TensorFile.Read(work["y.npy"]).Shape.ToArray());
    }
}
