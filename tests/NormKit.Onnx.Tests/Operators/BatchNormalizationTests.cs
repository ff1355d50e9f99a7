using System.Numerics;
using System.Numerics.Tensors;
using CsCheck;
using NormKit.Tests.Reference;

namespace NormKit.Onnx.Tests;

public class BatchNormalizationTests : OnnxRuntimeTests
{
    private static readonly Gen<(Shape, Data, float, int)> Cases = Gen.Select(Shape.OfRank(2, 5), Data.Usual, Data.Epsilon, Gen.OneOf(7, 9, 14, 15, 22));

    // A set needs two elements, as in PyTorch.
    private static readonly Gen<(Shape, Data, float, float)> TrainingCases = Gen.Select(
        Shape.OfRank(2, 5).Where(shape => shape.N * shape.S > 1), Data.Usual, Data.Epsilon, Gen.OneOf(0.9f, 0.5f, 0f, 1f));

    [Fact]
    public void BatchNormalization_Inference_IsBatchNormInEvaluation() => Cases.Sample(Inference<float>, iter: 300);

    [Fact]
    public void BatchNormalization_InferenceOnDoubles_IsBatchNormInEvaluation() => Cases.Sample(Inference<double>, iter: 100);

    [Fact]
    public void BatchNormalization_Training_IsBatchNormInTraining() => TrainingCases.Sample(Training<float>, iter: 300);

    [Fact]
    public void BatchNormalization_TrainingOnDoubles_IsBatchNormInTraining() => TrainingCases.Sample(Training<double>, iter: 100);

    /// <summary>Version 7 may have weights and statistics for each position: each element of a sample is then a channel of its own.</summary>
    [Fact]
    public void BatchNormalization7_NotSpatial_IsBatchNormOnFlattenedSamples() => Cases.Sample((shape, data, epsilon, _) =>
    {
        nint[] each = shape.Lengths[1..];
        Shape flat = new(shape.N, shape.C * shape.S);
        float[] x = data.Input<float>(shape.Count), weight = data.Weight<float>(flat.C), bias = data.Bias<float>(flat.C);
        float[] mean = data.Values<float>(3, flat.C, data.Offset, data.Scale), variance = Positive<float>(data, flat.C);
        float[] theirs = new OnnxNode("BatchNormalization", 7).With("epsilon", epsilon).With("spatial", 0)
            .Input(x, shape.Lengths).Input(weight, each).Input(bias, each).Input(mean, each).Input(variance, each).Run<float>();
        Answer formula = Formula.Given(
            Data.Doubles(x), flat.Channel, epsilon, Data.Doubles(mean), Data.Doubles(variance), i => weight[flat.Channel(i)], i => bias[flat.Channel(i)]);
        ThreeWay.Agree(Evaluated(flat, epsilon, weight, bias, mean, variance).Apply(x, flat), theirs, formula, Allowed.Linear<float>(formula), $"{shape} {data} epsilon {epsilon}");
    }, iter: 100);

    /// <summary>An input of one dimension has one channel.</summary>
    [Fact]
    public void BatchNormalization_OneDimension_IsOneChannel() => Gen.Select(Gen.Int[1, 99], Data.Usual, Data.Epsilon).Sample((count, data, epsilon) =>
    {
        float[] x = data.Input<float>(count), weight = data.Weight<float>(1), bias = data.Bias<float>(1);
        float[] mean = data.Values<float>(3, 1, data.Offset, data.Scale), variance = Positive<float>(data, 1);
        float[] theirs = new OnnxNode("BatchNormalization", 15).With("epsilon", epsilon)
            .Input(x, count).Input(weight, 1).Input(bias, 1).Input(mean, 1).Input(variance, 1).Run<float>();
        Answer formula = Formula.Given(Data.Doubles(x), _ => 0, epsilon, Data.Doubles(mean), Data.Doubles(variance), _ => weight[0], _ => bias[0]);
        ThreeWay.Agree(
            Evaluated(new(count, 1), epsilon, weight, bias, mean, variance).Apply(x, new(count, 1)), theirs, formula, Allowed.Linear<float>(formula), $"[{count}] {data} epsilon {epsilon}");
    }, iter: 100);

