using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests.PainPoints;

/// <summary>What users of other libraries were surprised by in running statistics, training and evaluation. Numbers are those of docs/differences.md.</summary>
public class RunningStatisticsPainPoints
{
    private static readonly nint[] Shape = [4, 3, 5];

    /// <summary>pytorch/pytorch #4534, #13223: a batch of one in training, a common last batch. The message says what to do.</summary>
    [Fact]
    public void PainPoint09_BatchOfOneInTraining_IsRefusedWithTheWayOut()
    {
        BatchNorm1d<float> layer = new(3);
        ArgumentException thrown = Assert.Throws<ArgumentException>("input", () => layer.Forward(Tensor.Create([1f, 2, 3], [1, 3])));
        Assert.Contains("[1, 3]", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("use a larger batch, or running statistics", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(0, layer.NumBatchesTracked);
        Assert.Equal([1f, 1, 1], Placing.Logical(layer.RunningVar!));
        layer.Eval();
        Assert.Equal(3, layer.Forward(Tensor.Create([1f, 2, 3], [1, 3])).FlattenedLength);
    }

    /// <summary>pytorch/pytorch #45687, #19250: as PyTorch, a single position a channel is refused by instance norm, and one value a group only in a batch of one.</summary>
    [Fact]
    public void PainPoint10_OneElementAGroup_FollowsPyTorch()
    {
        Tensor<float> two = Tensor.Create(Inputs<float>.Normal(new(1), 6), [2, 3]), one = Tensor.Create(Inputs<float>.Normal(new(1), 3), [1, 3]);
        Assert.Throws<ArgumentException>("input", () => new InstanceNorm1d<float>(3).Forward(Tensor.CreateFromShape<float>([2, 3, 1])));
        Assert.Throws<ArgumentException>("input", () => new GroupNorm<float>(3, 3).Forward(one));
        GroupNorm<float> layer = new(3, 3);
        Results<float>.Load(layer.Bias, [0.5f, -2, 7]);
        Assert.Equal([0.5f, -2, 7, 0.5f, -2, 7], Placing.Logical(layer.Forward(two)));
    }

    /// <summary>pytorch/pytorch #3122, #1410, #19902 and six reports on the documentation: n - 1 in running statistics, n in the output.</summary>
    [Fact]
    public void PainPoint11_RunningVariance_IsUnbiasedAndTheOutputsIsNot()
    {
        BatchNorm<double> layer = new(1, eps: 0, momentum: 1);
        double[] y = Placing.Logical(layer.Forward(Tensor.Create([1.0, 2, 3, 6], [4, 1])));
        // Mean 3, squared deviations 4 + 1 + 0 + 9 = 14.
        Assert.Equal(14 / 3.0, layer.RunningVar![0], 1e-15);
        Assert.Equal(3 / Math.Sqrt(14 / 4.0), y[3], 1e-15);
    }

    /// <summary>pytorch/pytorch #5406, #4741: the outputs differ, and by what: running statistics lag behind, and have n / (n - 1) times the variance.</summary>
    [Fact]
    public void PainPoint12_TrainingAndEvaluation_DifferByTheRunningStatistics()
    {
        BatchNorm<double> layer = new(3, eps: 0, momentum: 1);
        Tensor<double> x = Tensor.Create(Inputs<double>.Normal(new(2), 60, 2, 5), Shape);
        double[] training = Placing.Logical(layer.Forward(x));
        layer.Eval();
        // 20 values a channel; with a momentum of 1 nothing but n / (n - 1) is left.
        Closeness.Near<double>(Placing.Logical(layer.Forward(x)), [.. training.Select(v => v * Math.Sqrt(19 / 20.0))], 1e-14, "y");
    }

    /// <summary>pytorch/pytorch #15298, pytorch2keras #70: momentum weighs the new value, as in PyTorch.</summary>
    [Fact]
    public void PainPoint13_Momentum_WeighsTheNewValue()
    {
        BatchNorm<double> layer = new(1, momentum: 0.25);
        layer.Forward(Tensor.Create([6.0, 10], [2, 1]));
        // From 0 and 1 towards 8 and 8 (unbiased).
        Assert.Equal((2.0, 2.75), (layer.RunningMean![0], layer.RunningVar![0]));
    }

    /// <summary>pytorch/pytorch #31498: a momentum of null averages all batches alike.</summary>
    [Fact]
    public void PainPoint14_MomentumNull_AveragesAllBatchesAlike()
    {
        BatchNorm<double> layer = new(1, momentum: null);
        foreach (double mean in (double[])[3, 6, 15])
            layer.Forward(Tensor.Create([mean - 1, mean + 1], [2, 1]));
        Assert.Equal(8, layer.RunningMean![0], 1e-14);
        Assert.Equal(2, layer.RunningVar![0], 1e-14);
    }

    /// <summary>The other way round, where it comes from: a Keras momentum of 0.99 is 0.01 here.</summary>
    [Fact]
    public void PainPoint13_MomentumOfKerasAndOnnx_IsTurnedRound()
    {
        Assert.Equal(0.01, BatchNorm<float>.FromKeras([1], [0], [0], [1]).Momentum!.Value, 1e-15);
        Assert.Equal(0.1, BatchNorm<float>.FromOnnx([1], [0], [0], [1]).Momentum!.Value, 1e-15);
        BatchNorm<double> layer = BatchNorm<double>.FromKeras([2], [1], [8], [4], momentum: 0.75, epsilon: 0);
        layer.Forward(Tensor.Create([3.0, 5], [2, 1]));
        Assert.Equal(7, layer.RunningMean![0], 1e-15);
        layer.Eval();
        // ((11 - 7) / sqrt(0.75 * 4 + 0.25 * 2)) * 2 + 1
        Assert.Equal((4 / Math.Sqrt(3.5) * 2) + 1, layer.Forward(Tensor.Create([11.0], [1, 1]))[0, 0], 1e-14);
    }

    /// <summary>pytorch/pytorch #90342, #1206: one bad batch stays in the running statistics for ever, unless the layer is told to leave it out.</summary>
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(3e38f)]
    public void PainPoint15_BatchThatIsNotFinite_IsPropagatedOrSkippedWhole(float bad)
    {
        float[] good = Inputs<float>.Normal(new(2), 60, 2, 5), poisoned = [.. good];
        poisoned[7] = bad;
        BatchNorm<float> propagate = new(3), skip = new(3) { NonFinite = RunningStatisticsPolicy.Skip }, never = new(3);
        foreach (float[] batch in (float[][])[good, poisoned, good])
        {
            propagate.Forward(Tensor.Create(batch, Shape));
            skip.Forward(Tensor.Create(batch, Shape));
            if (batch != poisoned)
                never.Forward(Tensor.Create(batch, Shape));
        }
        // Element 7 is of channel 1.
        Assert.False(float.IsFinite(propagate.RunningVar![1]));
        Assert.Equal((3L, 0L), (propagate.NumBatchesTracked, propagate.NumBatchesSkipped));
        Closeness.SameBits<float>(Placing.Logical(never.RunningMean!), Placing.Logical(skip.RunningMean!), "running mean");
        Closeness.SameBits<float>(Placing.Logical(never.RunningVar!), Placing.Logical(skip.RunningVar!), "running variance");
        Assert.Equal((2L, 1L), (skip.NumBatchesTracked, skip.NumBatchesSkipped));
        Closeness.SameBits<float>(Placing.Logical(propagate.Forward(Tensor.Create(poisoned, Shape))), Placing.Logical(skip.Forward(Tensor.Create(poisoned, Shape))), "y");
    }

    /// <summary>pytorch/pytorch #10856: in evaluation, statistics are fixed and gradients still flow, to the input and to weight and bias.</summary>
    [Fact]
    public void PainPoint16_FrozenByEval_StillHasGradients()
    {
        BatchNorm<double> layer = new(3);
        layer.Forward(Tensor.Create(Inputs<double>.Normal(new(2), 60, 2, 5), Shape));
        layer.Eval();
        double[] before = [.. Placing.Logical(layer.RunningMean!), .. Placing.Logical(layer.RunningVar!)];
        Tensor<double> x = Tensor.Create(Inputs<double>.Normal(new(3), 60), Shape), dy = Tensor.Create(Inputs<double>.Normal(new(4), 60), Shape);
        SavedStatistics saved = new();
        layer.Forward(x, saved);
        double[] dx = Placing.Logical(layer.Backward(dy, x, saved));
        for (int i = 0; i < 60; i++)
            Assert.Equal(dy[i / 15, i / 5 % 3, i % 5] / Math.Sqrt(layer.RunningVar![i / 5 % 3] + 1e-5), dx[i], 1e-14);
        Assert.All(Placing.Logical(layer.Weight!.Grad), g => Assert.NotEqual(0, g));
        Assert.Equal(before, Placing.Logical(layer.RunningMean!).Concat(Placing.Logical(layer.RunningVar!)));
    }

    /// <summary>pytorch/pytorch #10856, #20967: a call of Train() thaws a batch norm that was frozen by Eval(); a FrozenBatchNorm it does not.</summary>
    [Fact]
    public void PainPoint16_FrozenBatchNorm_StaysFrozenInTraining()
    {
        BatchNorm<float> trained = new(3);
        trained.Forward(Tensor.Create(Inputs<float>.Normal(new(2), 60, 2, 5), Shape));
        Results<float>.Load(trained.Weight, [0.5f, 2, -1]);
        Results<float>.Load(trained.Bias, [3, -2, 0.25f]);
        FrozenBatchNorm<float> frozen = FrozenBatchNorm<float>.From(trained);
        trained.Eval();
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(3), 60), Shape);
        float[] expected = Placing.Logical(trained.Forward(x)), before = State();
        // TorchSharp's subtracts the mean from its own bias in each call.
        for (int call = 0; call < 3; call++)
        {
            frozen.Train();
            SavedStatistics saved = new();
            Closeness.SameBits<float>(expected, Placing.Logical(frozen.Forward(x, saved)), $"call {call}");
            frozen.Backward(x, x, saved);
        }
        Assert.Empty(frozen.NamedParameters);
        Closeness.SameBits<float>(before, State(), "state");

