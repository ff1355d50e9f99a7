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
}
