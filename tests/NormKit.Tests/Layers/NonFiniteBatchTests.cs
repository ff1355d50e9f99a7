using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>One bad batch poisons running statistics for ever in PyTorch (#90342, #1206), and here unless asked not to.</summary>
public class NonFiniteBatchTests
{
    private static readonly nint[] Shape = [3, 10, 7, 11];

    public static TheoryData<float, bool> BadValues => new()
    {
        { float.NaN, false }, { float.NaN, true }, { float.PositiveInfinity, false }, { float.NegativeInfinity, true },
        { 1e25f, false }, // finite, but its variance is beyond float
        { -1e25f, true },
    };

    [Theory, MemberData(nameof(BadValues))]
    public void Forward_SkipAndOneBadElement_LeavesEveryChannelAndCountsIt(float bad, bool instance)
    {
        RunningNormLayer<float> layer = Layer(instance, 0.3);
        layer.NonFinite = RunningStatisticsPolicy.Skip;
        layer.Forward(Input(1));
        float[] mean = Placing.Logical(layer.RunningMean!), variance = Placing.Logical(layer.RunningVar!);
        long tracked = layer.NumBatchesTracked;

        layer.Forward(Input(2, bad));
        layer.Forward(Input(3, bad));

        Closeness.SameBits<float>(mean, Placing.Logical(layer.RunningMean!), "running mean");
        Closeness.SameBits<float>(variance, Placing.Logical(layer.RunningVar!), "running variance");
        Assert.Equal((tracked, 2L), (layer.NumBatchesTracked, layer.NumBatchesSkipped));
        layer.Forward(Input(4));
        Assert.NotEqual(mean, Placing.Logical(layer.RunningMean!));
        Assert.Equal((instance ? 0 : tracked + 1, 2L), (layer.NumBatchesTracked, layer.NumBatchesSkipped));
    }

    [Theory, MemberData(nameof(BadValues))]
    public void Forward_Propagate_MovesAsPyTorch(float bad, bool instance)
    {
        RunningNormLayer<float> layer = Layer(instance, 0.3), clean = Layer(instance, 0.3);
        Assert.Equal(RunningStatisticsPolicy.Propagate, layer.NonFinite);
        layer.Forward(Input(2, bad));
        clean.Forward(Input(2));

        float[] variance = Placing.Logical(layer.RunningVar!), others = Placing.Logical(clean.RunningVar!);
        for (int c = 0; c < 10; c++)
        {
            if (c == BadChannel)
                Assert.False(float.IsFinite(variance[c]));
            else
                Assert.Equal(others[c], variance[c]);
        }
        Assert.Equal((instance ? 0 : 1, 0L), (layer.NumBatchesTracked, layer.NumBatchesSkipped));
    }

    /// <summary>The average is over the batches that were taken.</summary>
    [Fact]
    public void Forward_SkipWithMomentumNull_AveragesTheOthers()
    {
        RunningNormLayer<float> layer = Layer(false, null), clean = Layer(false, null);
        layer.NonFinite = RunningStatisticsPolicy.Skip;
        foreach (int seed in (int[])[1, 2, 3])
        {
            layer.Forward(Input(seed));
            layer.Forward(Input(seed + 10, float.NaN));
            clean.Forward(Input(seed));
        }
        Closeness.SameBits<float>(Placing.Logical(clean.RunningMean!), Placing.Logical(layer.RunningMean!), "running mean");
        Closeness.SameBits<float>(Placing.Logical(clean.RunningVar!), Placing.Logical(layer.RunningVar!), "running variance");
        Assert.Equal((3L, 3L), (layer.NumBatchesTracked, layer.NumBatchesSkipped));
    }

    /// <summary>Instance norm with momentum null moves by 0, and 0 * NaN is NaN.</summary>
    [Fact]
    public void Forward_InstanceNormWithMomentumNull_IsPoisonedUnlessSkipping()
    {
        RunningNormLayer<float> propagating = Layer(true, null), skipping = Layer(true, null);
        skipping.NonFinite = RunningStatisticsPolicy.Skip;
        propagating.Forward(Input(1, float.NaN));
        skipping.Forward(Input(1, float.NaN));
        Assert.True(float.IsNaN(propagating.RunningMean![BadChannel]));
        Assert.Equal(new float[10], Placing.Logical(skipping.RunningMean!));
        Assert.Equal(1, skipping.NumBatchesSkipped);
    }

    [Theory]
    [InlineData(float.NaN, false)]
    [InlineData(float.PositiveInfinity, true)]
    [InlineData(0.5f, false)]
    [InlineData(0.5f, true)]
    public void Forward_Skip_ChangesNeitherOutputNorGradients(float value, bool instance)
    {
        List<float[]> results = [];
        foreach (RunningStatisticsPolicy policy in Enum.GetValues<RunningStatisticsPolicy>())
        {
            RunningNormLayer<float> layer = Layer(instance, 0.3);
            layer.NonFinite = policy;
            SavedStatistics saved = new();
            Tensor<float> x = Input(1, value);
            results.Add(
            [
                .. Placing.Logical(layer.Forward(x, saved)), .. Placing.Logical(layer.Backward(Input(2), x, saved)),
                .. Placing.Logical(layer.Weight!.Grad), .. Placing.Logical(layer.Bias!.Grad),
            ]);
        }
        Closeness.SameBits<float>(results[0], results[1], "y, dx, dweight and dbias");
    }

    /// <summary>Where all is finite both policies are one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Forward_SkipAndFiniteBatches_MovesAsWithout(bool instance)
    {
        RunningNormLayer<float> layer = Layer(instance, 0.3), other = Layer(instance, 0.3);
        layer.NonFinite = RunningStatisticsPolicy.Skip;
        for (int seed = 0; seed < 3; seed++)
        {
            layer.Forward(Input(seed));
            other.Forward(Input(seed));
        }
        Closeness.SameBits<float>(Placing.Logical(other.RunningMean!), Placing.Logical(layer.RunningMean!), "running mean");
        Closeness.SameBits<float>(Placing.Logical(other.RunningVar!), Placing.Logical(layer.RunningVar!), "running variance");
        Assert.Equal((other.NumBatchesTracked, 0L), (layer.NumBatchesTracked, layer.NumBatchesSkipped));
    }

    [Fact]
    public void Forward_SkipInEvaluationWithoutTrackingOrEmpty_CountsNothing()
    {
        BatchNorm<float> layer = new(10) { NonFinite = RunningStatisticsPolicy.Skip }, untracked = new(10, trackRunningStats: false) { NonFinite = RunningStatisticsPolicy.Skip };
        untracked.Forward(Input(1, float.NaN));
        layer.Forward(Tensor.CreateFromShape<float>([0, 10, 7, 11]));
        Assert.Equal(1, layer.NumBatchesTracked);
        layer.Eval();
        layer.Forward(Input(1, float.NaN));
        Assert.Equal((0L, 0L), (untracked.NumBatchesSkipped, layer.NumBatchesSkipped));
    }

    [Fact]
    public void ResetRunningStats_AfterASkip_SetsBothCountsToZero()
    {
        RunningNormLayer<float> layer = Layer(false, 0.1);
        layer.NonFinite = RunningStatisticsPolicy.Skip;
        layer.Forward(Input(1));
        layer.Forward(Input(1, float.NaN));
        Assert.Equal((1L, 1L), (layer.NumBatchesTracked, layer.NumBatchesSkipped));
        layer.ResetRunningStats();
        Assert.Equal((0L, 0L), (layer.NumBatchesTracked, layer.NumBatchesSkipped));
        Assert.Equal(RunningStatisticsPolicy.Skip, layer.NonFinite);
    }

    [Fact]
    public void NonFinite_NoPolicy_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchNorm<float>(3).NonFinite = (RunningStatisticsPolicy)2);

    private const int BadChannel = 4;

    private static RunningNormLayer<float> Layer(bool instance, double? momentum) => instance
        ? new InstanceNorm<float>(10, momentum: momentum, affine: true, trackRunningStats: true) : new BatchNorm<float>(10, momentum: momentum);

    /// <summary>One bad element, in the last sample of one channel.</summary>
    private static Tensor<float> Input(int seed, float? bad = null)
    {
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(seed), 2310, 2, 5), Shape);
        if (bad is float value)
            x[2, BadChannel, 3, 5] = value;
        return x;
    }
}