    /// <summary>A mean in one float is off by 1 where floats are 2 apart.</summary>
    [Fact]
    public void BatchNormalization_MeanBetweenFloats_IsRightInNormKitOnly() =>
        ThreeWay.OnlyOursIsRight(Ours(Hard.BetweenFloats, 1e-5f), Theirs(Hard.BetweenFloats, 1e-5f), Hard.Formula(Hard.BetweenFloats, 1e-5f), 0.1, "between floats");

    /// <summary>The variance overflows, and 1 over infinity is 0.</summary>
    [Fact]
    public void BatchNormalization_HugeValues_AreZeroInOnnxRuntime()
    {
        float[] theirs = Theirs(Hard.Huge, 1e-5f);
        ThreeWay.OnlyOursIsRight(Ours(Hard.Huge, 1e-5f), theirs, Hard.Formula(Hard.Huge, 1e-5f), 1, "huge");
        Assert.All(theirs, v => Assert.Equal(0, v));
    }

    /// <summary>0 / 0: PyTorch's batch norm and NormKit give the bias.</summary>
    [Fact]
    public void BatchNormalization_ConstantWithoutEpsilon_IsNaNInOnnxRuntime()
    {
        Assert.All(Ours(Hard.Constant, 0), v => Assert.Equal(0, v));
        Assert.All(Theirs(Hard.Constant, 0), v => Assert.True(float.IsNaN(v)));
    }

    /// <summary>Where PyTorch and NormKit ask for a larger batch, ONNX Runtime gives the bias.</summary>
    [Fact]
    public void BatchNormalization_TrainingOnOneValue_IsTheBiasInOnnxRuntimeAndRefusedByNormKit()
    {
        float[] bias = [0.5f, -2, 7];
        float[] theirs = new OnnxNode("BatchNormalization", 15).With("training_mode", 1)
            .Input([3f, 4, 5], 1, 3).Input([2f, 3, 4], 3).Input(bias, 3).Input([0f, 0, 0], 3).Input([1f, 1, 1], 3).Run(true, true, true)[0].As<float>();
        Assert.Equal(bias, theirs);
        Assert.Throws<ArgumentException>("input", () => new BatchNorm<float>(3).Apply([3, 4, 5], new(1, 3)));
    }

    /// <summary>The fourth and fifth output of version 9, which the standard calls the saved mean and variance: the latter is 1 / sqrt(variance + epsilon).</summary>
    [Fact]
    public void BatchNormalization9_SavedVariance_IsTheInverseStandardDeviation()
    {
        Shape shape = new(3, 5, 7);
        float[] x = new Data(1, 2, 3).Input<float>(shape.Count), five = new Data(2, 0, 1).Weight<float>(5);
        OnnxTensor[] theirs = new OnnxNode("BatchNormalization", 9)
            .Input(x, shape.Lengths).Input(five, 5).Input(five, 5).Input(five, 5).Input([1f, 2, 3, 4, 5], 5).Run(true, true, true, true, true);
        SavedStatistics saved = new();
        new BatchNorm<float>(5, 1e-5f, affine: false).Apply(x, shape, saved);
        for (int c = 0; c < 5; c++)
        {
            Assert.Equal(saved.Moments[c].Mean, theirs[3].As<float>()[c], 1e-5);
            Assert.Equal(saved.InvStd(c), theirs[4].As<float>()[c], 1e-5);
        }
    }

