using CsCheck;

namespace NormKit.Onnx.Tests;

/// <summary>ONNX Runtime has no kernel for doubles.</summary>
public class InstanceNormalizationTests : OnnxRuntimeTests
{
    private static readonly Gen<(Shape, Data, float, int)> Cases = Gen.Select(
        Shape.OfRank(3, 5).Where(shape => shape.S > 1), Data.Usual, Data.Epsilon, Gen.OneOf(6, 22));

    [Fact]
    public void InstanceNormalization_RandomShapes_IsInstanceNormWithAffine() => Cases.Sample((shape, data, epsilon, opset) =>
    {
        float[] x = data.Input<float>(shape.Count), weight = data.Weight<float>(shape.C), bias = data.Bias<float>(shape.C);
        float[] theirs = new OnnxNode("InstanceNormalization", opset).With("epsilon", epsilon)
            .Input(x, shape.Lengths).Input(weight, shape.C).Input(bias, shape.C).Run<float>();

        InstanceNorm<float> layer = new(shape.C, epsilon, affine: true);
        layer.Load(weight, bias);
        Answer formula = Formula.Own(Data.Doubles(x), i => i / shape.S, epsilon, i => weight[shape.Channel(i)], i => bias[shape.Channel(i)]);
        ThreeWay.Agree(layer.Apply(x, shape), theirs, formula, Allowed.Linear<float>(formula), $"opset {opset} {shape} {data} epsilon {epsilon}");
    }, iter: 300);

    /// <summary>A mean in one float is off by 1 where floats are 2 apart.</summary>
    [Fact]
    public void InstanceNormalization_MeanBetweenFloats_IsRightInNormKitOnly() =>
        ThreeWay.OnlyOursIsRight(Ours(Hard.BetweenFloats, 1e-5f), Theirs(Hard.BetweenFloats, 1e-5f), Hard.Formula(Hard.BetweenFloats, 1e-5f), 0.1, "between floats");

    /// <summary>The variance overflows, and 1 over infinity is 0.</summary>
    [Fact]
    public void InstanceNormalization_HugeValues_AreZeroInOnnxRuntime()
    {
        float[] theirs = Theirs(Hard.Huge, 1e-5f);
        ThreeWay.OnlyOursIsRight(Ours(Hard.Huge, 1e-5f), theirs, Hard.Formula(Hard.Huge, 1e-5f), 1, "huge");
        Assert.All(theirs, v => Assert.Equal(0, v));
    }

    /// <summary>0 / 0: NormKit gives the bias.</summary>
    [Fact]
    public void InstanceNormalization_ConstantWithoutEpsilon_IsNaNInOnnxRuntime()
    {
        Assert.All(Ours(Hard.Constant, 0), v => Assert.Equal(0, v));
        Assert.All(Theirs(Hard.Constant, 0), v => Assert.True(float.IsNaN(v)));
    }

    /// <summary>Where PyTorch and NormKit ask for more positions, ONNX Runtime gives the bias.</summary>
    [Fact]
    public void InstanceNormalization_OnePosition_IsTheBiasInOnnxRuntimeAndRefusedByNormKit()
    {
        float[] bias = [0.5f, -2, 7];
        Assert.Equal(bias, new OnnxNode("InstanceNormalization", 22).Input([3f, 4, 5], 1, 3, 1).Input([2f, 3, 4], 3).Input(bias, 3).Run<float>());
        Assert.Throws<ArgumentException>("input", () => new InstanceNorm<float>(3).Apply([3, 4, 5], new(1, 3, 1)));
    }

    private static float[] Ours(float[] x, float epsilon) => new InstanceNorm<float>(1, epsilon).Apply(x, new(1, 1, x.Length));

    private static float[] Theirs(float[] x, float epsilon) =>
        new OnnxNode("InstanceNormalization", 22).With("epsilon", epsilon).Input(x, 1, 1, x.Length).Input([1f], 1).Input([0f], 1).Run<float>();
}
