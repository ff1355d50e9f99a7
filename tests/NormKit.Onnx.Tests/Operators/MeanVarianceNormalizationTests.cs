using CsCheck;
using Microsoft.ML.OnnxRuntime;

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
        ThreeWay.Agree(layer.Apply(x, shape), theirs, formula, Allowed.Linear<float>(formula), $"opset {opset} {shape} {data} axes {(axes is null ? "-" : string.Join(",", axes))}");
    }

    /// <summary>0 / 0, although the standard's function adds 1e-9 to the deviation.</summary>
    [Fact]
    public void MeanVarianceNormalization_Constant_IsNaNInOnnxRuntime()
    {
        Assert.All(Ours(Hard.Constant), v => Assert.Equal(0, v));
        Assert.All(Theirs(Hard.Constant), v => Assert.True(float.IsNaN(v)));
    }

    [Fact]
    public void MeanVarianceNormalization_MeanBetweenFloats_IsRightInNormKitOnly() =>
        ThreeWay.OnlyOursIsRight(Ours(Hard.BetweenFloats), Theirs(Hard.BetweenFloats), Hard.Formula(Hard.BetweenFloats, 0), 0.1, "between floats");

    [Fact]
    public void MeanVarianceNormalization_HugeValues_AreZeroInOnnxRuntime()
    {
        float[] theirs = Theirs(Hard.Huge);
        ThreeWay.OnlyOursIsRight(Ours(Hard.Huge), theirs, Hard.Formula(Hard.Huge, 0), 1, "huge");
        Assert.All(theirs, v => Assert.Equal(0, v));
    }

    /// <summary>The standard allows doubles; its function, which ONNX Runtime falls back on, has constants of type float.</summary>
    [Fact]
    public void MeanVarianceNormalization_Doubles_AreRefusedByOnnxRuntime() =>
        Assert.Throws<OnnxRuntimeException>(() => new OnnxNode("MeanVarianceNormalization", 13).Input(new double[24], 1, 2, 3, 4).Run<double>());

    private static float[] Ours(float[] x) => new InstanceNorm<float>(1, eps: 0).Apply(x, new(1, 1, x.Length));

    private static float[] Theirs(float[] x) => new OnnxNode("MeanVarianceNormalization", 13).Input(x, 1, 1, 1, x.Length).Run<float>();
}
