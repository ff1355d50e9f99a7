namespace NormKit.IO.Tests.Models;

public sealed class FoldOnnxTests
{
    private static readonly Draw Draw = new(13);

    private static OnnxBuilder Norm(OnnxBuilder builder, string from, string to, params (string, object)[] attributes) => builder
        .Initializer("s", Draw.About(1, 0.2, 4)).Initializer("b", Draw.About(0, 0.2, 4)).Initializer("m", Draw.About(0, 1, 4)).Initializer("v", Draw.Variances(4))
        .Node("BatchNormalization", [from, "s", "b", "m", "v"], [to], "bn", "", attributes);

    private static OnnxBuilder Conv(OnnxBuilder builder, string from = "x", string to = "c", int inputs = 4, params (string, object)[] attributes) =>
        builder.Initializer("w", Draw.About(0, 0.3, 4 * inputs * 9), 4, inputs, 3, 3).Node("Conv", [from, "w"], [to], "conv", "", attributes);

    private static (string, OnnxBuilder) Case(string name)
    {
        OnnxBuilder builder = new OnnxBuilder(17).Input("x", 1, 4, 8, 8).Output("y", 1, 4, -1, -1);
        return name switch
        {
            "conv read twice" => ("the output of Conv conv is read twice", Norm(Conv(builder), "c", "n").Node("Add", ["n", "c"], ["y"])),
            "conv is an output" => ("the output of Conv conv is an output of the graph", Norm(Conv(builder), "c", "y").Output("c", 1, 4, 6, 6)),
            "captured" => ("the output of Conv conv is read by a subgraph", Norm(Conv(builder), "c", "n").TypedInput("f", 9).Node("If", ["f"], ["i"], "if", "", ("then_branch", new OnnxBuilder().Node("Relu", ["c"], ["t"]).Output("t")), ("else_branch", new OnnxBuilder().Node("Neg", ["x"], ["e"]).Output("e"))).Node("Add", ["n", "i"], ["y"])),
            "training" => ("it is in training mode", Norm(Conv(builder), "c", "y", ("training_mode", 1L))),
            "computed statistics" => ("its mean is not constant: 'm2' is computed by Neg", Conv(builder).Initializer("s", Draw.About(1, 0.2, 4)).Node("Neg", ["s"], ["m2"]).Node("BatchNormalization", ["c", "s", "s", "m2", "s"], ["y"], "bn")),
            "input statistics" => ("its variance is not constant: 'q' is an input", Conv(builder).Input("q", 4).Initializer("s", Draw.About(1, 0.2, 4)).Node("BatchNormalization", ["c", "s", "s", "s", "q"], ["y"], "bn")),
            "overridable" => ("its scale is not constant: 's' is an input of the graph too", Norm(Conv(builder), "c", "y").Input("s", 4)),
            "overridable weight" => ("'w' is an input of the graph too", Norm(Conv(builder), "c", "y").Input("w", 4, 4, 3, 3)),
            "padding" => ("Conv conv pads with zeros, and the norm does not map 0 to 0", Conv(Norm(builder.Node("Relu", ["x"], ["r"]), "r", "n"), "n", "y", 4, ("pads", new long[] { 1, 1, 1, 1 }))),
            "same padding" => ("pads with zeros", Conv(Norm(builder.Node("Relu", ["x"], ["r"]), "r", "n"), "n", "y", 4, ("auto_pad", "SAME_UPPER"))),
            "transposed behind" => ("reads zeros between and around its inputs", Norm(builder, "x", "n").Initializer("w", Draw.About(0, 0.3, 16), 4, 4, 1, 1).Node("ConvTranspose", ["n", "w"], ["y"], "up")),
            "norm read twice" => ("its output is read twice", Norm(builder, "x", "n").Initializer("w", Draw.About(0, 0.3, 16), 4, 4, 1, 1).Node("Conv", ["n", "w"], ["c"], "conv").Node("Add", ["n", "c"], ["y"])),
            "nothing" => ("before it: Relu, which has no weight to take it; behind it: Relu, which has no weight to take it", Norm(builder.Node("Relu", ["x"], ["r"]), "r", "n").Node("Relu", ["n"], ["y"])),
            "graph input and output" => ("before it: nothing that this graph computes; behind it: its output is an output of the graph", Norm(builder, "x", "y")),
            "matmul of images" => ("a MatMul whose input is not known to be a matrix", Norm(new OnnxBuilder(17).Input("x", 2, 4, 6).Output("y").Initializer("w", Draw.About(0, 0.3, 24), 6, 4).Node("MatMul", ["x", "w"], ["c"], "mm"), "c", "y")),
            "NaN" => ("channel 1 has NaN or infinity", Conv(builder).Initializer("s", [1, float.NaN, 1, 1]).Node("BatchNormalization", ["c", "s", "s", "s", "s"], ["y"], "bn")),
            "negative variance" => ("channel 2 has the variance -1", Conv(builder).Initializer("s", [1, 1, -1, 1]).Node("BatchNormalization", ["c", "s", "s", "s", "s"], ["y"], "bn")),
            "half overflow" => ("beyond the range of F16", builder.Halves("w", [.. Enumerable.Repeat(60000f, 16)], 4, 4, 1, 1).Halves("s", [2, 2, 2, 2]).Halves("o", [1, 1, 1, 1]).Node("Conv", ["x", "w"], ["c"], "conv").Node("BatchNormalization", ["c", "s", "o", "o", "o"], ["y"], "bn")),
            _ => throw new ArgumentException(name),
        };
    }

