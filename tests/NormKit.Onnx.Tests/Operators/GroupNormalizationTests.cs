using System.Numerics;
using CsCheck;
using Microsoft.ML.OnnxRuntime;

namespace NormKit.Onnx.Tests;

/// <summary>ONNX Runtime has no kernel on a CPU: it computes the function that the ONNX standard gives, of simpler operators.</summary>
public class GroupNormalizationTests : OnnxRuntimeTests
{
    private static readonly Gen<(Shape, int, Data, float)> Cases = Gen.Select(Shape.OfRank(2, 5), Gen.Int[1, 3], Data.Usual, Data.Epsilon)
        .Select((shape, groups, data, epsilon) => (new Shape([shape.Lengths[0], shape.Lengths[1] * groups, .. shape.Lengths[2..]]), groups, data, epsilon))
        .Where((shape, groups, _, _) => shape.C / groups * shape.S > 1);

    [Fact]
    public void GroupNormalization21_RandomShapes_IsGroupNorm() => Cases.Sample((shape, groups, data, epsilon) => PerChannel<float>(shape, groups, data, epsilon), iter: 200);

    [Fact]
    public void GroupNormalization21_OnDoubles_IsGroupNorm() => Cases.Sample((shape, groups, data, epsilon) => PerChannel<double>(shape, groups, data, epsilon), iter: 100);

    /// <summary>Version 18 has a scale and a bias for each group, which is what no framework has: NormKit's are those, repeated for each channel of the group.</summary>
    [Fact]
    public void GroupNormalization18_ScalePerGroup_IsGroupNormWithScaleRepeated() => Cases.Sample((shape, groups, data, epsilon) =>
    {
        float[] scale = data.Weight<float>(groups), bias = data.Bias<float>(groups);
        int channels = shape.C / groups;
        Check(
            18, shape, groups, data, epsilon, scale, bias,
            [.. Enumerable.Range(0, shape.C).Select(c => scale[c / channels])], [.. Enumerable.Range(0, shape.C).Select(c => bias[c / channels])]);
    }, iter: 200);

    private static void PerChannel<T>(Shape shape, int groups, Data data, float epsilon) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] weight = data.Weight<T>(shape.C), bias = data.Bias<T>(shape.C);
        Check(21, shape, groups, data, epsilon, weight, bias, weight, bias);
    }

    private static void Check<T>(int opset, Shape shape, int groups, Data data, float epsilon, T[] theirScale, T[] theirBias, T[] weight, T[] bias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] x = data.Input<T>(shape.Count);
        T[] theirs = new OnnxNode("GroupNormalization", opset).With("num_groups", groups).With("epsilon", epsilon)
            .Input(x, shape.Lengths).Input(theirScale, theirScale.Length).Input(theirBias, theirBias.Length).Run<T>();
        GroupNorm<T> layer = new(groups, shape.C, epsilon);
        layer.Load(weight, bias);
        double[] w = Data.Doubles(weight), b = Data.Doubles(bias);
        Answer formula = Formula.Own(
            Data.Doubles(x), i => i / (shape.C / groups * shape.S), epsilon, i => w[shape.Channel(i)], i => b[shape.Channel(i)]);
        ThreeWay.Agree(layer.Apply(x, shape), theirs, formula, Allowed.Cancelled<float>(formula), $"opset {opset} {shape} groups {groups} {data} epsilon {epsilon}");
    }

    /// <summary>
    /// The standard's function has the variance E[x^2] - E[x]^2, which loses all digits at a mean of ten thousand standard deviations and more: the output is hundreds of times too
    /// large, or NaN.
    /// </summary>
    [Theory]
    [InlineData(1e4)]
    [InlineData(1e5)]
    public void GroupNormalization_FarFromZero_IsRightInNormKitOnly(double offset)
    {
        float[] x = new Data(7, offset, 1).Input<float>(4096);
        ThreeWay.OnlyOursIsRight(Ours(x, 1e-5f), Theirs(x), Hard.Formula(x, 1e-5f), 0.5, $"offset {offset}");
    }

    [Fact]
    public void GroupNormalization_HugeValues_AreNaNInOnnxRuntime()
    {
        float[] theirs = Theirs(Hard.Huge);
        ThreeWay.OnlyOursIsRight(Ours(Hard.Huge, 1e-5f), theirs, Hard.Formula(Hard.Huge, 1e-5f), 1, "huge");
        Assert.All(theirs, v => Assert.True(float.IsNaN(v)));
    }

    /// <summary>The standard's stash_type is float: doubles are rounded to floats on the way in.</summary>
    [Fact]
    public void GroupNormalization_Doubles_AreComputedAsFloatsInOnnxRuntime()
    {
        Data data = new(1, 0, 1);
        double[] x = data.Input<double>(60), weight = data.Weight<double>(6), bias = data.Bias<double>(6);
        double[] theirs = new OnnxNode("GroupNormalization", 21).With("num_groups", 2).Input(x, 2, 6, 5).Input(weight, 6).Input(bias, 6).Run<double>();
        GroupNorm<double> layer = new(2, 6, 1e-5f);
        layer.Load(weight, bias);
        Shape shape = new(2, 6, 5);
        Answer formula = Formula.Own(x, i => i / 15, 1e-5f, i => weight[shape.Channel(i)], i => bias[shape.Channel(i)]);
        ThreeWay.OnlyOursIsRight(layer.Apply(x, shape), theirs, formula, 1e-9, "doubles");
    }

    /// <summary>The two versions cannot be mistaken for each other where there are more channels than groups.</summary>
    [Theory]
    [InlineData(18, 6)]
    [InlineData(21, 2)]
    public void GroupNormalization_ScaleOfTheOtherVersion_IsRefusedByOnnxRuntime(int opset, int length) =>
        Assert.Throws<OnnxRuntimeException>(() => new OnnxNode("GroupNormalization", opset).With("num_groups", 2)
            .Input(new float[60], 2, 6, 5).Input(new float[length], length).Input(new float[length], length).Run<float>());

    [Fact]
    public void GroupNormalization_EmptyBatch_IsRefusedByOnnxRuntimeAndEmptyInNormKit()
    {
        Assert.Throws<OnnxRuntimeException>(() => new OnnxNode("GroupNormalization", 21).With("num_groups", 1)
            .Input(Array.Empty<float>(), 0, 3, 4).Input([1f, 2, 3], 3).Input([1f, 2, 3], 3).Run<float>());
        Assert.Empty(new GroupNorm<float>(1, 3).Apply([], new(0, 3, 4)));
    }

    private static float[] Ours(float[] x, float epsilon) => new GroupNorm<float>(1, 1, epsilon).Apply(x, new(1, 1, x.Length));

    private static float[] Theirs(float[] x) =>
        new OnnxNode("GroupNormalization", 21).With("num_groups", 1).Input(x, 1, 1, x.Length).Input([1f], 1).Input([0f], 1).Run<float>();
}
