using System.Numerics;
using CsCheck;

namespace NormKit.Onnx.Tests;

/// <summary>RMSNormalization of the standard, and SimplifiedLayerNormalization, which ONNX Runtime had before it.</summary>
public class RmsNormalizationTests : OnnxRuntimeTests
{
    private static readonly Gen<(Shape, Data, float, int, bool)> Cases = Gen.Select(Shape.OfRank(1, 4), Data.Usual, Data.Epsilon, Gen.Int[0, 23], Gen.Bool);

    [Fact]
    public void RmsNormalization_AnyAxis_IsRmsNorm() => Cases.Sample(AnyAxis<float>, iter: 300);

    [Fact]
    public void RmsNormalization_AnyAxisOnDoubles_IsRmsNorm() => Cases.Sample(AnyAxis<double>, iter: 100);

    /// <summary>The standard's default is 1e-5, PyTorch's and NormKit's the epsilon of the type.</summary>
    [Theory]
    [InlineData("RMSNormalization", 23)]
    [InlineData("SimplifiedLayerNormalization", 1)]
    public void RmsNormalization_DefaultEpsilon_IsNotRmsNorms(string type, int opset)
    {
        float[] x = [1e-3f, -2e-3f, 3e-3f];
        float[] theirs = new OnnxNode(type, opset).Input(x, 1, 3).Input([1f, 1, 1], 3).Run<float>();
        Answer formula = Formula.Own(Data.Doubles(x), _ => 0, 1e-5f, centered: false);
        ThreeWay.Agree(new RmsNorm<float>(3, 1e-5f).Apply(x, new(1, 3)), theirs, formula, Allowed.Linear<float>(formula), "1e-5");
        Assert.True(formula.ErrorOf(new RmsNorm<float>(3).Apply(x, new(1, 3))) > 0.1);
    }

    /// <summary>The mean of the squares overflows, and 1 over infinity is 0.</summary>
    [Theory]
    [InlineData("RMSNormalization", 23)]
    [InlineData("SimplifiedLayerNormalization", 1)]
    public void RmsNormalization_HugeValues_AreZeroInOnnxRuntime(string type, int opset)
    {
        float[] theirs = new OnnxNode(type, opset).With("epsilon", 1e-5f).Input(Hard.Huge, 1, 4).Input(Hard.Ones, 4).Run<float>();
        Answer formula = Formula.Own(Data.Doubles(Hard.Huge), _ => 0, 1e-5f, centered: false);
        ThreeWay.OnlyOursIsRight(new RmsNorm<float>(4, 1e-5f).Apply(Hard.Huge, new(1, 4)), theirs, formula, 1, "huge");
        Assert.All(theirs, v => Assert.Equal(0, v));
    }

    private static void AnyAxis<T>(Shape shape, Data data, float epsilon, int axisSeed, bool simplified) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rank = shape.Lengths.Length, axis = (axisSeed % (2 * rank)) - rank, first = axis < 0 ? axis + rank : axis;
        nint[] normalized = shape.Lengths[first..];
        int width = Shape.Product(normalized);
        T[] x = data.Input<T>(shape.Count), weight = data.Weight<T>(width);
        OnnxNode node = simplified ? new("SimplifiedLayerNormalization", 1) : new("RMSNormalization", 23);
        T[] theirs = node.With("axis", axis).With("epsilon", epsilon).Input(x, shape.Lengths).Input(weight, normalized).Run<T>();
        RmsNorm<T> layer = new(normalized, epsilon);
        layer.Load(weight);
        double[] w = Data.Doubles(weight);
        Answer formula = Formula.Own(Data.Doubles(x), i => i / width, epsilon, i => w[i % width], centered: false);
        ThreeWay.Agree(layer.Apply(x, shape), theirs, formula, Allowed.Linear<T>(formula), $"{node.Operator} {shape} axis {axis} {data} epsilon {epsilon}");
    }
}