    [Theory]
    [InlineData("conv read twice")]
    [InlineData("conv is an output")]
    [InlineData("captured")]
    [InlineData("training")]
    [InlineData("computed statistics")]
    [InlineData("input statistics")]
    [InlineData("overridable")]
    [InlineData("overridable weight")]
    [InlineData("padding")]
    [InlineData("same padding")]
    [InlineData("transposed behind")]
    [InlineData("norm read twice")]
    [InlineData("nothing")]
    [InlineData("graph input and output")]
    [InlineData("matmul of images")]
    [InlineData("NaN")]
    [InlineData("negative variance")]
    [InlineData("half overflow")]
    public void FoldOnnx_NotTheSameFunction_IsKeptAndTheFileIsACopy(string name)
    {
        (string why, OnnxBuilder builder) = Case(name);
        using TemporaryDirectory directory = new();
        string path = builder.Write(directory["m.onnx"]);
        FoldedNorm norm = Assert.Single(ModelFolding.FoldOnnx(path, directory["out.onnx"]).Norms);
        Assert.Null(norm.Into);
        Assert.Contains(why, norm.Text, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(directory["out.onnx"]));
    }

    /// <summary>A norm that maps 0 to 0 folds into a convolution that pads.</summary>
    [Fact]
    public void FoldOnnx_PaddingWithoutShift_IsFolded()
    {
        using TemporaryDirectory directory = new();
        OnnxBuilder builder = new OnnxBuilder(17).Input("x", 1, 4, 8, 8).Output("y", 1, 4, 8, 8).Initializer("s", Draw.About(1, 0.2, 4)).Initializer("z", [0, 0, 0, 0]).Initializer("v", Draw.Variances(4))
            .Node("Relu", ["x"], ["r"]).Node("BatchNormalization", ["r", "s", "z", "z", "v"], ["n"], "bn");
        string path = Conv(builder, "n", "y", 4, ("pads", new long[] { 1, 1, 1, 1 })).Write(directory["m.onnx"]);
        Assert.Equal(1, ModelFolding.FoldOnnx(path, directory["out.onnx"]).FoldedCount);
    }

