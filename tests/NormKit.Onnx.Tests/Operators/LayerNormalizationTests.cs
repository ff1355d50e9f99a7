using System.Numerics;
using CsCheck;
using NormKit.Tests.Reference;

namespace NormKit.Onnx.Tests;

public class LayerNormalizationTests : OnnxRuntimeTests
{
    // The axis is drawn as a fraction of the rank: any from -rank to rank - 1.
    private static readonly Gen<(Shape, Data, float, int, bool)> Cases = Gen.Select(Shape.OfRank(1, 4), Data.Usual, Data.Epsilon, Gen.Int[0, 23], Gen.Bool);

    [Fact]
    public void LayerNormalization_AnyAxis_IsLayerNorm() => Cases.Sample(AnyAxis<float>, iter: 300);

    [Fact]
    public void LayerNormalization_AnyAxisOnDoubles_IsLayerNorm() => Cases.Sample(AnyAxis<double>, iter: 100);

    private static void AnyAxis<T>(Shape shape, Data data, float epsilon, int axisSeed, bool withBias) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rank = shape.Lengths.Length, axis = (axisSeed % (2 * rank)) - rank, first = axis < 0 ? axis + rank : axis;
        nint[] normalized = shape.Lengths[first..];
        int width = Shape.Product(normalized);
        T[] x = data.Input<T>(shape.Count), weight = data.Weight<T>(width);
        T[]? bias = withBias ? data.Bias<T>(width) : null;
        OnnxTensor[] theirs = new OnnxNode("LayerNormalization", 17).With("axis", axis).With("epsilon", epsilon)
            .Input(x, shape.Lengths).Input(weight, normalized).Optional(bias, normalized).Run(true, true, true);

        LayerNorm<T> layer = new(normalized, epsilon, bias: withBias);
        layer.Load(weight, bias);
        SavedStatistics saved = new();
        T[] ours = layer.Apply(x, shape, saved);

        string what = $"{shape} axis {axis} {data} epsilon {epsilon} bias {withBias}";
        double[] w = Data.Doubles(weight);
        double[]? b = bias is null ? null : Data.Doubles(bias);
        Answer formula = Formula.Own(Data.Doubles(x), i => i / width, epsilon, i => w[i % width], b is null ? null : i => b[i % width]);
        ThreeWay.Agree(ours, theirs[0].As<T>(), formula, Allowed.Linear<T>(formula), what);

