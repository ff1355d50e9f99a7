using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using NormKit.IO;
using NormKit.IO.Tests;
using NormKit.IO.Tests.Models;

namespace NormKit.Onnx.Tests.Fold;

/// <summary>Models before and after a fold, run by ONNX Runtime: the outputs differ by rounding.</summary>
public sealed class FoldTests : OnnxRuntimeTests
{
    private const string Python = "/usr/bin/python3";

    private static readonly Draw Draw = new(11);

    private static OnnxBuilder WithNorm(OnnxBuilder builder, int channels, string from, string to, string name = "bn") => builder
        .Initializer(name + ".w", Draw.About(1, 0.3, channels)).Initializer(name + ".b", Draw.About(0, 0.5, channels))
        .Initializer(name + ".m", Draw.About(0, 1, channels)).Initializer(name + ".v", Draw.Variances(channels))
        .Node("BatchNormalization", [from, name + ".w", name + ".b", name + ".m", name + ".v"], [to], name, "", ("epsilon", 1e-3f));

    public static TheoryData<string, int, bool> Cases()
    {
        TheoryData<string, int, bool> cases = [];
        foreach (string layer in (string[])["conv", "conv1d", "conv3d", "grouped", "depthwise", "transposed", "grouped transposed", "gemm", "gemm transB", "gemm alpha beta", "matmul", "matmul add"])
        {
            foreach (int opset in (int[])[7, 9, 14, 17])
                cases.Add(layer, opset, opset % 2 == 1);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Fold_IntoTheLayerBefore_GivesTheSameOutput(string layer, int opset, bool hasBias)
    {
        OnnxBuilder builder = new(opset, opset < 9 ? 3 : 7);
        (long[] x, int channels) = Layer(builder, layer, "x", "c", hasBias);
        WithNorm(builder, channels, "c", "n").Input("x", x).Output("y").Node("Relu", ["n"], ["y"], "relu");
        if (opset < 9)
            AddInputs(builder, layer, hasBias, channels);
        FoldResult result = AssertSame(builder, x);
        Assert.Equal(1, result.FoldedCount);
        Assert.InRange(result.LargestDifference!.Value, 0, 1e-5);
    }

    [Theory]
    [InlineData("conv")]
    [InlineData("grouped")]
    [InlineData("gemm")]
    [InlineData("gemm transB")]
    [InlineData("gemm alpha beta")]
    [InlineData("matmul")]
    public void Fold_IntoTheLayerBehind_GivesTheSameOutput(string layer)
    {
        OnnxBuilder builder = new(17);
        (long[] x, _) = Layer(builder, layer, "n", "y", hasBias: true);
        FoldResult result = AssertSame(WithNorm(builder.Node("Identity", ["x"], ["i"]), (int)x[1], "i", "n").Input("x", x).ValueInfo("n", x).Output("y"), x);
        FoldedNorm norm = Assert.Single(result.Norms);
        Assert.EndsWith("behind it", norm.Text, StringComparison.Ordinal);
        Assert.InRange(result.LargestDifference!.Value, 0, 1e-5);
    }

    /// <summary>Norm, convolution, norm, convolution, norm: each finds its layer, and what one fold wrote the next one reads.</summary>
    [Fact]
    public void Fold_AChain_LeavesOneConvolutionForEachPair()
    {
        OnnxBuilder builder = new OnnxBuilder(17).Initializer("w1", Draw.About(0, 0.3, 6 * 4 * 9), 6, 4, 3, 3).Initializer("w2", Draw.About(0, 0.3, 5 * 6), 5, 6, 1, 1).Input("x", 1, 4, 8, 8).Output("y");
        WithNorm(builder.Node("Relu", ["x"], ["r"]), 4, "r", "n0", "bn0").Node("Conv", ["n0", "w1"], ["c1"], "conv1");
        WithNorm(builder, 6, "c1", "n1", "bn1").Node("Conv", ["n1", "w2"], ["c2"], "conv2");
        WithNorm(builder, 5, "c2", "n2", "bn2").Node("Relu", ["n2"], ["y"]);
        Assert.Equal(3, AssertSame(builder, [1, 4, 8, 8]).FoldedCount);
    }

    /// <summary>Two convolutions share a weight: each gets its own.</summary>
    [Fact]
    public void Fold_SharedWeight_IsCopied()
    {
        OnnxBuilder builder = new OnnxBuilder(17).Initializer("w", Draw.About(0, 0.3, 4 * 4 * 9), 4, 4, 3, 3).Initializer("b", Draw.About(0, 0.3, 4)).Input("x", 1, 4, 8, 8).Output("y")
            .Node("Conv", ["x", "w", "b"], ["c1"], "conv1", "", ("pads", new long[] { 1, 1, 1, 1 }));
        WithNorm(builder, 4, "c1", "n1").Node("Conv", ["n1", "w", "b"], ["y"], "conv2");
        Assert.Equal(1, AssertSame(builder, [1, 4, 8, 8]).FoldedCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fold_ExternalData_StaysExternal(bool isElsewhere)
    {
        using TemporaryDirectory directory = new();
        byte[] data = new byte[4096 + (4 * 4 * 3 * 9)];
        Buffer.BlockCopy(Draw.About(0, 0.3, 4 * 3 * 9), 0, data, 4096, 4 * 4 * 3 * 9);
        directory.Write("m.onnx.data", data);
        OnnxBuilder builder = new OnnxBuilder(17).External("w", "m.onnx.data", 4096, 4 * 4 * 3 * 9, OnnxBuilder.Float, 4, 3, 3, 3).External("other", "m.onnx.data", 0, 12, OnnxBuilder.Float, 3, 1, 1)
            .Input("x", 1, 3, 8, 8).Output("y").Node("Add", ["x", "other"], ["a"]).Node("Conv", ["a", "w"], ["c"], "conv");
        string path = WithNorm(builder, 4, "c", "n").Node("Relu", ["n"], ["y"]).Write(directory["m.onnx"]);
        string output = isElsewhere ? Path.Combine(Directory.CreateDirectory(directory["out"]).FullName, "m.onnx") : directory["folded.onnx"];
        Assert.Equal(1, ModelFolding.FoldOnnx(path, output).FoldedCount);
        Compare(Run(path, [1, 3, 8, 8]), Run(output, [1, 3, 8, 8]));
        Assert.Equal(data, File.ReadAllBytes(directory["m.onnx.data"]));
        Assert.Equal(isElsewhere ? ["m.onnx", "m.onnx.data", "m.onnx.folded.data"] : ["folded.onnx", "folded.onnx.data", "m.onnx", "m.onnx.data"],
            Directory.GetFiles(Path.GetDirectoryName(output)!).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
    }

    /// <summary>A branch of an If has a pair of its own, and reads one of the main graph's constants.</summary>
    [Fact]
    public void Fold_InASubgraph_KeepsTheGraphsAroundIt()
    {
        OnnxBuilder then = new OnnxBuilder().Initializer("tw", Draw.About(0, 0.3, 4 * 3), 4, 3, 1, 1).Node("Conv", ["x", "tw"], ["tc"], "tconv");
        WithNorm(then, 4, "tc", "tn", "tbn").Node("Add", ["tn", "bn.b1"], ["ty"]).Output("ty");
        OnnxBuilder otherwise = new OnnxBuilder().Node("Conv", ["x", "w"], ["ec"], "econv").Output("ec");
        OnnxBuilder builder = new OnnxBuilder(17).Initializer("w", Draw.About(0, 0.3, 4 * 3), 4, 3, 1, 1).Initializer("bn.b1", Draw.About(0, 0.3, 4), 4, 1, 1).Raw("yes", 9, [1], []).Input("x", 1, 3, 5, 5).Output("y")
            .Node("Conv", ["x", "w"], ["c"], "conv");
        WithNorm(builder, 4, "c", "n").Node("If", ["yes"], ["i"], "choice", "", ("then_branch", then), ("else_branch", otherwise)).Node("Add", ["n", "i"], ["y"]);
        Assert.Equal(2, AssertSame(builder, [1, 3, 5, 5]).FoldedCount);
    }

    /// <summary>Models of onnx.helper, folded, run, and checked by onnx.checker.</summary>
    [Fact]
    public void Fold_ModelsOfPythonsOnnx_PassItsChecker()
    {
        using TemporaryDirectory directory = new();
        if (RunPython(directory, MakeModels) is string why)
            Assert.Skip(why);
        string[] models = Directory.GetFiles(directory.Root, "m*.onnx");
        Assert.Equal(6, models.Length);
        foreach (string path in models)
        {
            string output = directory["folded-" + Path.GetFileName(path)];
            FoldResult result = ModelFolding.FoldOnnx(path, output, check: true);
            Assert.All(result.Norms, norm => Assert.NotNull(norm.Into));
            Assert.NotEmpty(result.Norms);
            long[] shape = path.Contains("gemm", StringComparison.Ordinal) ? [3, 6] : [2, 6, 9, 9];
            Compare(Run(path, shape), Run(output, shape));
        }
        Assert.Null(RunPython(directory, CheckModels));
    }

    private const string MakeModels = """
        import numpy as np, onnx
        from onnx import helper as h, numpy_helper as nh, TensorProto as T
        rng = np.random.RandomState(3)
        def norm(name, c):
            return [nh.from_array(a.astype(np.float32), name + p) for p, a in (('.w', rng.uniform(.5, 2, c)), ('.b', rng.randn(c)), ('.m', rng.randn(c)), ('.v', rng.uniform(.1, 3, c)))]
        def bn(name, x, y): return h.make_node('BatchNormalization', [x] + [name + p for p in ('.w', '.b', '.m', '.v')], [y], name=name, epsilon=1e-5)
        def save(name, nodes, inits, shape, out, opset=14, ir=8, **kw):
            g = h.make_graph(nodes, name, [h.make_tensor_value_info('x', T.FLOAT, shape)], [h.make_tensor_value_info('y', T.FLOAT, out)], inits, doc_string='kept')
            m = h.make_model(g, opset_imports=[h.make_opsetid('', opset)], producer_name='onnx.helper'); m.ir_version = ir
            onnx.checker.check_model(m)
            onnx.save(m, name + '.onnx', **kw)
        w = lambda *s: rng.randn(*s).astype(np.float32)
        save('m1', [h.make_node('Conv', ['x', 'w', 'b'], ['c'], name='conv', group=2, strides=[2, 2], pads=[1, 1, 1, 1]), bn('bn', 'c', 'n'), h.make_node('Relu', ['n'], ['y'])],
             [nh.from_array(w(8, 3, 3, 3), 'w'), nh.from_array(w(8), 'b')] + norm('bn', 8), [2, 6, 9, 9], [2, 8, 5, 5])
        save('m2', [h.make_node('ConvTranspose', ['x', 'w'], ['c'], name='up', group=3, strides=[2, 2]), bn('bn', 'c', 'y')],
             [nh.from_array(w(6, 2, 3, 3), 'w')] + norm('bn', 6), [2, 6, 9, 9], [2, 6, 19, 19], opset=11, ir=6)
        save('m3gemm', [h.make_node('Gemm', ['x', 'w', 'b'], ['c'], name='fc', transB=1, alpha=.5, beta=2.), bn('bn', 'c', 'y')],
             [nh.from_array(w(5, 6), 'w'), nh.from_array(w(5), 'b')] + norm('bn', 5), [3, 6], [3, 5])
        save('m4', [bn('bn', 'x', 'n'), h.make_node('Conv', ['n', 'w'], ['y'], name='conv')], [nh.from_array(w(4, 6, 3, 3), 'w')] + norm('bn', 6), [2, 6, 9, 9], [2, 4, 7, 7], opset=15)
        t = h.make_tensor('w', T.FLOAT, [4, 6, 1, 1], w(24).tolist())
        save('m5', [h.make_node('Conv', ['x', 'w'], ['c'], name='conv'), bn('bn', 'c', 'y')], [t] + norm('bn', 4), [2, 6, 9, 9], [2, 4, 9, 9], opset=9, ir=4)
        save('m6', [h.make_node('Conv', ['x', 'w'], ['c'], name='conv'), bn('bn', 'c', 'y')], [nh.from_array(w(40, 6, 3, 3), 'w')] + norm('bn', 40), [2, 6, 9, 9], [2, 40, 7, 7],
             save_as_external_data=True, location='m6.bin', size_threshold=64)
        """;

    private const string CheckModels = """
        import glob, onnx
        files = sorted(glob.glob('folded-*.onnx'))
        assert len(files) == 6, files
        for f in files:
            onnx.checker.check_model(f)
            m, o = onnx.load(f), onnx.load(f[7:])
            assert not [n for n in m.graph.node if n.op_type == 'BatchNormalization'], f
            assert m.graph.doc_string == 'kept' and m.producer_name == 'onnx.helper' and m.ir_version == o.ir_version
            assert len(m.graph.initializer) == 2, (f, [i.name for i in m.graph.initializer])
            assert list(m.graph.output) == list(o.graph.output) and list(m.graph.input) == list(o.graph.input)
        """;

    private static string? RunPython(TemporaryDirectory directory, string script)
    {
        if (!File.Exists(Python))
            return $"{Python} is missing.";
        File.WriteAllText(directory["script.py"], script);
        using Process process = Process.Start(new ProcessStartInfo(Python, "script.py") { WorkingDirectory = directory.Root, RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0 && !error.Contains("No module named 'onnx'", StringComparison.Ordinal) && !error.Contains("No module named 'numpy'", StringComparison.Ordinal))
            Assert.Fail(error);
        return process.ExitCode == 0 ? null : "Python has no onnx or numpy.";
    }

    private static FoldResult AssertSame(OnnxBuilder builder, long[] x)
    {
        using TemporaryDirectory directory = new();
        string path = builder.Write(directory["m.onnx"]);
        FoldResult result = ModelFolding.FoldOnnx(path, directory["folded.onnx"], check: true);
        Assert.All(result.Norms, norm => Assert.True(norm.Into is not null, norm.Text));
        Compare(Run(path, x), Run(directory["folded.onnx"], x));
        Assert.True(File.ReadAllBytes(directory["folded.onnx"]).AsSpan().IndexOf("BatchNormalization"u8) < 0);
        return result;
    }

    private static void Compare(float[] before, float[] after)
    {
        Assert.Equal(before.Length, after.Length);
        double largest = before.Max(Math.Abs);
        for (int i = 0; i < before.Length; i++)
            Assert.Equal(before[i], after[i], 5e-6 * largest);
    }

    private static float[] Run(string path, long[] shape)
    {
        using SessionOptions options = new() { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL, IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using InferenceSession session = new(path, options);
        float[] values = new Draw(21).About(0.2, 1, (int)shape.Aggregate(1L, (product, length) => product * length));
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(values, shape);
        using RunOptions run = new();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, ["x"], [input], ["y"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    /// <summary>A layer from one value to another, and the shape of its input and the number of its outputs.</summary>
    private static (long[] Input, int Outputs) Layer(OnnxBuilder builder, string layer, string from, string to, bool hasBias)
    {
        (long[] input, long[] weight, int outputs, (string, object)[] attributes) = layer switch
        {
            "conv" => ((long[])[2, 6, 9, 9], (long[])[10, 6, 3, 3], 10, ((string, object)[])[]),
            "conv1d" => ([2, 6, 9], [10, 6, 3], 10, [("strides", new long[] { 2 })]),
            "conv3d" => ([1, 2, 5, 5, 5], [3, 2, 3, 3, 3], 3, [("pads", new long[] { 1, 1, 1, 1, 1, 1 })]),
            "grouped" => ([2, 6, 9, 9], [8, 3, 3, 3], 8, [("group", 2L)]),
            "depthwise" => ([2, 6, 9, 9], [6, 1, 3, 3], 6, [("group", 6L), ("dilations", new long[] { 2, 2 })]),
            "transposed" => ([2, 6, 5, 5], [6, 4, 3, 3], 4, [("strides", new long[] { 2, 2 })]),
            "grouped transposed" => ([2, 6, 5, 5], [6, 2, 3, 3], 6, [("group", 3L), ("pads", new long[] { 1, 1, 1, 1 })]),
            "gemm" => ([3, 6], [6, 5], 5, []),
            "gemm transB" => ([3, 6], [5, 6], 5, [("transB", 1L)]),
            "gemm alpha beta" => ([3, 6], [6, 5], 5, [("alpha", 0.5f), ("beta", 3f)]),
            _ => ([3, 6], [6, 5], 5, []),
        };
        builder.Initializer("w", Draw.About(0, 0.3, (int)weight.Aggregate(1L, (product, length) => product * length)), weight);
        bool isGemm = layer.StartsWith("gemm", StringComparison.Ordinal), takesBias = hasBias || isGemm;
        if (takesBias && layer != "matmul" || layer == "matmul add")
            builder.Initializer("b", Draw.About(0, 1, outputs));
        string op = isGemm ? "Gemm" : layer.Contains("transposed", StringComparison.Ordinal) ? "ConvTranspose" : layer.StartsWith("matmul", StringComparison.Ordinal) ? "MatMul" : "Conv";
        if (layer == "matmul add")
            builder.Node("MatMul", [from, "w"], ["product"], "matmul").Node("Add", ["product", "b"], [to], "add");
        else
            builder.Node(op, takesBias && op != "MatMul" ? [from, "w", "b"] : [from, "w"], [to], "layer", "", attributes);
        return (input, outputs);
    }

    /// <summary>Before version 4 of the format each initializer is an input of the graph too.</summary>
    private static void AddInputs(OnnxBuilder builder, string layer, bool hasBias, int channels)
    {
        (long[] _, long[] weight) = layer switch
        {
            "conv" => ((long[])[], (long[])[10, 6, 3, 3]),
            "conv1d" => ([], [10, 6, 3]),
            "conv3d" => ([], [3, 2, 3, 3, 3]),
            "grouped" => ([], [8, 3, 3, 3]),
            "depthwise" => ([], [6, 1, 3, 3]),
            "transposed" => ([], [6, 4, 3, 3]),
            "grouped transposed" => ([], [6, 2, 3, 3]),
            "gemm transB" => ([], [5, 6]),
            _ => ([], [6, 5]),
        };
        builder.Input("w", weight);
        if (layer.StartsWith("gemm", StringComparison.Ordinal) || layer == "matmul add" || hasBias && layer != "matmul")
            builder.Input("b", channels);
        foreach (string part in (string[])["bn.w", "bn.b", "bn.m", "bn.v"])
            builder.Input(part, channels);
    }
}