    private static void Inference<T>(Shape shape, Data data, float epsilon, int opset) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] x = data.Input<T>(shape.Count), weight = data.Weight<T>(shape.C), bias = data.Bias<T>(shape.C);
        T[] mean = data.Values<T>(3, shape.C, data.Offset, data.Scale), variance = Positive<T>(data, shape.C);
        T[] theirs = new OnnxNode("BatchNormalization", opset).With("epsilon", epsilon)
            .Input(x, shape.Lengths).Input(weight, shape.C).Input(bias, shape.C).Input(mean, shape.C).Input(variance, shape.C).Run<T>();

        double[] w = Data.Doubles(weight), b = Data.Doubles(bias);
        Answer formula = Formula.Given(
            Data.Doubles(x), shape.Channel, epsilon, Data.Doubles(mean), Data.Doubles(variance), i => w[shape.Channel(i)], i => b[shape.Channel(i)]);
        ThreeWay.Agree(
            Evaluated(shape, epsilon, weight, bias, mean, variance).Apply(x, shape), theirs, formula, Allowed.Linear<T>(formula), $"opset {opset} {shape} {data} epsilon {epsilon}");
    }

    private static void Training<T>(Shape shape, Data data, float epsilon, float momentum) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] x = data.Input<T>(shape.Count), weight = data.Weight<T>(shape.C), bias = data.Bias<T>(shape.C);
        T[] mean = data.Values<T>(3, shape.C, data.Offset, data.Scale), variance = Positive<T>(data, shape.C);
        OnnxTensor[] theirs = new OnnxNode("BatchNormalization", 15).With("epsilon", epsilon).With("momentum", momentum).With("training_mode", 1)
            .Input(x, shape.Lengths).Input(weight, shape.C).Input(bias, shape.C).Input(mean, shape.C).Input(variance, shape.C).Run(true, true, true);

        // ONNX weighs the old value, PyTorch and NormKit the new one.
        BatchNorm<T> layer = new(shape.C, epsilon, 1 - (double)momentum);
        layer.Load(weight, bias);
        Layers.Fill(layer.RunningMean!, mean);
        Layers.Fill(layer.RunningVar!, variance);
        T[] ours = layer.Apply(x, shape);

        string what = $"{shape} {data} epsilon {epsilon} momentum {momentum}";
        double[] w = Data.Doubles(weight), b = Data.Doubles(bias);
        Answer formula = Formula.Own(Data.Doubles(x), shape.Channel, epsilon, i => w[shape.Channel(i)], i => b[shape.Channel(i)]);
        ThreeWay.Agree(ours, theirs[0].As<T>(), formula, Allowed.Linear<T>(formula), what);

        // The mean moves alike. ONNX moves the variance by the population's, PyTorch and NormKit by the sample's: n / (n - 1) times it.
        double n = shape.N * shape.S;
        Moved(layer.RunningMean!, theirs[1].As<T>(), mean, formula.Mean, formula.Mean, data.Scale, $"{what} mean");
        Moved(layer.RunningVar!, theirs[2].As<T>(), variance, [.. formula.Variance.Select(v => v * n / (n - 1))], formula.Variance, data.Scale * data.Scale, $"{what} variance");

        void Moved(Tensor<T> ourRunning, T[] theirRunning, T[] before, double[] ourBatch, double[] theirBatch, double spread, string which)
        {
            double[] ourExpected = Mixed(ourBatch), theirExpected = Mixed(theirBatch);
            double largest = before.Max(v => Math.Abs(double.CreateTruncating(v))) + ourBatch.Max(Math.Abs) + spread;
            Assert.InRange(Answer.Error(Layers.Values(ourRunning), ourExpected, largest), 0, Tolerances.Forward<T>());
            Assert.True(Answer.Error(theirRunning, theirExpected, largest) <= Allowed.Linear<T>(formula), which);

            double[] Mixed(double[] batch) => [.. batch.Select((v, c) => (momentum * double.CreateTruncating(before[c])) + ((1 - (double)momentum) * v))];
        }
    }

    private static BatchNorm<T> Evaluated<T>(Shape shape, float epsilon, T[] weight, T[] bias, T[] mean, T[] variance) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        BatchNorm<T> layer = new(shape.C, epsilon);
        layer.Load(weight, bias);
        Layers.Fill(layer.RunningMean!, mean);
        Layers.Fill(layer.RunningVar!, variance);
        layer.Eval();
        return layer;
    }

    private static T[] Positive<T>(Data data, int count) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [.. data.Values<T>(4, count, 1, 0.5).Select(v => (v * v * T.CreateTruncating(data.Scale * data.Scale)) + T.CreateTruncating(1e-6))];

    private static float[] Ours(float[] x, float epsilon) => new BatchNorm<float>(1, epsilon).Apply(x, new(x.Length, 1));

    private static float[] Theirs(float[] x, float epsilon) => new OnnxNode("BatchNormalization", 15).With("epsilon", epsilon).With("training_mode", 1)
        .Input(x, x.Length, 1).Input([1f], 1).Input([0f], 1).Input([0f], 1).Input([1f], 1).Run(true, true, true)[0].As<float>();
}