    /// <summary>Every weight within half a unit of its exact value, in pairs of doubles.</summary>
    [Fact]
    public void FoldOnnx_EachWeight_IsRoundedOnce()
    {
        using TemporaryDirectory directory = new();
        const int channels = 32, inputs = 16;
        float[] w = Draw.About(0, 0.3, channels * inputs), s = Draw.About(1, 0.3, channels), b = Draw.About(0, 1, channels), m = Draw.About(0, 1, channels), v = Draw.Variances(channels), c = Draw.About(0, 1, channels);
        string path = new OnnxBuilder(17).Input("x", 1, inputs, 4, 4).Output("y", 1, channels, 4, 4).Initializer("w", w, channels, inputs, 1, 1).Initializer("c", c).Initializer("s", s).Initializer("b", b).Initializer("m", m).Initializer("v", v)
            .Node("Conv", ["x", "w", "c"], ["t"], "conv").Node("BatchNormalization", ["t", "s", "b", "m", "v"], ["y"], "bn", "", ("epsilon", 1e-3f)).Write(directory["m.onnx"]);
        ModelFolding.FoldOnnx(path, directory["out.onnx"]);
        using ModelFile folded = ModelFile.Open(directory["out.onnx"]);
        Assert.Equal(["w", "c"], folded.Tensors.Select(tensor => tensor.Name));
        float[] weight = folded.Tensors[0].ToArray<float>(), bias = folded.Tensors[1].ToArray<float>();
        for (int o = 0; o < channels; o++)
        {
            decimal deviation = Sqrt((decimal)(double)v[o] + (decimal)(double)1e-3f), scale = (decimal)(double)s[o] / deviation;
            for (int i = 0; i < inputs; i++)
                AssertHalfUnit((decimal)(double)w[(o * inputs) + i] * scale, weight[(o * inputs) + i]);
            AssertHalfUnit((((decimal)(double)c[o] - (decimal)(double)m[o]) * scale) + (decimal)(double)b[o], bias[o]);
        }
    }

    private static void AssertHalfUnit(decimal exact, float rounded)
    {
        double unit = MathF.BitIncrement(Math.Abs(rounded)) - Math.Abs(rounded);
        Assert.InRange(Math.Abs((double)exact - rounded), 0, (0.5 + 1e-6) * unit);
    }

    private static decimal Sqrt(decimal value)
    {
        decimal root = (decimal)Math.Sqrt((double)value);
        for (int i = 0; i < 3; i++)
            root = (root + (value / root)) / 2;
        return root;
    }

    /// <summary>What a fold does not touch keeps its bytes: another node with fields that nobody knows, and metadata.</summary>
    [Fact]
    public void FoldOnnx_AllElse_KeepsItsBytes()
    {
        using TemporaryDirectory directory = new();
        OnnxBuilder builder = new OnnxBuilder(17).Domain("custom", 3).Input("x", 1, 4, 8, 8).Output("y", 1, 4, 6, 6).Initializer("other", Draw.About(0, 1, 100)).Node("Mystery", ["n", "other"], ["y"], "mystery", "custom", ("note", "kept as it is"), ("level", 42L));
        byte[] bytes = Norm(Conv(builder), "c", "n").Build();
        string path = directory.Write("m.onnx", [.. bytes, 0xFA, 0x3F, 3, 1, 2, 3]);
        Assert.Equal(1, ModelFolding.FoldOnnx(path, directory["out.onnx"]).FoldedCount);
        byte[] folded = File.ReadAllBytes(directory["out.onnx"]);
        Assert.True(folded.AsSpan().IndexOf((byte[])[.. "note"u8, 0x22, 13, .. "kept as it is"u8]) > 0);
        Assert.Equal([0xFA, 0x3F, 3, 1, 2, 3], folded[^6..]);
        using ModelFile before = ModelFile.Open(path), after = ModelFile.Open(directory["out.onnx"]);
        Assert.Equal(before.Tensors.Single(tensor => tensor.Name == "other").ToArray<float>(), after.Tensors.Single(tensor => tensor.Name == "other").ToArray<float>());
        Assert.Equal(["other", "w", "conv.bias.folded"], after.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(before.Metadata, after.Metadata);
    }

    [Fact]
    public void FoldOnnx_TheModelItself_IsRefused()
    {
        using TemporaryDirectory directory = new();
        string path = Norm(Conv(new OnnxBuilder(17).Input("x", 1, 4, 8, 8).Output("y")), "c", "y").Write(directory["m.onnx"]);
        Assert.Contains("is the model itself", Assert.Throws<TensorFileException>(() => ModelFolding.FoldOnnx(path, path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FoldOnnx_Inspected_IsNamedAsFolded()
    {
        using TemporaryDirectory directory = new();
        string path = Norm(Conv(new OnnxBuilder(17).Input("x", 1, 4, 8, 8).Output("y")), "c", "y").Write(directory["m.onnx"]);
        ModelFolding.FoldOnnx(path, directory["out.onnx"]);
        Assert.Equal(NormRelationKind.Folded, Assert.Single(ModelInspector.Inspect(path, directory["out.onnx"]).Norms).Relation!.Kind);
    }
}
