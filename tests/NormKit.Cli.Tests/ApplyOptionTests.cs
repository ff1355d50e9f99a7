using NormKit.IO;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Cli.Tests;

/// <summary>Masks, residuals, state files, single parameters and the like.</summary>
public sealed class ApplyOptionTests
{
    private static readonly nint[] Shape = [4, 6, 5, 3];
    private static readonly int Count = 360;

    /// <summary>The mask's shape; each layer that takes masks, with who shares statistics.</summary>
    public static TheoryData<string, string, bool> Masks() => new(
        from layer in (string[])["batch-norm", "instance-norm", "group-norm --groups 2", "ghost-batch-norm", "layer-norm", "rms-norm --eps 1e-5"]
        from mask in (string[])["4,6,5,3", "4,1,5,3", layer is "layer-norm" or "rms-norm --eps 1e-5" ? "4,1,1,1" : "4,5,3"]
        from channelsLast in (bool[])[false, true]
        select (layer, mask, channelsLast));

    [Theory, MemberData(nameof(Masks))]
    public void ApplyAndGrad_Mask_LeavesElementsOut(string line, string maskShape, bool channelsLast)
    {
        using Workplace work = new();
        string layer = line.Split(' ')[0];
        Reference order = new("batch-norm", Shape);
        double[] x = Near.Random(Count, 500, offset: 2), dy = Near.Random(Count, 501);
        nint[] lengths = [.. maskShape.Split(',').Select(nint.Parse)];
        bool[] small = [.. Near.Random((int)lengths.Aggregate((nint)1, (a, b) => a * b), 502).Select(value => value > -0.4)];

        // Every element's place in the mask: of length 1, or without the channel.
        bool[] mask = [.. Enumerable.Range(0, Count).Select(i =>
        {
            int[] at = Over.Coordinates(Shape, i);
            int[] within = lengths.Length == 3 ? [at[0], at[2], at[3]] : at;
            return small[within.Select((index, d) => (index: lengths[d] == 1 ? 0 : index, d)).Aggregate(0, (offset, pair) => (offset * (int)lengths[pair.d]) + pair.index)];
        })];

        nint[] fileShape = channelsLast ? [4, 5, 3, 6] : Shape;
        work.Array("x.npy", channelsLast ? order.ToChannelsLast(x) : x, fileShape, ElementType.Float64);
        work.Array("dy.npy", channelsLast ? order.ToChannelsLast(dy) : dy, fileShape, ElementType.Float64);
        bool moved = channelsLast && lengths.Length == 4;
        bool[] stored = moved && lengths[1] == 6 ? order.ToChannelsLast(mask) : small;
        Booleans(work["m.npy"], stored, moved ? [lengths[0], lengths[2], lengths[3], lengths[1]] : lengths);

        string[] options = [.. line.Split(' ')[1..], "--mask", work["m.npy"], .. channelsLast ? (string[])["--channels-last"] : []];
        Workplace.Succeed(["apply", layer, work["x.npy"], "-o", work["y.npy"], .. options]);
        Workplace.Succeed(["grad", layer, work["x.npy"], work["dy.npy"], "-o", work["g.npz"], .. options]);

        int[] sets = layer switch
        {
            "batch-norm" => Over.Sets(Shape, 1),
            "instance-norm" => Over.Sets(Shape, 0, 1),
            "group-norm" => Over.Groups(Shape, 2),
            "ghost-batch-norm" => CentredFormulas.GhostSets(Shape, 2),
            _ => Over.Sets(Shape, 0),
        };
        Gradients expected = Gradients.By(a => layer == "rms-norm" ? MaskedRms(a[0], sets, mask) : CentredFormulas.Normalize(a[0], sets, 1e-5, mask), dy, x);
        double[] y = Workplace.Read(work["y.npy"]), dx = Workplace.Read(work["g.npz:grad_input"]);
        Near.Equal(expected.Y, channelsLast ? order.FromChannelsLast(y) : y, Near.Double);
        Near.Equal(expected.Of[0], channelsLast ? order.FromChannelsLast(dx) : dx, 1e-11);
    }