        // Mean and InvStdDev, which are floats for doubles too.
        long[] reduced = [.. shape.Lengths.Select((length, d) => d < first ? length : 1)];
        Assert.Equal(reduced, theirs[1].Shape);
        Assert.Equal(reduced, theirs[2].Shape);
        float[] mean = theirs[1].As<float>(), invStd = theirs[2].As<float>();
        Assert.Equal(mean.Length, saved.Moments.Length);
        double scale = Math.Abs(data.Offset) + data.Scale;
        for (int row = 0; row < mean.Length; row++)
        {
            double exact = 1 / Math.Sqrt(formula.Variance[row] + epsilon);
            Assert.InRange(saved.Moments[row].Mean, formula.Mean[row] - (scale * Tolerances.Moments<T>()), formula.Mean[row] + (scale * Tolerances.Moments<T>()));
            Assert.InRange(saved.InvStd(row) / exact, 1 - Tolerances.Moments<T>(), 1 + Tolerances.Moments<T>());
            Assert.InRange(mean[row], formula.Mean[row] - (scale * 1e-6), formula.Mean[row] + (scale * 1e-6));
            double spread = Math.Sqrt(formula.Squares) * 6e-8;
            Assert.True(Math.Abs((invStd[row] / exact) - 1) < 2e-6 + (4 * spread), $"{what} row {row}: InvStdDev {invStd[row]}, not {exact}");
        }
    }

    /// <summary>A mean in one float is off by 1 where floats are 2 apart.</summary>
    [Fact]
    public void LayerNormalization_MeanBetweenFloats_IsRightInNormKitOnly() =>
        ThreeWay.OnlyOursIsRight(Ours(Hard.BetweenFloats, 1e-5f), Theirs(Hard.BetweenFloats, 1e-5f), Hard.Formula(Hard.BetweenFloats, 1e-5f), 0.1, "between floats");

    /// <summary>The variance overflows, and 1 over infinity is 0.</summary>
    [Fact]
    public void LayerNormalization_HugeValues_AreZeroInOnnxRuntime()
    {
        float[] theirs = Theirs(Hard.Huge, 1e-5f);
        ThreeWay.OnlyOursIsRight(Ours(Hard.Huge, 1e-5f), theirs, Hard.Formula(Hard.Huge, 1e-5f), 1, "huge");
        Assert.All(theirs, v => Assert.Equal(0, v));
    }

    /// <summary>0 / 0: NormKit gives the bias.</summary>
    [Fact]
    public void LayerNormalization_ConstantWithoutEpsilon_IsNaNInOnnxRuntime()
    {
        Assert.All(Ours(Hard.Constant, 0), v => Assert.Equal(0, v));
        Assert.All(Theirs(Hard.Constant, 0), v => Assert.True(float.IsNaN(v)));
    }

    /// <summary>microsoft/onnxruntime 28463: NaN in earlier versions, mended in 1.31.</summary>
    [Fact]
    public void LayerNormalization_OfIssue28463_IsRightInBoth()
    {
        float[] x = [40000, 40001, 40002, 40003];
        Answer formula = Hard.Formula(x, 1e-5f);
        ThreeWay.Agree(Ours(x, 1e-5f), Theirs(x, 1e-5f), formula, 1e-6, "issue 28463");
    }

    /// <summary>A scale of other lengths than the normalized ones is broadcast. NormKit takes the full one only.</summary>
    [Fact]
    public void LayerNormalization_ScaleThatBroadcasts_IsLayerNormWithScaleRepeated()
    {
        Shape shape = new(3, 5, 7);
        Data data = new(1, 2, 3);
        float[] x = data.Input<float>(shape.Count), scale = data.Weight<float>(5), bias = data.Bias<float>(7);
        float[] theirs = new OnnxNode("LayerNormalization", 17).With("axis", 1).Input(x, shape.Lengths).Input(scale, 5, 1).Input(bias, 1, 7).Run<float>();
        LayerNorm<float> layer = new([5, 7], 1e-5f);
        layer.Load([.. Enumerable.Range(0, 35).Select(i => scale[i / 7])], [.. Enumerable.Range(0, 35).Select(i => bias[i % 7])]);
        Answer formula = Formula.Own(Data.Doubles(x), shape.Sample, 1e-5f, i => scale[i / 7 % 5], i => bias[i % 7]);
        ThreeWay.Agree(layer.Apply(x, shape), theirs, formula, Allowed.Linear<float>(formula), "broadcast");
    }

    /// <summary>The standard's stash_type is float, so mean and InvStdDev of doubles are floats; the output is computed in double.</summary>
    [Fact]
    public void LayerNormalization_MeanOfDoubles_IsAFloatInOnnxRuntime()
    {
        double[] x = [0.1, 0.2, 0.4, 0.9];
        OnnxTensor[] theirs = new OnnxNode("LayerNormalization", 17).Input(x, 1, 4).Input([1.0, 1, 1, 1], 4).Run(true, true, true);
        SavedStatistics saved = new();
        double[] ours = new LayerNorm<double>(4, 1e-5f).Apply(x, new(1, 4), saved);
        Answer formula = Formula.Own(x, _ => 0, 1e-5f);
        ThreeWay.Agree(ours, theirs[0].As<double>(), formula, Allowed.Linear<double>(formula), "doubles");
        Assert.Equal((float)formula.Mean[0], theirs[1].As<float>()[0]);
        Assert.Equal(formula.Mean[0], saved.Moments[0].Mean, 1e-15);
    }

    private static float[] Ours(float[] x, float epsilon) => new LayerNorm<float>(x.Length, epsilon).Apply(x, new(1, x.Length));

    private static float[] Theirs(float[] x, float epsilon) =>
        new OnnxNode("LayerNormalization", 17).With("epsilon", epsilon).Input(x, 1, x.Length).Input(Hard.Ones, x.Length).Input(Hard.Zeros, x.Length).Run<float>();
}