        float[] State() => [.. frozen.State.SelectMany(e => Placing.Logical(e.Value!))];
    }

    /// <summary>pytorch/pytorch #5881, #110361: it is a whole number whatever the layer's type, counts training batches and nothing else, and is not lost on the way.</summary>
    [Fact]
    public void PainPoint17_NumBatchesTracked_IsAWholeNumberThatCountsTrainingBatches()
    {
        BatchNorm<float> layer = new(3);
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(2), 60), Shape);
        layer.Forward(x);
        layer.Forward(x);
        Assert.Throws<ArgumentException>(() => layer.Forward(Tensor.CreateFromShape<float>([4, 2, 5])));
        layer.Eval();
        layer.Forward(x);
        StateEntry<float> counter = Assert.Single(layer.State, e => e.Kind == StateKind.Counter);
        Assert.Equal(("num_batches_tracked", 2L), (counter.Key, counter.Count));
        // More than a float counts in steps of one.
        counter.Count = (1L << 24) + 1;
        layer.Train();
        layer.Forward(x);
        Assert.Equal((1L << 24) + 2, layer.NumBatchesTracked);
    }

    /// <summary>pytorch/pytorch #22192, #36530: parts of a batch merge, however uneven, and an empty one adds nothing.</summary>
    [Fact]
    public void PainPoint26_UnevenAndEmptyParts_MergeToTheWhole()
    {
        double[] x = Inputs<double>.Normal(new(5), 100, 2, 1e4);
        Moments whole = Moments.Of<double>(x), merged = default;
        foreach (Range part in (Range[])[0..0, 0..1, 1..80, 80..80, 80..100])
            merged = Moments.Combine(merged, Moments.Of<double>(x.AsSpan(part)));
        Assert.Equal(whole.Count, merged.Count);
        Assert.Equal(whole.Mean, merged.Mean, 1e-11);
        Assert.Equal(whole.Variance, merged.Variance, 1e-12);
        Assert.Equal(whole, Moments.Combine(default, whole));
        Assert.Equal(whole, Moments.Combine(whole, default));
    }
}