    [Fact]
    public void Apply_MaskOfIntegers_CountsWhatIsNotZero()
    {
        using Workplace work = new();
        double[] x = Near.Random(12, 503);
        work.Array("x.npy", x, [4, 3], ElementType.Float64);
        WriteNpy(work["m.npy"], "'<i8'", "(4, 3)", [.. Enumerable.Range(0, 12).SelectMany(i => BitConverter.GetBytes(i % 5 == 0 ? 0L : (long)i << 40))]);
        Workplace.Succeed("apply", "batch-norm", work["x.npy"], "-o", work["y.npy"], "--mask", work["m.npy"]);
        bool[] mask = [.. Enumerable.Range(0, 12).Select(i => i % 5 != 0)];
        Near.Equal(Gradients.Value(a => CentredFormulas.Normalize(a[0], Over.Sets([4, 3], 1), 1e-5, mask), x), Workplace.Read(work["y.npy"]), Near.Double);
    }

    [Theory]
    [InlineData("layer-norm", "float64", false)]
    [InlineData("layer-norm", "float32", true)]
    [InlineData("rms-norm", "float32", false)]
    [InlineData("rms-norm", "bfloat16", false)]
    [InlineData("layer-norm", "float16", true)]
    public void Apply_Residual_GivesTheSumToo(string layer, string type, bool channelsLast)
    {
        using Workplace work = new();
        Reference order = new(layer, Shape);
        ElementType written = type switch { "float64" => ElementType.Float64, "bfloat16" => ElementType.BFloat16, "float16" => ElementType.Float16, _ => ElementType.Float32 };
        nint[] fileShape = channelsLast ? [4, 5, 3, 6] : Shape;
        double[] x = Rounded(Near.Random(Count, 510), written), residual = Rounded(Near.Random(Count, 511, offset: 1), written);
        work.Array("x.npy", channelsLast ? order.ToChannelsLast(x) : x, fileShape, ElementType.Float64);
        work.Array("r.npy", channelsLast ? order.ToChannelsLast(residual) : residual, fileShape, ElementType.Float64);
        Workplace.Succeed(
            ["apply", layer, work["x.npy"], "-o", work["y.safetensors"], "--residual", work["r.npy"], "--save-sum", work["s.safetensors"], "--dtype", type, "--eps", "0.01",
            .. channelsLast ? (string[])["--channels-last"] : []]);

        // The sum is rounded once, and normalized from there.
        double[] sum = Rounded([.. x.Zip(residual, (a, b) => a + b)], written);
        StoredTensor stored = TensorFile.Read(work["s.safetensors:tensor"]);
        Assert.Equal(written, stored.ElementType);
        Assert.Equal(fileShape, stored.Shape.ToArray());
        double[] found = stored.ToArray<double>(), y = Workplace.Read(work["y.safetensors"]);
        Assert.Equal(sum, channelsLast ? order.FromChannelsLast(found) : found);
        int[] sets = Over.Sets(Shape, 0);
        double[] expected = Gradients.Value(a => layer == "rms-norm" ? UncentredFormulas.Rms(a[0], sets, 0.01) : CentredFormulas.Normalize(a[0], sets, 0.01), sum);
        double tolerance = written switch { ElementType.Float64 => Near.Double, ElementType.Float32 => Near.Float, ElementType.Float16 => 1.0 / 1024, _ => 1.0 / 128 };
        Near.Equal(expected, channelsLast ? order.FromChannelsLast(y) : y, tolerance);
    }

