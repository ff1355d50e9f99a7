using CsCheck;

namespace NormKit.Onnx.Tests;

/// <summary>No epsilon, weight or bias; only floats have a kernel.</summary>
public class MeanVarianceNormalizationTests : OnnxRuntimeTests
{
    private static readonly Gen<(Shape, Data, int)> Cases = Gen.Select(Shape.OfRank(4, 4), Data.Usual, Gen.OneOf(9, 13));

    [Fact]
    public void MeanVarianceNormalization_DefaultAxes_IsBatchNormWithoutStateAndEps() =>
        Cases.Where((shape, _, _) => shape.N * shape.S > 2).Sample((shape, data, opset) =>
            Check(shape, data, opset, null, shape.Channel, new BatchNorm<float>(shape.C, eps: 0, affine: false, trackRunningStats: false)), iter: 200);

    [Fact]
    public void MeanVarianceNormalization_OverPositions_IsInstanceNormWithoutEps() =>
        Cases.Where((shape, _, _) => shape.S > 2).Sample((shape, data, opset) =>
            Check(shape, data, opset, [2, 3], i => i / shape.S, new InstanceNorm<float>(shape.C, eps: 0)), iter: 200);

    [Fact]
    public void MeanVarianceNormalization_OverSamples_IsLayerNormWithoutEps() =>
        Cases.Where((shape, _, _) => shape.C * shape.S > 2).Sample((shape, data, opset) =>
            Check(shape, data, opset, [1, 2, 3], shape.Sample, new LayerNorm<float>(shape.Lengths.AsSpan(1), eps: 0, elementwiseAffine: false)), iter: 200);

    [Fact]
    public void MeanVarianceNormalization_OverTheLastAxis_IsLayerNormWithoutEps() =>
        Cases.Where((shape, _, _) => shape.Lengths[3] > 2).Sample((shape, data, opset) =>
            Check(shape, data, opset, [-1], i => i / (int)shape.Lengths[3], new LayerNorm<float>((int)shape.Lengths[3], eps: 0, elementwiseAffine: false)), iter: 200);

    private static void Check(Shape shape, Data data, int opset, int[]? axes, Func<int, int> set, NormLayer<float> layer)
    {
        float[] x = data.Input<float>(shape.Count);
        OnnxNode node = new OnnxNode("MeanVarianceNormalization", opset).Input(x, shape.Lengths);
        float[] theirs = (axes is null ? node : node.With("axes", axes)).Run<float>();
        Answer formula = Formula.Own(Data.Doubles(x), set, eps: 0);
        ThreeWay.Agree(layer.Apply(x, shape), theirs, formula, Allowed.Cancelled<float>(formula), $"opset {opset} {shape} {data} axes {(axes is null ? "-" : string.Join(",", axes))}");
    }
}
