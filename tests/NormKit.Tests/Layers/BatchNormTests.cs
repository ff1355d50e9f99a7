using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class BatchNormTests
{
    private static readonly nint[] Shape = [3, 10, 7, 11];
    private const int Count = 231;

    [Theory]
    [InlineData(1, 2, 3)]
    [InlineData(2, 4, 4)]
    [InlineData(3, 5, 5)]
    public void Forward_RanksOfEachDimension_AreTakenAndOthersRefused(int dimensions, int least, int most)
    {
        BatchNorm<float> layer = dimensions switch { 1 => new BatchNorm1d<float>(5), 2 => new BatchNorm2d<float>(5), _ => new BatchNorm3d<float>(5) };
        string words = dimensions switch { 1 => "expected 2D or 3D input", 2 => "expected 4D input", _ => "expected 5D input" };
        for (int rank = 1; rank <= 6; rank++)
        {
            nint[] shape = [.. ((nint[])[4, 5, 2, 3, 2, 2])[..rank]];
            Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(rank), (int)shape.Aggregate((a, b) => a * b)), shape);
            if (rank >= least && rank <= most)
            {
                Assert.Equal(shape, layer.Forward(x).Lengths.ToArray());
                continue;
            }
            long tracked = layer.NumBatchesTracked;
            ArgumentException thrown = Assert.Throws<ArgumentException>("input", () => layer.Forward(x));
            Assert.StartsWith($"BatchNorm{dimensions}d: {words} (got {rank}D input)", thrown.Message, StringComparison.Ordinal);
            Assert.Equal(tracked, layer.NumBatchesTracked);
        }
        Assert.Equal(most - least + 1, layer.NumBatchesTracked);
    }

    [Fact]
    public void Constructor_Defaults_ArePyTorchs()
    {
        BatchNorm2d<float> layer = new(3);
        Assert.Equal((3, 1e-5, 0.1, true, 0L, true), (layer.NumFeatures, layer.Eps, layer.Momentum, layer.TrackRunningStats, layer.NumBatchesTracked, layer.Training));
        Assert.Equal([1f, 1, 1], Placing.Logical(layer.Weight!.Value));
        Assert.Equal([0f, 0, 0], Placing.Logical(layer.Bias!.Value));
        Assert.Equal([0f, 0, 0], Placing.Logical(layer.RunningMean!));
        Assert.Equal([1f, 1, 1], Placing.Logical(layer.RunningVar!));
        Assert.Equal([0f, 0, 0], Placing.Logical(layer.Weight.Grad));
    }

    [Fact]
    public void Constructor_BadArguments_Throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>("numFeatures", () => new BatchNorm<float>(0));
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new BatchNorm<float>(3, eps: -1e-5));
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new BatchNorm<float>(3, eps: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchNorm<float>(3, momentum: 1.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchNorm<float>(3, momentum: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchNorm<float>(3).Momentum = -0.5);
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchNorm<float>(3).MaxDegreeOfParallelism = 0);
    }

    [Fact]
    public void Forward_Training_MovesRunningStatisticsByTheUnbiasedVariance()
    {
        BatchNorm<float> layer = new(10, momentum: 0.3);
        double[] mean = new double[10], variance = [.. Enumerable.Repeat(1.0, 10)];
        for (int batch = 1; batch <= 4; batch++)
        {
            float[] x = Inputs<float>.Normal(new(batch), 10 * Count, batch, 3 * batch);
            layer.Forward(Tensor.Create(x, Shape));
            Expected expected = NormFormula.Of(new(Norm.Batch, Shape), Inputs<float>.Doubles(x)!);
            for (int c = 0; c < 10; c++)
            {
                mean[c] = (0.7 * mean[c]) + (0.3 * expected.Mean[c]);
                variance[c] = (0.7 * variance[c]) + (0.3 * expected.Variance[c] * Count / (Count - 1));
            }
            Closeness.Near<float>(Placing.Logical(layer.RunningMean!), mean, 2 * Tolerances.RunningFloat, "running mean");
            Closeness.Near<float>(Placing.Logical(layer.RunningVar!), variance, 2 * Tolerances.RunningFloat, "running variance");
            Assert.Equal(batch, layer.NumBatchesTracked);
        }
    }

    [Fact]
    public void Forward_MomentumNull_AveragesAllBatches()
    {
        BatchNorm<float> layer = new(10, momentum: null);
        double[] mean = new double[10], variance = new double[10];
        for (int batch = 1; batch <= 5; batch++)
        {
            float[] x = Inputs<float>.Normal(new(batch), 10 * Count, batch, 3 * batch);
            layer.Forward(Tensor.Create(x, Shape));
            Expected expected = NormFormula.Of(new(Norm.Batch, Shape), Inputs<float>.Doubles(x)!);
            for (int c = 0; c < 10; c++)
            {
                mean[c] += expected.Mean[c];
                variance[c] += expected.Variance[c] * Count / (Count - 1);
            }
            Closeness.Near<float>(Placing.Logical(layer.RunningMean!), [.. mean.Select(v => v / batch)], 5 * Tolerances.RunningFloat, "running mean");
            Closeness.Near<float>(Placing.Logical(layer.RunningVar!), [.. variance.Select(v => v / batch)], 5 * Tolerances.RunningFloat, "running variance");
        }
    }

    [Fact]
    public void Forward_Evaluation_UsesRunningStatisticsAndLeavesThem()
    {
        BatchNorm<float> layer = new(10);
        layer.Forward(Tensor.Create(Inputs<float>.Normal(new(1), 2310, 2, 5), Shape));
        layer.Eval();
        float[] mean = Placing.Logical(layer.RunningMean!), variance = Placing.Logical(layer.RunningVar!), x = Inputs<float>.Normal(new(2), 2310, 3, 4);
        float[] y = Placing.Logical(layer.Forward(Tensor.Create(x, Shape)));
        Closeness.Near<float>(
            y, NormFormula.Of(new(Norm.Batch, Shape), Inputs<float>.Doubles(x)!, running: (Inputs<float>.Doubles(mean)!, Inputs<float>.Doubles(variance)!)).Y,
            Tolerances.ForwardFloat, "y");
        Assert.Equal(mean, (IEnumerable<float>)Placing.Logical(layer.RunningMean!));
        Assert.Equal(variance, (IEnumerable<float>)Placing.Logical(layer.RunningVar!));
        Assert.Equal(1, layer.NumBatchesTracked);
        layer.Train();
        Assert.True(layer.Training);
    }

    /// <summary>Running statistics are floats, but what is done with them is not: no offset costs digits.</summary>
    [Theory, WithEach(0, 100, 1_000_000)]
    public void Forward_EvaluationFarFromZero_MatchesFormula(Placement placement, int offset)
    {
        float[] x = Inputs<float>.Normal(new(2), 2310, 1, offset), mean = Inputs<float>.Normal(new(3), 10, 1, offset), variance = [.. Enumerable.Range(1, 10).Select(i => i / 7f)];
        Tensor<float> y = Functional.BatchNorm<float>(Placing.Place(x, Shape, placement), false, Tensor.Create(mean), Tensor.Create(variance));
        Expected expected = NormFormula.Of(
            new(Norm.Batch, Shape), Inputs<float>.Doubles(x)!, running: (Inputs<float>.Doubles(mean)!, Inputs<float>.Doubles(variance)!));
        Closeness.Near<float>(Placing.Logical(y), expected.Y, Tolerances.ForwardFloat, "y");
    }

    [Theory, WithEach(4, 20)]
    public void Backward_Evaluation_LetsNoGradientThroughStatistics(MemoryFormat format, int positions)
    {
        Problem problem = new(Norm.Batch, [3, 10, positions]);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 3, offset: 0.5);
        float[] mean = Inputs<float>.Normal(new(8), 10), variance = [.. Enumerable.Range(1, 10).Select(i => i / 3f)];
        bool last = format == MemoryFormat.ChannelsLast;
        float[] x = last ? Placing.ToChannelsLast(inputs.X, problem.Shape) : inputs.X, dy = last ? Placing.ToChannelsLast(inputs.Dy, problem.Shape) : inputs.Dy;
        SavedStatistics saved = new();
        float[] dx = new float[x.Length], dWeight = new float[10], dBias = new float[10];
        Functional.BatchNorm<float>(x, problem.Shape, new float[x.Length], false, mean, variance, inputs.Weight, inputs.Bias, saved: saved, format: format);
        Assert.True(saved.Fixed);
        Functional.Backward<float>(dy, x, problem.Shape, saved, inputs.Weight, dx, dWeight, dBias, format);
        Expected expected = NormFormula.Of(
            problem, Inputs<float>.Doubles(inputs.X)!, Inputs<float>.Doubles(inputs.Dy), Inputs<float>.Doubles(inputs.Weight), Inputs<float>.Doubles(inputs.Bias),
            (Inputs<float>.Doubles(mean)!, Inputs<float>.Doubles(variance)!));
        Closeness.Near<float>(last ? Placing.FromChannelsLast(dx, problem.Shape) : dx, expected.Dx, Tolerances.InputGradientFloat, "dx");
        Closeness.Near<float>(dWeight, expected.DWeight, Tolerances.ParameterGradientFloat, "dweight");
        Closeness.Near<float>(dBias, expected.DBias, Tolerances.ParameterGradientFloat, "dbias");
    }

    [Fact]
    public void Forward_WithoutTracking_UsesTheBatchInEvaluationToo()
    {
        BatchNorm2d<float> layer = new(10, affine: false, trackRunningStats: false);
        Assert.Null(layer.RunningMean);
        Assert.Null(layer.RunningVar);
        Assert.Null(layer.Weight);
        Assert.Null(layer.Bias);
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(2), 2310, 3, 4), Shape);
        float[] training = Placing.Logical(layer.Forward(x));
        layer.Eval();
        Closeness.SameBits<float>(training, Placing.Logical(layer.Forward(x)), "y");
        Closeness.Near<float>(training, NormFormula.Of(new(Norm.Batch, Shape), Inputs<float>.Doubles(Placing.Logical(x))!).Y, Tolerances.ForwardFloat, "y");
        Assert.Equal(0, layer.NumBatchesTracked);
    }

    [Fact]
    public void Forward_OneValuePerChannel_ThrowsInTrainingAndLeavesTheLayer()
    {
        BatchNorm1d<float> layer = new(3);
        layer.Forward(Tensor.Create(Inputs<float>.Normal(new(1), 12), [4, 3]));
        float[] mean = Placing.Logical(layer.RunningMean!), variance = Placing.Logical(layer.RunningVar!);
        Tensor<float> one = Tensor.Create([1f, 2, 3], [1, 3]);
        ArgumentException thrown = Assert.Throws<ArgumentException>("input", () => layer.Forward(one));
        Assert.StartsWith("BatchNorm1d: expected more than 1 value per channel when training, got input size [1, 3]", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(mean, (IEnumerable<float>)Placing.Logical(layer.RunningMean!));
        Assert.Equal(variance, (IEnumerable<float>)Placing.Logical(layer.RunningVar!));
        Assert.Equal(1, layer.NumBatchesTracked);
        layer.Eval();
        Assert.All(Placing.Logical(layer.Forward(one)), v => Assert.True(float.IsFinite(v)));
    }

    [Theory]
    [InlineData(0, 3, 5)]
    [InlineData(4, 3, 0)]
    public void Forward_EmptyBatch_IsCountedAndMovesNothing(int n, int c, int length)
    {
        BatchNorm1d<float> layer = new(3);
        SavedStatistics saved = new();
        Tensor<float> x = Tensor.CreateFromShape<float>([n, c, length]);
        Tensor<float> y = layer.Forward(x, saved);
        Assert.Equal([n, c, length], y.Lengths.ToArray());
        Assert.Equal([0f, 0, 0], Placing.Logical(layer.RunningMean!));
        Assert.Equal([1f, 1, 1], Placing.Logical(layer.RunningVar!));
        Assert.Equal(1, layer.NumBatchesTracked);
        Assert.Equal([n, c, length], layer.Backward(y, x, saved).Lengths.ToArray());
        Assert.Equal([0f, 0, 0], Placing.Logical(layer.Weight!.Grad));
    }

    [Fact]
    public void Forward_EmptyBatchAfterAFullOne_LeavesNoStaleMoments()
    {
        BatchNorm1d<float> layer = new(3);
        SavedStatistics saved = new();
        layer.Forward(Tensor.Create(Inputs<float>.Normal(new(1), 12), [4, 3]), saved);
        layer.Forward(Tensor.CreateFromShape<float>([0, 3]), saved);
        Assert.All(saved.Moments.ToArray(), m => Assert.Equal(0, m.Count));
    }

    [Fact]
    public void Forward_OtherChannels_Throws()
    {
        ArgumentException thrown = Assert.Throws<ArgumentException>("input", () => new BatchNorm2d<float>(4).Forward(Tensor.CreateFromShape<float>([2, 3, 5, 6])));
        Assert.Contains("BatchNorm2d", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("(4)", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("3", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("[2, 3, 5, 6]", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ResetRunningStats_AfterTraining_RestoresTheBeginning()
    {
        BatchNorm2d<float> layer = new(10);
        layer.Forward(Tensor.Create(Inputs<float>.Normal(new(2), 2310, 3, 4), Shape));
        Assert.NotEqual(0, layer.RunningMean![0]);
        layer.ResetRunningStats();
        Assert.Equal(new float[10], Placing.Logical(layer.RunningMean!));
        Assert.Equal(Enumerable.Repeat(1f, 10), Placing.Logical(layer.RunningVar!));
        Assert.Equal(0, layer.NumBatchesTracked);
    }

    [Fact]
    public void Forward_Refused_LeavesRunningStatisticsAndDestination()
    {
        BatchNorm2d<float> layer = new(10);
        float[] y = Inputs<float>.Normal(new(3), 2310), before = [.. y];
        Assert.Throws<ArgumentException>(() => layer.Forward(new float[2309], Shape, y));
        Assert.Throws<ArgumentException>(() => layer.Forward(y.AsSpan(0, 2300), [2, 10, 5, 23], y.AsSpan(10)));
        Assert.Equal(before, (IEnumerable<float>)y);
        Assert.Equal(new float[10], Placing.Logical(layer.RunningMean!));
        Assert.Equal(0, layer.NumBatchesTracked);
    }
}