    /// <summary>What is added where nobody says: the epsilon of the type computed in.</summary>
    [Theory]
    [InlineData("float32", -23)]
    [InlineData("bfloat16", -23)]
    [InlineData("float64", -52)]
    public void Apply_RmsNormWithoutEps_AddsTheTypesEpsilon(string type, int exponent)
    {
        using Workplace work = new();
        double[] x = [.. Enumerable.Range(1, 8).Select(i => i * Math.Pow(2, -13))];
        work.Array("x.npy", x, [2, 4]);
        Workplace.Succeed("apply", "rms-norm", work["x.npy"], "-o", work["y.safetensors"], "--dtype", type);
        double[] expected = Gradients.Value(a => UncentredFormulas.Rms(a[0], Over.Sets([2, 4], 0), Math.Pow(2, exponent)), x);
        Near.Equal(expected, Workplace.Read(work["y.safetensors"]), type == "bfloat16" ? 1.0 / 256 : Near.Float);
    }

    [Theory]
    [InlineData("")]
    [InlineData("layer1.0.bn1")]
    [InlineData("layer1.0.bn1.")]
    public void ApplyAndGrad_State_IsAsGivenOneByOne(string prefix)
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(Count, 520), Shape);
        string dot = prefix.Length == 0 || prefix.EndsWith('.') ? prefix : prefix + ".";
        string[] names = ["weight", "bias", "running_mean", "running_var"];
        double[][] values = [.. names.Select((name, i) => Near.Random(6, 521 + i, offset: name == "running_var" ? 2 : 0))];
        SafetensorsFile.Write(work["m.safetensors"],
        [
            .. names.Select((name, i) => KeyValuePair.Create(dot + name, StoredTensor.From<double>(values[i], [6], ElementType.Float32))),
            KeyValuePair.Create(dot + "num_batches_tracked", StoredTensor.From<double>([7], [])),
            KeyValuePair.Create("other.weight", StoredTensor.From<double>([7], [1])),
        ]);
        string[] single = [.. names.SelectMany((name, i) => (string[])[$"--{name.Replace('_', '-')}", work.Array($"{name}.npy", values[i], [6])])];
        string[] state = ["--state", work["m.safetensors"] + (prefix.Length == 0 ? "" : ":" + prefix)];
        foreach ((string name, string[] options) in ((string, string[])[])[("one", single), ("all", state)])
        {
            Workplace.Succeed(["apply", "batch-norm", work["x.npy"], "-o", work[$"y-{name}.npy"], "--eval", .. options]);
            Workplace.Succeed(["grad", "batch-norm", work["x.npy"], work["x.npy"], "-o", work[$"g-{name}.npz"], "--eval", .. options]);
        }
        Assert.Equal(File.ReadAllBytes(work["y-one.npy"]), File.ReadAllBytes(work["y-all.npy"]));
        IReadOnlyDictionary<string, StoredTensor> one = NpzFile.ReadAll(work["g-one.npz"]), all = NpzFile.ReadAll(work["g-all.npz"]);
        Assert.Equal(one.Keys.Order(StringComparer.Ordinal), all.Keys.Order(StringComparer.Ordinal));
        Assert.All(one, pair => Assert.Equal(pair.Value.ToArray<double>(), all[pair.Key].ToArray<double>()));
    }

    /// <summary>A part that is the whole batch, and channels taken from the input, change nothing.</summary>
    [Theory]
    [InlineData("ghost-batch-norm --num-splits 1")]
    [InlineData("lazy-batch-norm")]
    [InlineData("lazy-batch-norm-2d")]
    public void Apply_RelativesOfBatchNorm_SaveItsRunningStatistics(string line)
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(Count, 525), Shape);
        string[] running =
        [
            "--running-mean", work.Array("m.npy", Near.Random(6, 526), [6]), "--running-var", work.Array("v.npy", Near.Random(6, 527, offset: 2), [6]), "--momentum", "0.3",
        ];
        foreach (string[] layer in (string[][])[["batch-norm"], line.Split(' ')])
        {
            Workplace.Succeed(
                ["apply", layer[0], work["x.npy"], "-o", work[$"{layer[0]}-y.npy"], .. layer[1..], .. running, "--save-running-mean", work[$"{layer[0]}-m.npy"],
                "--save-running-var", work[$"{layer[0]}-v.npy"]]);
        }
        Assert.All((string[])["y", "m", "v"], name =>
            Assert.Equal(File.ReadAllBytes(work[$"batch-norm-{name}.npy"]), File.ReadAllBytes(work[$"{line.Split(' ')[0]}-{name}.npy"])));
        Assert.NotEqual(Workplace.Read(work["m.npy"]), Workplace.Read(work["batch-norm-m.npy"]));
    }

    [Fact]
    public void Apply_Param_IsTheOptionOfItsName()
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(Count, 530), Shape);
        work.Array("w.npy", Near.Random(6, 531), [6]);
        work.Array("b.npy", Near.Random(6, 532), [6]);
        Workplace.Succeed("apply", "batch-norm", work["x.npy"], "-o", work["one.npy"], "--weight", work["w.npy"], "--bias", work["b.npy"]);
        Workplace.Succeed("apply", "batch-norm", work["x.npy"], "-o", work["two.npy"], "--param", $"bias={work["b.npy"]}", "--param", $"weight={work["w.npy"]}");
        Assert.Equal(File.ReadAllBytes(work["one.npy"]), File.ReadAllBytes(work["two.npy"]));
    }

    /// <summary>The library names its arguments, numHeads say, that no command line has.</summary>
    [Theory]
    [InlineData("query-key-norm", "query-key-norm does not take shape [0, 6, 5]: it needs at least one head and one feature, (*, H, L, D).")]
    [InlineData("weight-standardization", "weight-standardization does not take shape [0, 6, 5]: it needs at least one output channel.")]
    public void Apply_NothingToNormalize_IsRefusedByShape(string layer, string what)
    {
        using Workplace work = new();
        work.Array("x.npy", [], [0, 6, 5]);
        Assert.Contains(what, Workplace.Run("apply", layer, work["x.npy"], "-o", work["y.npy"]).Refusal(), StringComparison.Ordinal);
        Assert.False(File.Exists(work["y.npy"]));
    }

    /// <summary>x is [4, 6, 5], w6 [6], w5 [5], m4 a mask [4, 6, 5], m5 one of [5]; state holds bn.weight and bn.bias.</summary>
    [Theory]
    [InlineData("rms-norm x.npy --bias w6.npy", "--bias does not fit rms-norm, which has no bias; leave it out.")]
    [InlineData("scale-norm x.npy --groups 2", "--groups does not fit scale-norm; leave it out, or use group-norm or evo-norm-s0 or layer-norm.")]
    [InlineData("rms-norm x.npy --eval", "--eval does not fit rms-norm, which has no running statistics and is the same in training and evaluation; leave it out.")]
    [InlineData("rms-norm x.npy --normalized-shape 6,5 --axes 1,2", "give one of them")]
    [InlineData("rms-norm x.npy --axes 3", "INPUT x.npy: --axes 3 names a dimension that shape [4, 6, 5] has not; they go from -3 to 2.")]
    [InlineData("rms-norm x.npy --weight w6.npy", "--weight w6.npy: shape [6], but rms-norm of x.npy, shape [4, 6, 5], needs [6, 5], or what broadcasts to it.")]
    [InlineData("rms-norm x.npy --style x.npy", "--style does not fit rms-norm; leave it out, or use adaptive-instance-norm.")]
    [InlineData("adaptive-instance-norm x.npy", "adaptive-instance-norm needs --style FILE besides its input.")]
    [InlineData("adaptive-instance-norm x.npy --style w5.npy", "--style w5.npy: shape [5], but adaptive-instance-norm of x.npy, shape [4, 6, 5], needs [4, 6, 5], or other positions.")]
    [InlineData("batch-norm x.npy --residual x.npy", "--residual does not fit batch-norm; leave it out, or use layer-norm or rms-norm.")]
    [InlineData("layer-norm x.npy --save-sum s.npy", "--save-sum needs --residual FILE")]
    [InlineData("layer-norm x.npy --residual w5.npy", "--residual w5.npy: shape [5], but layer-norm of x.npy, shape [4, 6, 5], needs [4, 6, 5].")]
    [InlineData("layer-norm x.npy --residual x.npy --mask m4.npy", "--residual and --mask do not go together")]
    [InlineData("batch-norm x.npy --mask w6.npy", "--mask w6.npy: holds float32; a mask is of booleans or integers, 0 for what takes no part.")]
    [InlineData("batch-norm x.npy --mask m5.npy", "--mask m5.npy: shape [5] does not fit x.npy, shape [4, 6, 5]; give a mask of that shape (lengths may be 1), or of [4, 5].")]
    [InlineData("batch-norm x.npy --mask m5.npy --channels-last", "--mask m5.npy: shape [5] does not fit x.npy, shape [4, 6, 5]; give a mask of that shape (lengths may be 1), or of [4, 6].")]
    [InlineData("rms-norm x.npy --axes 1 --mask m5.npy", "shape [5] does not fit x.npy, shape [4, 6, 5]; give a mask of that shape (lengths may be 1), or of [4, 5].")]
    [InlineData("adaptive-instance-norm x.npy --channels-last --style w5.npy", "--style w5.npy: shape [5], but adaptive-instance-norm of x.npy, shape [4, 6, 5], needs [4, 6, 5], or other positions.")]
    [InlineData("layer-norm x.npy --channels-last --axes 3", "INPUT x.npy: --axes 3 names a dimension that shape [4, 6, 5] (as (N, C, *): [4, 5, 6]) has not; they go from -3 to 2.")]
    [InlineData("layer-norm x.npy --v2-as float16", "--v2-as 'float16' is not bfloat16")]
    [InlineData("batch-norm x.npy --mask missing.npy", "missing.npy: cannot be read")]
    [InlineData("batch-norm x.npy --activation tanh", "--activation 'tanh' is not one of none, relu, leaky-relu, silu, gelu, gelu-tanh")]
    [InlineData("scale-norm x.npy --activation relu", "--activation does not fit scale-norm; leave it out, or use batch-norm")]
    [InlineData("batch-norm x.npy --param weight", "--param 'weight' is not NAME=FILE")]
    [InlineData("batch-norm x.npy --param wieght=w6.npy", "--param wieght: unknown parameter of batch-norm, did you mean 'weight'? It has weight, bias, running_mean, running_var.")]
    [InlineData("batch-norm x.npy --param weight=w6.npy --weight w6.npy", "--param weight and --weight both give weight; leave one of them out.")]
    [InlineData("batch-norm x.npy --param weight=w6.npy --param weight=w6.npy", "both give weight")]
    [InlineData("batch-norm x.npy --param weight=w5.npy", "--param weight w5.npy: shape [5], but batch-norm of x.npy, shape [4, 6, 5], needs [6], or what broadcasts to it.")]
    [InlineData("batch-norm x.npy --state state.safetensors", "state.safetensors: holds nothing of batch-norm, none of weight, bias, running_mean, running_var; it has such keys under 'bn.': give --state state.safetensors:bn.")]
    [InlineData("batch-norm x.npy --state state.safetensors:bm", "none of bm.weight, bm.bias, bm.running_mean, bm.running_var; it has such keys under 'bn.': give --state state.safetensors:bn.")]
    [InlineData("batch-norm x.npy --state two.safetensors:b.norm1", "none of b.norm1.weight, b.norm1.bias, b.norm1.running_mean, b.norm1.running_var; it has such keys under 'a.norm1.', 'a.norm2.': give --state two.safetensors:a.norm1.")]
    [InlineData("weight-norm x.npy --state state.safetensors:bn", "holds nothing of weight-norm, no bn.parametrizations.weight.original0; it holds 'bn.bias', 'bn.weight'. Give one that is meant as --param g=state.safetensors:KEY.")]
    [InlineData("batch-norm x.npy --state empty.safetensors", "it holds no tensors at all. Give another file.")]
    [InlineData("batch-norm x.npy --state state.safetensors:bn --weight w6.npy", "--state and --weight both give weight")]
    [InlineData("batch-norm x.npy --state state.safetensors:bn --eval", "has no bn.running_mean, by which batch-norm --eval normalizes")]
    [InlineData("batch-norm x.npy --state x.npy", "not a .safetensors file; give FILE.safetensors or FILE.safetensors:PREFIX.")]
    [InlineData("batch-norm x.npy --state missing.safetensors", "missing.safetensors: cannot be read")]
    [InlineData("layer-norm x.npy --state state.safetensors:bn", "--state state.safetensors:bn.weight: shape [6], but layer-norm of x.npy, shape [4, 6, 5], needs [6, 5], or what broadcasts to it.")]
    [InlineData("batch-norm-2d x.npy", "INPUT x.npy: batch-norm-2d does not take shape [4, 6, 5]: it needs (N, C, H, W).")]
    [InlineData("layer-norm x.npy --dtype int8", "--dtype 'int8' is not one of float16, bfloat16, float32, float64")]
    [InlineData("layer-norm x.npy --dtype bfloat16", "-o y.npy: .npy has no bfloat16")]
    [InlineData("ghost-batch-norm x.npy --num-splits 3", "INPUT x.npy: ghost-batch-norm does not take shape [4, 6, 5]: 3 parts do not divide a batch of 4; give --num-splits a divisor.")]
    [InlineData("frozen-batch-norm x.npy", "frozen-batch-norm normalizes by running statistics; give --running-mean FILE too.")]
    [InlineData("frozen-batch-norm x.npy --eval", "--eval does not fit frozen-batch-norm, which always normalizes by its running statistics; leave it out.")]
    [InlineData("adaptive-layer-norm x.npy --scale x.npy", "adaptive-layer-norm needs --shift FILE besides its input.")]
    [InlineData("adaptive-layer-norm x.npy --scale w6.npy --shift w5.npy", "--scale w6.npy: shape [6], but adaptive-layer-norm of x.npy, shape [4, 6, 5], needs [4, 5], or what broadcasts to it.")]
    [InlineData("weight-norm x.npy --dim 3", "INPUT x.npy: weight-norm does not take shape [4, 6, 5]: it has no dimension 3; give --dim from -3 to 2.")]
    [InlineData("weight-norm x.npy --channels-last", "--channels-last does not fit weight-norm, whose input is a weight (O, I, *); leave it out.")]
    [InlineData("weight-norm x.npy --mask m4.npy", "--mask does not fit weight-norm, which takes none; leave it out.")]
    [InlineData("query-key-norm w5.npy", "query-key-norm does not take shape [5]: it needs at least 3 dimensions, (*, H, L, D)")]
    [InlineData("cosine-similarity x.npy", "cosine-similarity needs --x2 FILE besides its input.")]
    [InlineData("cosine-similarity x.npy x.npy", "unexpected argument 'x.npy'; cosine-similarity takes its second input by an option: --x2 x.npy.")]
    [InlineData("cosine-similarity x.npy --x2 w6.npy", "--x2 w6.npy: shape [6], but cosine-similarity of x.npy, shape [4, 6, 5], needs a shape that broadcasts with it.")]
    [InlineData("cosine-similarity x.npy --x2 x.npy --dim 1,2", "--dim 1,2 does not fit cosine-similarity, which has one; give one dimension, or use lp-normalize.")]
    [InlineData("weight-norm x.npy --dim 0,1", "--dim 0,1 does not fit weight-norm, which has one")]
    [InlineData("lp-normalize x.npy --dim 1,-2", "INPUT x.npy: lp-normalize does not take shape [4, 6, 5]: --dim 1,-2 names a dimension twice.")]
    [InlineData("lp-normalize x.npy --dim 1,3", "it has no dimension 3; give --dim from -3 to 2.")]
    [InlineData("lp-normalize x.npy --dim 1,", "--dim '1,' is not a dimension")]
    [InlineData("rms-norm x.npy --groups 2", "INPUT x.npy: 2 groups do not divide a last dimension of 5, shape [4, 6, 5]; give --groups a divisor.")]
    [InlineData("layer-norm x.npy --groups 5 --axes 2", "--groups splits the last dimension alone; leave out --axes")]
    [InlineData("rms-norm x.npy --groups 5 --normalized-shape 6,5", "--groups splits the last dimension alone")]
    [InlineData("gated-rms-norm x.npy", "gated-rms-norm needs --gate FILE besides its input.")]
    [InlineData("rms-norm x.npy --gate-first", "--gate-first needs --gate FILE")]
    [InlineData("rms-norm x.npy --gate w5.npy", "--gate w5.npy: shape [5], but rms-norm of x.npy, shape [4, 6, 5], needs [4, 6, 5].")]
    [InlineData("rms-norm x.npy --gate x.npy --residual x.npy", "--gate and --residual do not go together")]
    [InlineData("rms-norm x.npy --gate x.npy --mask m4.npy", "--gate and --mask do not go together")]
    [InlineData("layer-norm x.npy --gate x.npy", "--gate does not fit layer-norm; leave it out, or use gated-rms-norm or rms-norm.")]
    [InlineData("layer-norm x.npy --round-before-weight", "--round-before-weight does not fit layer-norm; leave it out, or use rms-norm or gated-rms-norm.")]
    [InlineData("layer-norm x.npy --x2 x.npy", "--x2 does not fit layer-norm; leave it out, or use cosine-similarity.")]
    [InlineData("batch-norm-folding x.npy", "normkit does not compute batch-norm-folding")]
    public void Apply_MisfitOption_IsRefusedAndWritesNothing(string line, string what)
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(120, 540), [4, 6, 5]);
        work.Array("w5.npy", Near.Random(5, 541), [5]);
        work.Array("w6.npy", Near.Random(6, 542), [6]);
        Booleans(work["m4.npy"], [.. Enumerable.Range(0, 120).Select(i => i % 3 != 0)], [4, 6, 5]);
        Booleans(work["m5.npy"], [true, false, true, true, true], [5]);
        SafetensorsFile.Write(work["state.safetensors"],
        [
            KeyValuePair.Create("bn.weight", StoredTensor.From<double>(Near.Random(6, 543), [6])), KeyValuePair.Create("bn.bias", StoredTensor.From<double>(Near.Random(6, 544), [6])),
        ]);
        SafetensorsFile.Write(work["empty.safetensors"], []);
        SafetensorsFile.Write(work["two.safetensors"],
        [
            KeyValuePair.Create("a.norm2.weight", StoredTensor.From<double>(Near.Random(6, 545), [6])), KeyValuePair.Create("a.norm1.weight", StoredTensor.From<double>(Near.Random(6, 546), [6])),
        ]);
        string[] before = work.Files;
        string[] args = [.. line.Split(' ').Select(word =>
            word.Contains('=', StringComparison.Ordinal) ? $"{word.Split('=')[0]}={work[word.Split('=')[1]]}" : word.Contains('.', StringComparison.Ordinal) ? work[word] : word)];
        string refusal = Workplace.Run(["apply", .. args, "-o", work["y.npy"]]).Refusal().Replace(work.Directory + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
        Assert.Contains(what, refusal, StringComparison.Ordinal);
        Assert.Equal(before, work.Files);
    }

    private static Var[] MaskedRms(Var[] x, int[] sets, bool[] mask) =>
        CentredFormulas.Masked(Over.DividedBy(x, Over.Std(Over.Mean(Over.Squares(x), sets, mask), 1e-5), sets), mask);

    private static double[] Rounded(double[] values, ElementType type) => StoredTensor.From<double>(values, [values.Length], type).ToArray<double>();

    private static void Booleans(string path, bool[] values, nint[] shape) =>
        WriteNpy(path, "'|b1'", $"({string.Join(", ", shape)},)", [.. values.Select(value => value ? (byte)1 : (byte)0)]);

    private static void WriteNpy(string path, string descr, string shape, byte[] data)
    {
        string header = $"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n";
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. System.Text.Encoding.ASCII.GetBytes(header), .. data]);
    }
}
