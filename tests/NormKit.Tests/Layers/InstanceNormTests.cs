using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class InstanceNormTests
{
    private static readonly nint[] Shape = [3, 10, 7, 11];

    [Theory, WithEach(1, 2, 3)]
    public void Forward_OneSample_IsItsPartOfABatch(Placement placement, int dimensions)
    {
        InstanceNorm<float> layer = OfDimensions(dimensions, affine: true);
        Results<float>.Load(layer.Weight, Inputs<float>.Normal(new(1), 5));
        Results<float>.Load(layer.Bias, Inputs<float>.Normal(new(2), 5));
        // Positions of length 1 among them, where channels-last and row-major memory are told apart by the channels alone.
        foreach (nint[] positions in (nint[][])[[7, 4, 3], [1, 4, 6], [6, 1, 4], [4, 6, 1]])
        {
            nint[] sample = [5, .. positions[..dimensions]];
            if (sample.Aggregate((a, b) => a * b) == 5)
                continue;
            float[] x = Inputs<float>.Normal(new(3), (int)sample.Aggregate((a, b) => a * b), 2, 7), dy = Inputs<float>.Normal(new(4), x.Length);
            SavedStatistics saved = new(), savedOfBatch = new();
            Tensor<float> batch = Tensor.Create(x, [1, .. sample]);
            Tensor<float> one = PlaceSample(x, sample, placement);

            layer.ZeroGrad();
            Tensor<float> expected = layer.Forward(batch, savedOfBatch), expectedDx = layer.Backward(Tensor.Create(dy, [1, .. sample]), batch, savedOfBatch);
            float[] expectedDWeight = Placing.Logical(layer.Weight!.Grad);
            layer.ZeroGrad();
            Tensor<float> y = layer.Forward(one, saved), dx = layer.Backward(PlaceSample(dy, sample, placement), one, saved);

            string what = $"[{string.Join(", ", sample)}] {placement}";
            Assert.Equal(sample, y.Lengths.ToArray());
            Closeness.Near<float>(Placing.Logical(y), Inputs<float>.Doubles(Placing.Logical(expected)), 2 * Tolerances.ForwardFloat, $"{what} y");
            Closeness.Near<float>(Placing.Logical(dx), Inputs<float>.Doubles(Placing.Logical(expectedDx)), 2 * Tolerances.InputGradientFloat, $"{what} dx");
            Closeness.Near<float>(
                Placing.Logical(layer.Weight.Grad), Inputs<float>.Doubles(expectedDWeight), 2 * Tolerances.ParameterGradientFloat, $"{what} dweight");
        }
    }

    /// <summary>The same on spans, whose channels-last memory is told by the argument alone.</summary>
    [Theory, WithEach(2, 3)]
    public void Forward_OneSampleOnSpans_IsItsPartOfABatch(MemoryFormat format, int dimensions)
    {
        InstanceNorm<float> layer = OfDimensions(dimensions, affine: true);
        Results<float>.Load(layer.Weight, Inputs<float>.Normal(new(1), 5));
        foreach (nint[] positions in (nint[][])[[7, 4, 3], [1, 4, 6], [6, 1, 4], [4, 6, 1]])
        {
            nint[] sample = [5, .. positions[..dimensions]], shape = [1, .. sample];
            float[] x = Inputs<float>.Normal(new(3), (int)sample.Aggregate((a, b) => a * b), 2, 7), dy = Inputs<float>.Normal(new(4), x.Length);
            bool last = format == MemoryFormat.ChannelsLast;
            float[] inMemory = last ? Placing.ToChannelsLast(x, shape) : x, dyInMemory = last ? Placing.ToChannelsLast(dy, shape) : dy;
            float[] y = new float[x.Length], dx = new float[x.Length];
            SavedStatistics saved = new();
            layer.ZeroGrad();
            layer.Forward(inMemory, sample, y, saved, format);
            layer.Backward(dyInMemory, inMemory, sample, saved, dx, format);
            Expected expected = NormFormula.Of(
                new(Norm.Instance, shape), Inputs<float>.Doubles(x)!, Inputs<float>.Doubles(dy), Inputs<float>.Doubles(Placing.Logical(layer.Weight!.Value)));
            string what = $"[{string.Join(", ", sample)}] {format}";
            Closeness.Near<float>(last ? Placing.FromChannelsLast(y, shape) : y, expected.Y, Tolerances.ForwardFloat, $"{what} y");
            Closeness.Near<float>(last ? Placing.FromChannelsLast(dx, shape) : dx, expected.Dx, Tolerances.InputGradientFloat, $"{what} dx");
            Closeness.Near<float>(Placing.Logical(layer.Weight.Grad), expected.DWeight, Tolerances.ParameterGradientFloat, $"{what} dweight");
        }
    }

    [Theory]
    [InlineData(1, "expected 2D or 3D input")]
    [InlineData(2, "expected 3D or 4D input")]
    [InlineData(3, "expected 4D or 5D input")]
    public void Forward_OtherRanks_Throws(int dimensions, string words)
    {
        InstanceNorm<float> layer = OfDimensions(dimensions, affine: false);
        for (int rank = 1; rank <= 6; rank++)
        {
            nint[] shape = [.. Enumerable.Repeat((nint)5, rank)];
            Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(rank), (int)Math.Pow(5, rank)), shape);
            if (rank == dimensions + 1 || rank == dimensions + 2)
            {
                Assert.Equal(shape, layer.Forward(x).Lengths.ToArray());
                continue;
            }
            ArgumentException thrown = Assert.Throws<ArgumentException>("input", () => layer.Forward(x));
            Assert.StartsWith($"InstanceNorm{dimensions}d: {words} (got {rank}D input)", thrown.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Constructor_Defaults_ArePyTorchs()
    {
        InstanceNorm2d<float> layer = new(3);
        Assert.Equal((3, 1e-5, 0.1, false), (layer.NumFeatures, layer.Eps, layer.Momentum, layer.TrackRunningStats));
        Assert.Null(layer.Weight);
        Assert.Null(layer.Bias);
        Assert.Null(layer.RunningMean);
        Assert.Null(layer.RunningVar);
    }

    [Fact]
    public void Forward_Tracking_TakesTheMeanOverSamplesOfUnbiasedVariances()
    {
        InstanceNorm2d<float> layer = new(10, momentum: 0.3, trackRunningStats: true);
        float[] x = Inputs<float>.Normal(new(1), 2310, 2, 5);
        layer.Forward(Tensor.Create(x, Shape));
        Expected expected = NormFormula.Of(new(Norm.Instance, Shape), Inputs<float>.Doubles(x)!);
        double[] mean = [.. Enumerable.Range(0, 10).Select(c => 0.3 * Enumerable.Range(0, 3).Average(n => expected.Mean[(n * 10) + c]))];
        double[] variance = [.. Enumerable.Range(0, 10).Select(c => 0.7 + (0.3 * Enumerable.Range(0, 3).Average(n => expected.Variance[(n * 10) + c] * 77 / 76)))];
        Closeness.Near<float>(Placing.Logical(layer.RunningMean!), mean, Tolerances.RunningFloat, "running mean");
        Closeness.Near<float>(Placing.Logical(layer.RunningVar!), variance, Tolerances.RunningFloat, "running variance");
        Assert.Equal(0, layer.NumBatchesTracked);
    }

    /// <summary>A sample's channel moves the mean with one element and the variance with two; a channel without such a sample keeps its running value.</summary>
    [Theory]
    [InlineData(RunningStatisticsPolicy.Propagate)]
    [InlineData(RunningStatisticsPolicy.Skip)]
    public void Forward_TrackingUnderAMask_TakesTheSetsThatHaveEnough(RunningStatisticsPolicy policy)
    {
        int[][] left = [[5, 1, 0, 1], [2, 3, 0, 1], [0, 1, 0, 0]];    // elements of five, by sample and channel
        double[] x = Inputs<double>.Normal(new(1), 60, 2, 5);
        bool[] mask = [.. Enumerable.Range(0, 60).Select(i => i % 5 < left[i / 20][i / 5 % 4])];
        InstanceNorm1d<double> layer = new(4, momentum: 0.3, trackRunningStats: true) { NonFinite = policy };
        layer.Forward(Tensor.Create(x, [3, 4, 5]), mask: Tensor.Create(mask, [3, 4, 5]));
        for (int c = 0; c < 4; c++)
        {
            double[][] sets = [.. Enumerable.Range(0, 3).Select(n => x.AsSpan(((n * 4) + c) * 5, left[n][c]).ToArray())];
            double[] means = [.. sets.Where(s => s.Length > 0).Select(s => s.Average())];
            double[] variances = [.. sets.Where(s => s.Length > 1).Select(s => s.Sum(v => Math.Pow(v - s.Average(), 2)) / (s.Length - 1))];
            Assert.Equal(means.Length == 0 ? 0 : 0.3 * means.Average(), layer.RunningMean![c], 1e-13);
            Assert.Equal(variances.Length == 0 ? 1 : 0.7 + (0.3 * variances.Average()), layer.RunningVar![c], 1e-13);
        }
    }

    /// <summary>A single element has a mean, which may be infinite, and no variance.</summary>
    [Fact]
    public void Forward_SkipAndASingleInfiniteElementUnderAMask_LeavesEveryChannel()
    {
        double[] x = Inputs<double>.Normal(new(1), 20, 2, 5);
        x[5] = double.PositiveInfinity;
        bool[] mask = [.. Enumerable.Range(0, 20).Select(i => i / 5 != 1 || i == 5)];
        InstanceNorm1d<double> layer = new(4, trackRunningStats: true) { NonFinite = RunningStatisticsPolicy.Skip };
        layer.Forward(Tensor.Create(x, [1, 4, 5]), mask: Tensor.Create(mask, [1, 4, 5]));
        Assert.Equal(new double[4], Placing.Logical(layer.RunningMean!));
        Assert.Equal([1, 1, 1, 1], Placing.Logical(layer.RunningVar!));
        Assert.Equal(1, layer.NumBatchesSkipped);
    }

    /// <summary>In evaluation it is batch norm in evaluation (pytorch/pytorch #58843).</summary>
    [Theory, CombinatorialNorms]
    public void Forward_TrackingInEvaluation_UsesRunningStatistics(Placement placement)
    {
        InstanceNorm2d<float> layer = new(10, affine: true, trackRunningStats: true);
        layer.Forward(Tensor.Create(Inputs<float>.Normal(new(1), 2310, 2, 5), Shape));
        float[] mean = Placing.Logical(layer.RunningMean!), variance = Placing.Logical(layer.RunningVar!), x = Inputs<float>.Normal(new(2), 2310, 2, 5), dy = Inputs<float>.Normal(new(3), 2310);
        layer.Eval();
        SavedStatistics saved = new();
        Tensor<float> input = Placing.Place(x, Shape, placement);
        Expected expected = NormFormula.Of(
            new(Norm.Instance, Shape), Inputs<float>.Doubles(x)!, Inputs<float>.Doubles(dy), running: (Inputs<float>.Doubles(mean)!, Inputs<float>.Doubles(variance)!));
        Closeness.Near<float>(Placing.Logical(layer.Forward(input, saved)), expected.Y, Tolerances.ForwardFloat, "y");
        Closeness.Near<float>(Placing.Logical(layer.Backward(Placing.Place(dy, Shape, placement), input, saved)), expected.Dx, Tolerances.InputGradientFloat, "dx");
        Closeness.Near<float>(Placing.Logical(layer.Weight!.Grad), expected.DWeight, Tolerances.ParameterGradientFloat, "dweight");
        Assert.Equal(mean, (IEnumerable<float>)Placing.Logical(layer.RunningMean!));
        Assert.Equal(variance, (IEnumerable<float>)Placing.Logical(layer.RunningVar!));
    }

    [Fact]
    public void Forward_MomentumNull_NeverMovesRunningStatistics()
    {
        InstanceNorm2d<float> layer = new(10, momentum: null, trackRunningStats: true);
        for (int i = 0; i < 3; i++)
            layer.Forward(Tensor.Create(Inputs<float>.Normal(new(i), 2310, 2, 5), Shape));
        Assert.Equal(new float[10], Placing.Logical(layer.RunningMean!));
        Assert.Equal(Enumerable.Repeat(1f, 10), Placing.Logical(layer.RunningVar!));
        Assert.Equal(0, layer.NumBatchesTracked);
    }

    [Fact]
    public void Forward_EmptyBatchTracked_MovesNothing()
    {
        InstanceNorm2d<float> layer = new(10, trackRunningStats: true);
        Assert.Equal([0, 10, 7, 11], layer.Forward(Tensor.CreateFromShape<float>([0, 10, 7, 11])).Lengths.ToArray());
        Assert.Equal(new float[10], Placing.Logical(layer.RunningMean!));
        Assert.Equal(Enumerable.Repeat(1f, 10), Placing.Logical(layer.RunningVar!));
    }

    [Fact]
    public void Forward_OtherChannels_ThrowsOnlyWhereTheLayerHoldsSomethingOfEach()
    {
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(2), 2310), Shape);
        Assert.Equal(Shape, new InstanceNorm2d<float>(4).Forward(x).Lengths.ToArray());
        foreach (InstanceNorm2d<float> layer in (InstanceNorm2d<float>[])[new(4, affine: true), new(4, trackRunningStats: true)])
        {
            ArgumentException thrown = Assert.Throws<ArgumentException>("input", () => layer.Forward(x));
            Assert.Contains("InstanceNorm2d", thrown.Message, StringComparison.Ordinal);
            Assert.Contains("(4)", thrown.Message, StringComparison.Ordinal);
            Assert.Contains("got: 10", thrown.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Forward_OnePosition_ThrowsInEvaluationToo()
    {
        InstanceNorm2d<float> layer = new(10);
        layer.Eval();
        ArgumentException thrown = Assert.Throws<ArgumentException>("input", () => layer.Forward(Tensor.CreateFromShape<float>([3, 10, 1, 1])));
        Assert.StartsWith("InstanceNorm2d: expected more than 1 spatial element when training, got input size [3, 10, 1, 1]", thrown.Message, StringComparison.Ordinal);
    }

    private static InstanceNorm<float> OfDimensions(int dimensions, bool affine) => dimensions switch
    {
        1 => new InstanceNorm1d<float>(5, affine: affine),
        2 => new InstanceNorm2d<float>(5, affine: affine),
        _ => new InstanceNorm3d<float>(5, affine: affine),
    };

    /// <summary>A sample laid out as its batch of one is, without the leading dimension.</summary>
    private static Tensor<float> PlaceSample(float[] x, nint[] sample, Placement placement) =>
        Placing.Place(x, [1, .. sample], placement).SqueezeDimension(0);

    [Fact]
    public void Forward_OneSampleIntoABatch_NamesTheDestination()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            new InstanceNorm2d<float>(3).Forward(Tensor.CreateFromShape<float>([3, 4, 5]), Tensor.CreateFromShape<float>([1, 3, 4, 5])));
        Assert.Contains("destination has shape [1, 3, 4, 5]", error.Message, StringComparison.Ordinal);
    }
}
