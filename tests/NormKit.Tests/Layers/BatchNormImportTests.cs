using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Batch norm continued from Keras and ONNX, against their own formulas in double.</summary>
public class BatchNormImportTests
{
    private const int Channels = 5, Batch = 3, Positions = 7, Count = Batch * Positions;
    private static readonly nint[] Shape = [Batch, Channels, Positions];

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, true)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    [InlineData(false, false, false)]
    public void Import_InEvaluation_IsTheirFormula(bool keras, bool hasWeight, bool hasBias)
    {
        Check<float>(keras, hasWeight, hasBias);
        Check<double>(keras, hasWeight, hasBias);
    }

    /// <summary><c>moving = momentum * moving + (1 - momentum) * batch</c>: theirs for the mean, and for the variance but for n / (n - 1).</summary>
    [Theory]
    [InlineData(true, 0.99)]
    [InlineData(false, 0.9)]
    [InlineData(false, 0.25)]
    public void Import_TrainedOn_MovesAsTheirsButForTheUnbiasedVariance(bool keras, double momentum)
    {
        double[] mean = Inputs<double>.Normal(new(3), Channels), variance = [0.5, 2, 0.75, 3, 1.25], x = Inputs<double>.Normal(new(5), Channels * Count, 2, 1);
        BatchNorm<double> layer = keras
            ? BatchNorm<double>.FromKeras(default, default, mean, variance, momentum) : BatchNorm<double>.FromOnnx(default, default, mean, variance, momentum);
        Assert.True(layer.Training);
        Assert.Equal(0, layer.NumBatchesTracked);
        layer.Forward(Tensor.Create(x, Shape));

        double[] channelMeans = [.. Enumerable.Range(0, Channels).Select(c => OfChannel(x, c).Average())];
        double[] population = [.. Enumerable.Range(0, Channels).Select(c => OfChannel(x, c).Average(v => (v - channelMeans[c]) * (v - channelMeans[c])))];
        Closeness.Near<double>(
            Placing.Logical(layer.RunningMean!), [.. mean.Select((m, c) => (momentum * m) + ((1 - momentum) * channelMeans[c]))], 4 * Tolerances.MomentsDouble, "mean");
        Closeness.Near<double>(
            Placing.Logical(layer.RunningVar!), [.. variance.Select((v, c) => (momentum * v) + ((1 - momentum) * population[c] * Count / (Count - 1)))],
            4 * Tolerances.MomentsDouble, "variance");
    }

    [Fact]
    public void Import_Defaults_AreTheirs()
    {
        float[] mean = [1, 2], variance = [3, 4];
        BatchNorm<float> keras = BatchNorm<float>.FromKeras(null, null, mean, variance), onnx = BatchNorm<float>.FromOnnx(null, null, mean, variance);
        Assert.Equal((1 - 0.99, 1e-3), (keras.Momentum, keras.Eps));
        Assert.Equal((1 - 0.9, 1e-5), (onnx.Momentum, onnx.Eps));
        Assert.Null(keras.Weight);
        Assert.Null(onnx.Bias);
    }

    /// <summary>A static of a base class would be found through BatchNorm2d and give a BatchNorm.</summary>
    [Fact]
    public void Import_ByDimensions_GivesThatClass()
    {
        float[] gamma = [3, 5], mean = [1, 2], variance = [3, 4];
        BatchNorm<float>[] layers =
        [
            BatchNorm<float>.FromKeras(gamma, default, mean, variance), BatchNorm1d<float>.FromKeras(gamma, default, mean, variance),
            BatchNorm2d<float>.FromKeras(gamma, default, mean, variance), BatchNorm3d<float>.FromKeras(gamma, default, mean, variance),
            BatchNorm<float>.FromOnnx(gamma, default, mean, variance), BatchNorm1d<float>.FromOnnx(gamma, default, mean, variance),
            BatchNorm2d<float>.FromOnnx(gamma, default, mean, variance), BatchNorm3d<float>.FromOnnx(gamma, default, mean, variance),
        ];
        Type[] types = [typeof(BatchNorm<float>), typeof(BatchNorm1d<float>), typeof(BatchNorm2d<float>), typeof(BatchNorm3d<float>)];
        Assert.Equal([.. types, .. types], layers.Select(layer => layer.GetType()));
        Assert.All(layers, layer => Assert.Equal(gamma, (IEnumerable<float>)Placing.Logical(layer.Weight!.Value)));
        Assert.All(layers, layer => Assert.Equal(variance, (IEnumerable<float>)Placing.Logical(layer.RunningVar!)));
    }

    [Fact]
    public void Import_BadArguments_Throw()
    {
        float[] two = [1, 2], three = [1, 2, 3];
        Assert.StartsWith(
            "BatchNorm.FromKeras: beta has 2 values, movingMean has 3; each has one a channel.",
            Assert.Throws<ArgumentException>("beta", () => BatchNorm<float>.FromKeras(three, two, three, three)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("gamma", () => BatchNorm2d<float>.FromKeras(two, three, three, three));
        Assert.Throws<ArgumentException>("movingVariance", () => BatchNorm<float>.FromKeras(three, three, three, default));
        Assert.Throws<ArgumentException>("movingMean", () => BatchNorm<float>.FromKeras(default, default, default, default));
        Assert.Throws<ArgumentException>("scale", () => BatchNorm<float>.FromOnnx(two, three, three, three));
        Assert.Throws<ArgumentException>("var", () => BatchNorm3d<float>.FromOnnx(three, three, three, two));
        Assert.Throws<ArgumentException>("mean", () => BatchNorm<float>.FromOnnx(three, three, default, three));
        foreach (double momentum in (double[])[-0.01, 1.01, double.NaN])
            Assert.Throws<ArgumentOutOfRangeException>("momentum", () => BatchNorm<float>.FromKeras(two, two, two, two, momentum));
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => BatchNorm<float>.FromOnnx(two, two, two, two, epsilon: -1));
    }

    private static void Check<T>(bool keras, bool hasWeight, bool hasBias) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[]? weight = hasWeight ? Inputs<T>.Normal(new(1), Channels, 0.5, 1) : null, bias = hasBias ? Inputs<T>.Normal(new(2), Channels) : null;
        T[] mean = Inputs<T>.Normal(new(3), Channels), variance = Array.ConvertAll(Inputs<T>.Normal(new(4), Channels), v => (v * v) + T.CreateTruncating(0.05));
        T[] x = Inputs<T>.Normal(new(5), Channels * Count, 2, 1);
        BatchNorm<T> layer = keras ? BatchNorm<T>.FromKeras(weight, bias, mean, variance) : BatchNorm<T>.FromOnnx(weight, bias, mean, variance);
        double eps = keras ? 1e-3 : 1e-5;
        layer.Eval();

        T[] y = Placing.Logical(layer.Forward(Tensor.Create(x, Shape)));

        double[] expected = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int c = i / Positions % Channels;
            double centred = double.CreateTruncating(x[i]) - double.CreateTruncating(mean[c]);
            double normalized = centred / Math.Sqrt(double.CreateTruncating(variance[c]) + eps);
            expected[i] = (normalized * double.CreateTruncating(weight?[c] ?? T.One)) + double.CreateTruncating(bias?[c] ?? T.Zero);
        }
        Closeness.Near<T>(y, expected, Tolerances.Forward<T>(), "y");
        Assert.Equal(hasWeight || hasBias, layer.Weight is not null);
        Assert.Equal(hasWeight || hasBias, layer.Bias is not null);
    }

    private static IEnumerable<double> OfChannel(double[] x, int c) => x.Where((_, i) => i / Positions % Channels == c);
}
