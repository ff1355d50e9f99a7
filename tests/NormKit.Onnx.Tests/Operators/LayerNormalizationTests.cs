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
}
