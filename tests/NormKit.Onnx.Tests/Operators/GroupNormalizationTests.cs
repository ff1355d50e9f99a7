using System.Numerics;
using CsCheck;

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
}
