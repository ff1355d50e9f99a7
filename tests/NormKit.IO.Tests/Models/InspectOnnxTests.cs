namespace NormKit.IO.Tests.Models;

public sealed class InspectOnnxTests
{
    private static readonly Draw Draw = new(8);

    private static OnnxBuilder BatchNorm(int opset = 17, params (string, object)[] attributes) => new OnnxBuilder(opset)
        .Initializer("conv.weight", Draw.About(0, 0.1, 8 * 3 * 9), 8, 3, 3, 3).Initializer("bn.weight", Draw.About(1, 0.1, 8)).Initializer("bn.bias", Draw.About(0, 0.1, 8))
        .Initializer("bn.running_mean", Draw.About(0, 1, 8)).Initializer("bn.running_var", Draw.Variances(8)).Input("x", 1, 3, 9, 9).Output("y", 1, 8, 7, 7)
        .Node("Conv", ["x", "conv.weight"], ["c"], "the_conv").Node("BatchNormalization", ["c", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"], ["n"], "the_bn", "", attributes).Node("Relu", ["n"], ["y"], "relu");

    private static ModelInspection Inspect(OnnxBuilder builder)
    {
        using TemporaryDirectory directory = new();
        return ModelInspector.Inspect(builder.Write(directory["m.onnx"]));
    }

    [Fact]
    public void Inspect_BatchNormalization_IsReadWithItsAttributes()
    {
        ModelNorm norm = Assert.Single(Inspect(BatchNorm(17, ("epsilon", 1e-3f), ("momentum", 0.9f))).Norms);
        Assert.Equal(("bn", NormKind.BatchNorm, "node the_bn (BatchNormalization)"), (norm.Name, norm.Kind, norm.Where));
        Assert.Equal((1e-3, "attribute epsilon", 0.9), (norm.Eps, norm.EpsSource, norm.Momentum));
        Assert.Equal(("Conv the_conv", "Relu relu"), (norm.After, norm.Before));
        Assert.Equal([8], norm.Shape.ToArray());
        Assert.Empty(norm.Findings);
    }

    [Theory]
    [InlineData(17, "training_mode", 1L)]
    [InlineData(6, "is_test", 0L)]
    public void Inspect_TrainingMode_IsNamed(int opset, string attribute, long value)
    {
        ModelNorm norm = Assert.Single(Inspect(BatchNorm(opset, (attribute, value))).Norms);
        Assert.Equal(NormFindingKind.TrainingMode, Assert.Single(norm.Findings).Kind);
    }

    [Fact]
    public void Inspect_PyTorchMomentumInOnnx_IsNamed()
    {
        ModelNorm norm = Assert.Single(Inspect(BatchNorm(17, ("momentum", 0.1f))).Norms);
        Assert.Contains("write 0.9", Assert.Single(norm.Findings).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LayerNormalization", "", NormKind.LayerNorm, 1, 1e-5)]
    [InlineData("RMSNormalization", "", NormKind.RmsNorm, 1, 1e-5)]
    [InlineData("SimplifiedLayerNormalization", "", NormKind.RmsNorm, 1, 1e-5)]
    [InlineData("InstanceNormalization", "", NormKind.InstanceNorm, 1, 1e-5)]
    [InlineData("GroupNormalization", "", NormKind.GroupNorm, 1, 1e-5)]
    [InlineData("SkipLayerNormalization", "com.microsoft", NormKind.LayerNorm, 2, 1e-12)]
    [InlineData("SkipSimplifiedLayerNormalization", "com.microsoft", NormKind.RmsNorm, 2, 1e-12)]
    [InlineData("EmbedLayerNormalization", "com.microsoft", NormKind.LayerNorm, 5, 1e-12)]
    public void Inspect_EachOperator_IsAKind(string op, string domain, NormKind kind, int weight, double eps)
    {
        string[] inputs = [.. Enumerable.Range(0, weight).Select(i => $"x{i}"), "w", "b"];
        ModelNorm norm = Assert.Single(Inspect(new OnnxBuilder(23).Initializer("w", Draw.About(1, 0.1, 8)).Initializer("b", Draw.About(0, 0.1, 8)).Node(op, inputs, ["y"], "n", domain).Output("y", 1, 8)).Norms);
        Assert.Equal(("n", kind, eps), (norm.Name, norm.Kind, norm.Eps));
        Assert.Equal(domain.Length > 0 ? [NormFindingKind.MissingEps] : [], norm.Findings.Select(finding => finding.Kind));
        ModelNorm given = Assert.Single(Inspect(new OnnxBuilder(23).Initializer("w", Draw.About(1, 0.1, 8)).Initializer("b", Draw.About(0, 0.1, 8)).Node(op, inputs, ["y"], "n", domain, ("epsilon", 1e-6f)).Output("y", 1, 8)).Norms);
        Assert.Equal((1e-6, 0), (given.Eps, given.Findings.Count));
    }

    [Theory]
    [InlineData(false, false, NormKind.RmsNorm)]
    [InlineData(true, false, NormKind.LayerNorm)]
    [InlineData(false, true, NormKind.RmsNorm)]
    [InlineData(true, true, NormKind.LayerNorm)]
    public void Inspect_NormInSingleSteps_IsFound(bool hasMean, bool isReciprocal, NormKind kind)
    {
        OnnxBuilder builder = new OnnxBuilder(13).Initializer("model.layers.0.input_layernorm.weight", Draw.About(1, 0.1, 8)).Initializer("shift", Draw.About(0, 0.1, 8)).Scalar("two", 2).Scalar("eps", 1e-6f).Input("x", 2, 8).Output("y", 2, 8);
        string x = "x";
        if (hasMean)
        {
            builder.Node("ReduceMean", ["x"], ["m"], "mean", "", ("axes", new long[] { -1 })).Node("Sub", ["x", "m"], ["d"], "sub");
            x = "d";
        }
        builder.Node("Cast", [x], ["f"], "cast", "", ("to", 1L)).Node("Pow", ["f", "two"], ["q"], "pow").Node("ReduceMean", ["q"], ["v"], "meansquare", "", ("axes", new long[] { -1 })).Node("Add", ["v", "eps"], ["e"], "add").Node("Sqrt", ["e"], ["r"], "root");
        if (isReciprocal)
            builder.Node("Reciprocal", ["r"], ["i"], "inverse").Node("Mul", [x, "i"], ["n"], "times");
        else
            builder.Node("Div", [x, "r"], ["n"], "div");
        builder.Node("Mul", ["model.layers.0.input_layernorm.weight", "n"], ["s"], "scale").Node("Add", ["s", "shift"], ["y"], "bias");
        ModelNorm norm = Assert.Single(Inspect(builder).Norms);
        Assert.Equal(("model.layers.0.input_layernorm", kind, 1e-6, "a constant of the graph"), (norm.Name, norm.Kind, norm.Eps, norm.EpsSource));
        Assert.Equal(("input x", "output y"), (norm.After, norm.Before));
        Assert.Equal([8], norm.Shape.ToArray());
        Assert.Empty(norm.Findings);
    }

    /// <summary>Gemma's graph adds one to the weight; one that does not, with a weight stored minus one, is wrong.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Inspect_WeightMinusOne_IsAFindingWhereTheGraphAddsNone(bool adds)
    {
        OnnxBuilder builder = new OnnxBuilder(13).Initializer("w", Draw.About(0, 0.3, 64)).Scalar("one", 1).Scalar("two", 2).Scalar("eps", 1e-6f).Input("x", 2, 64).Output("y", 2, 64)
            .Node("Pow", ["x", "two"], ["q"]).Node("ReduceMean", ["q"], ["v"], "", "", ("axes", new long[] { -1 })).Node("Add", ["v", "eps"], ["e"]).Node("Sqrt", ["e"], ["r"]).Node("Div", ["x", "r"], ["n"]);
        if (adds)
            builder.Node("Add", ["w", "one"], ["w1"]);
        ModelNorm norm = Assert.Single(Inspect(builder.Node("Mul", ["n", adds ? "w1" : "w"], ["y"])).Norms);
        Assert.Equal((adds, true), (norm.AddsOne, norm.LooksMinusOne));
        Assert.Equal(adds ? [] : [NormFindingKind.StoredMinusOne], norm.Findings.Select(finding => finding.Kind));
    }

    [Fact]
    public void Inspect_GroupNormOfPyTorch_IsOneNorm()
    {
        ModelNorm norm = Assert.Single(Inspect(new OnnxBuilder(17).Initializer("ones", [1, 1]).Initializer("zeros", [0, 0]).Initializer("w", Draw.About(1, 0.1, 8), 8, 1, 1).Initializer("b", Draw.About(0, 0.1, 8), 8, 1, 1)
            .Integers("in", 0, 2, -1).Integers("out", 1, 8, 3, 3).Input("x", 1, 8, 3, 3).Output("y", 1, 8, 3, 3)
            .Node("Reshape", ["x", "in"], ["r"]).Node("InstanceNormalization", ["r", "ones", "zeros"], ["i"], "/gn/InstanceNormalization", "", ("epsilon", 1e-6f)).Node("Reshape", ["i", "out"], ["s"])
            .Node("Mul", ["s", "w"], ["m"]).Node("Add", ["m", "b"], ["y"])).Norms);
        Assert.Equal(("gn", NormKind.GroupNorm, 2, 1e-6), (norm.Name, norm.Kind, norm.Groups, norm.Eps));
        Assert.Equal([8, 1, 1], norm.Shape.ToArray());
    }

    [Fact]
    public void Inspect_NormInASubgraph_SaysWhere()
    {
        OnnxBuilder inner = new OnnxBuilder().Node("LayerNormalization", ["x", "w"], ["t"], "ln").Output("t", 2, 8);
        ModelNorm norm = Assert.Single(Inspect(new OnnxBuilder().Initializer("w", Draw.About(1, 0.1, 8)).TypedInput("c", 9).Input("x", 2, 8).Output("y", 2, 8).Node("If", ["c"], ["y"], "choice", "", ("then_branch", inner))).Norms);
        Assert.Equal("then_branch of choice: node ln (LayerNormalization)", norm.Where);
        Assert.Equal([8], norm.Shape.ToArray());
    }

    [Fact]
    public void Inspect_ConstantNodes_AreWeightsToo()
    {
        Action<NormKit.Onnx.Tests.ProtobufWriter> tensor = writer =>
        {
            OnnxBuilder.Head(writer, "", OnnxBuilder.Float, [2]);
            writer.Bytes(9, [.. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(float.NaN)]);
        };
        ModelNorm norm = Assert.Single(Inspect(new OnnxBuilder().Node("Constant", [], ["w"], "", "", ("value", tensor)).Input("x", 2, 2).Output("y", 2, 2).Node("LayerNormalization", ["x", "w"], ["y"], "ln")).Norms);
        Assert.Equal(NormFindingKind.NotFinite, Assert.Single(norm.Findings).Kind);
    }
}
