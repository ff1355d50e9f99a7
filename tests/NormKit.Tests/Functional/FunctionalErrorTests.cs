using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>What functions refuse, with which words, and that a refused call has written nothing.</summary>
public class FunctionalErrorTests
{
    private static readonly nint[] Shape = [3, 10, 7, 11];
    private readonly float[] x = Inputs<float>.Normal(new(1), 2310);
    private readonly float[] y = Inputs<float>.Normal(new(2), 2310);
    private readonly float[] mean = Inputs<float>.Normal(new(3), 10);
    private readonly float[] variance = [.. Enumerable.Range(1, 10).Select(i => i / 3f)];
    private readonly float[] weight = Inputs<float>.Normal(new(4), 10);
    private readonly float[] bias = Inputs<float>.Normal(new(5), 10);

    [Fact]
    public void BatchNorm_OneValuePerChannelInTraining_Throws() =>
        Refused<ArgumentException>("input", () => Functional.BatchNorm<float>(x.AsSpan(0, 10), [1, 10], y.AsSpan(0, 10), true, mean, variance, weight, bias),
            "BatchNorm", "more than 1 value per channel when training", "[1, 10]");

    [Fact]
    public void BatchNorm_OneValuePerChannelInEvaluation_Normalizes()
    {
        float[] one = x[..10], result = new float[10];
        Functional.BatchNorm<float>(one, [1, 10, 1], result, false, mean, variance, weight, bias);
        double[] expected = [.. Enumerable.Range(0, 10).Select(c => ((one[c] - (double)mean[c]) / Math.Sqrt(variance[c] + 1e-5) * weight[c]) + bias[c])];
        Closeness.Near<float>(result, expected, Tolerances.ForwardFloat, "y");
    }

    [Fact]
    public void BatchNorm_RankBelowTwo_Throws() =>
        Refused<ArgumentException>("input", () => Functional.BatchNorm<float>(x.AsSpan(0, 10), [10], y.AsSpan(0, 10), true, mean, variance, weight, bias), "BatchNorm", "at least 2 dimensions", "1: [10]");

    [Fact]
    public void BatchNorm_EvaluationWithoutRunningStatistics_Throws()
    {
        Refused<ArgumentException>("runningMean", () => Functional.BatchNorm<float>(x, Shape, y, false, default, variance, weight, bias), "BatchNorm", "runningMean must be defined in evaluation mode");
        Refused<ArgumentException>("runningVar", () => Functional.BatchNorm<float>(x, Shape, y, false, mean, default, weight, bias), "BatchNorm", "runningVar must be defined in evaluation mode");
        Refused<ArgumentException>("runningVar", () => Functional.BatchNorm<float>(x, Shape, y, true, mean, default, weight, bias), "BatchNorm", "runningMean and runningVar");
    }

    [Fact]
    public void InstanceNorm_WithoutAnyStatistics_Throws() =>
        Refused<ArgumentException>("runningMean", () => Functional.InstanceNorm<float>(x, Shape, y, false, default, variance, weight, bias), "InstanceNorm", "runningMean must be defined");

    [Fact]
    public void BatchNorm_ParameterOfAnotherLength_Throws()
    {
        Refused<ArgumentException>("weight", () => Functional.BatchNorm<float>(x, Shape, y, true, mean, variance, weight.AsSpan(0, 9), bias), "BatchNorm", "weight should contain 10 elements", "not 9");
        Refused<ArgumentException>("bias", () => Functional.BatchNorm<float>(x, Shape, y, true, mean, variance, weight, bias.AsSpan(0, 9)), "BatchNorm", "bias should contain 10 elements", "not 9");
        Refused<ArgumentException>("runningMean", () => Functional.BatchNorm<float>(x, Shape, y, true, mean.AsSpan(0, 9), variance, weight, bias), "BatchNorm", "runningMean should contain 10 elements", "not 9");
        Refused<ArgumentException>("runningVar", () => Functional.BatchNorm<float>(x, Shape, y, true, mean, variance.AsSpan(0, 9), weight, bias), "BatchNorm", "runningVar should contain 10 elements", "not 9");
        Refused<ArgumentException>("weight", () => Functional.GroupNorm<float>(x, Shape, y, 5, weight.AsSpan(0, 5), bias), "GroupNorm", "weight should contain 10 elements", "not 5");
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void BatchNorm_MomentumOutsideZeroToOne_Throws(double momentum) =>
        Refused<ArgumentOutOfRangeException>("momentum", () => Functional.BatchNorm<float>(x, Shape, y, true, mean, variance, weight, bias, momentum), "BatchNorm", "momentum");

    [Theory]
    [InlineData(-1e-5)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Forward_EpsNegativeOrNotFinite_Throws(double eps)
    {
        foreach (Norm norm in Enum.GetValues<Norm>())
        {
            Problem problem = Problem.Usual(norm, eps);
            Refused<ArgumentOutOfRangeException>("eps", () => Results<float>.Forward(problem, x, y, default, default), $"{norm}Norm", "eps");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void Forward_NoThreads_Throws(int threads)
    {
        foreach (Norm norm in Enum.GetValues<Norm>())
            Refused<ArgumentOutOfRangeException>("maxDegreeOfParallelism", () => Results<float>.Forward(Problem.Usual(norm), x, y, default, default, threads: threads), $"{norm}Norm", "threads");
    }

    [Theory]
    [InlineData(new[] { 3, 10, 1 })]
    [InlineData(new[] { 1, 10, 1, 1 })]
    public void InstanceNorm_OnePosition_Throws(int[] shape)
    {
        nint[] lengths = [.. shape.Select(n => (nint)n)];
        int count = shape[0] * 10;
        Refused<ArgumentException>("input", () => Functional.InstanceNorm<float>(x.AsSpan(0, count), lengths, y.AsSpan(0, count), true, mean, variance, weight, bias),
            "InstanceNorm", "more than 1 spatial element when training", $"[{string.Join(", ", shape)}]");
    }

    [Fact]
    public void InstanceNorm_OnePositionWithRunningStatistics_Normalizes()
    {
        float[] result = new float[30];
        Functional.InstanceNorm<float>(x.AsSpan(0, 30), [3, 10, 1], result, false, mean, variance, weight, bias);
        double[] expected = [.. Enumerable.Range(0, 30).Select(i => ((x[i] - (double)mean[i % 10]) / Math.Sqrt(variance[i % 10] + 1e-5) * weight[i % 10]) + bias[i % 10])];
        Closeness.Near<float>(result, expected, Tolerances.ForwardFloat, "y");
    }

    [Fact]
    public void GroupNorm_GroupsThatDoNotDivide_Throws()
    {
        Refused<ArgumentException>("numGroups", () => Functional.GroupNorm<float>(x, Shape, y, 4, weight, bias), "GroupNorm", "10 channels", "4 equal groups", "[3, 10, 7, 11]");
        Refused<ArgumentOutOfRangeException>("numGroups", () => Functional.GroupNorm<float>(x, Shape, y, 0, weight, bias), "GroupNorm", "greater than 0", "got 0");
        Refused<ArgumentOutOfRangeException>("numGroups", () => Functional.GroupNorm<float>(x, Shape, y, -5, weight, bias), "GroupNorm", "greater than 0", "got -5");
    }

    /// <summary>PyTorch's rule counts the batch: one value in all is refused, one value per group in several samples gives the bias.</summary>
    [Fact]
    public void GroupNorm_OneValuePerGroup_ThrowsForOneSampleOnly()
    {
        Refused<ArgumentException>("input", () => Functional.GroupNorm<float>(x.AsSpan(0, 10), [1, 10], y.AsSpan(0, 10), 10, weight, bias), "GroupNorm", "more than 1 value per", "[1, 10]");
        float[] result = new float[20];
        Functional.GroupNorm<float>(x.AsSpan(0, 20), [2, 10], result, 10, weight, bias);
        Assert.Equal(bias.Concat(bias), result);
    }

    [Fact]
    public void GroupNorm_RankBelowTwo_Throws() =>
        Refused<ArgumentException>("input", () => Functional.GroupNorm<float>(x.AsSpan(0, 10), [10], y.AsSpan(0, 10), 5, weight, bias), "GroupNorm", "at least 2 dimensions", "received 1");

    [Fact]
    public void LayerNorm_ShapeThatIsNotTheEndOfTheInputs_Throws()
    {
        Refused<ArgumentException>("input", () => Functional.LayerNorm<float>(x, Shape, y, [10, 11]), "LayerNorm", "normalizedShape [10, 11]", "[*, 10, 11]", "[3, 10, 7, 11]");
        Refused<ArgumentException>("input", () => Functional.LayerNorm<float>(x, Shape, y, [2, 3, 10, 7, 11]), "LayerNorm", "[*, 2, 3, 10, 7, 11]", "[3, 10, 7, 11]");
        Refused<ArgumentException>("normalizedShape", () => Functional.LayerNorm<float>(x, Shape, y, []), "LayerNorm", "at least 1-dimensional");
        Refused<ArgumentException>("normalizedShape", () => Functional.LayerNorm<float>(x, Shape, y, [7, -11]), "LayerNorm", "[7, -11]", "negative");
    }

    [Fact]
    public void LayerNorm_WeightOfAnotherShape_Throws()
    {
        Tensor<float> input = Tensor.Create(x, Shape);
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => { _ = Functional.LayerNorm<float>(input, [7, 11], Tensor.Create(new float[77], [11, 7])); });
        Assert.Contains("LayerNorm: weight has shape [11, 7]", thrown.Message, StringComparison.Ordinal);
        thrown = Assert.Throws<ArgumentException>(() => { _ = Functional.LayerNorm<float>(input, [7, 11], bias: Tensor.Create(new float[7], [7])); });
        Assert.Contains("LayerNorm: bias has shape [7]", thrown.Message, StringComparison.Ordinal);
        Refused<ArgumentException>("weight", () => Functional.LayerNorm<float>(x, Shape, y, [7, 11], weight), "LayerNorm", "77", "10");
    }

    [Fact]
    public void Forward_SpanOfAnotherLengthThanItsShape_Throws()
    {
        Refused<ArgumentException>("input", () => Functional.LayerNorm<float>(x.AsSpan(1), Shape, y, [11]), "LayerNorm", "2309 elements", "[3, 10, 7, 11]", "2310");
        Refused<ArgumentException>("destination", () => Functional.LayerNorm<float>(x, Shape, y.AsSpan(1), [11]), "LayerNorm", "2309 elements", "2310");
        Refused<ArgumentException>("input", () => Functional.LayerNorm<float>(x, [3, -10, 7, -11], y, [11]), "LayerNorm", "[3, -10, 7, -11]", "negative");
        Refused<ArgumentException>("input", () => Functional.LayerNorm<float>(default, [(nint)1 << 32, (nint)1 << 32], default, [11]), "LayerNorm", "[4294967296, 4294967296]");
    }

    [Fact]
    public void Forward_DestinationOfAnotherShape_Throws()
    {
        ArgumentException thrown = Assert.Throws<ArgumentException>(
            () => Functional.GroupNorm<float>(Tensor.Create(x, Shape), Tensor.Create(y, [3, 10, 11, 7]), 5));
        Assert.Equal("destination", thrown.ParamName);
        Assert.Contains("[3, 10, 11, 7]", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("[3, 10, 7, 11]", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_ChannelsLastOfRankTwo_Throws() =>
        Refused<ArgumentException>("format", () => Functional.BatchNorm<float>(x, [231, 10], y, true, mean, variance, weight, bias, format: MemoryFormat.ChannelsLast), "BatchNorm", "[231, 10]");

    [Fact]
    public void Forward_NoSuchFormat_Throws() =>
        Refused<ArgumentOutOfRangeException>("format", () => Functional.BatchNorm<float>(x, Shape, y, true, mean, variance, weight, bias, format: (MemoryFormat)7), "BatchNorm");

    [Fact]
    public void Forward_OnOtherElementTypes_Throws()
    {
        NotSupportedException thrown = Assert.Throws<NotSupportedException>(() => Functional.LayerNorm<Half>(new Half[6], [2, 3], new Half[6], [3]));
        Assert.Contains("Half", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => Functional.GroupNorm(Tensor.Create(new Half[24], [2, 3, 4]).AsReadOnlyTensorSpan(), 3));
        Assert.Throws<NotSupportedException>(() => new BatchNorm<Half>(3));
    }

    [Fact]
    public void Backward_BeforeForward_Throws()
    {
        float[] dx = [.. y];
        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => Functional.Backward<float>(y, x, Shape, new SavedStatistics(), weight, dx));
        Assert.Contains("never filled", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(y, (IEnumerable<float>)dx);
        Assert.Throws<ArgumentNullException>("saved", () => Functional.Backward<float>(y, x, Shape, null!, weight, dx));
    }

    [Fact]
    public void Backward_OfAnotherShapeThanForward_Throws()
    {
        SavedStatistics saved = new();
        Functional.GroupNorm<float>(x, Shape, y, 5, weight, bias, saved: saved);
        float[] dx = new float[2310], dWeight = new float[10], dBias = new float[10];
        Throws("input", "[10, 3, 7, 11]", () => Functional.Backward<float>(y, x, [10, 3, 7, 11], saved, weight, dx, dWeight, dBias));
        Throws("gradOutput", "2300", () => Functional.Backward<float>(y.AsSpan(0, 2300), x, Shape, saved, weight, dx, dWeight, dBias));
        Throws("gradInput", "2300", () => Functional.Backward<float>(y, x, Shape, saved, weight, dx.AsSpan(0, 2300), dWeight, dBias));
        Throws("weight", "10 elements", () => Functional.Backward<float>(y, x, Shape, saved, weight.AsSpan(0, 5), dx, dWeight, dBias));
        Throws("gradWeight", "10 elements", () => Functional.Backward<float>(y, x, Shape, saved, weight, dx, dWeight.AsSpan(0, 5), dBias));
        Throws("gradBias", "10 elements", () => Functional.Backward<float>(y, x, Shape, saved, weight, dx, dWeight, dBias.AsSpan(0, 5)));
        Assert.All(dx.Concat(dWeight).Concat(dBias), v => Assert.Equal(0, v));
        Assert.Throws<ArgumentOutOfRangeException>("maxDegreeOfParallelism", () => Functional.Backward<float>(y, x, Shape, saved, weight, dx, maxDegreeOfParallelism: 0));

        static void Throws(string name, string text, Action call)
        {
            ArgumentException thrown = Assert.Throws<ArgumentException>(name, call);
            Assert.StartsWith("GroupNorm: ", thrown.Message, StringComparison.Ordinal);
            Assert.Contains(text, thrown.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A refused forward leaves what an earlier one saved.</summary>
    [Fact]
    public void Forward_Refused_LeavesSavedStatistics()
    {
        SavedStatistics saved = new();
        Functional.GroupNorm<float>(x, Shape, y, 5, weight, bias, saved: saved);
        Moments[] before = saved.Moments.ToArray();
        Assert.Throws<ArgumentException>(() => Functional.GroupNorm<float>(x, Shape, y, 2, weight.AsSpan(1), bias, saved: saved));
        Assert.Equal(before, saved.Moments.ToArray());
        Assert.Equal(Shape, saved.Shape.ToArray());
    }

    private void Refused<TException>(string parameter, Action call, params string[] texts) where TException : ArgumentException
    {
        float[][] writable = [x, y, mean, variance, weight, bias], before = [.. writable.Select(a => a.ToArray())];
        TException thrown = Assert.Throws<TException>(parameter, call);
        Assert.Equal(typeof(TException), thrown.GetType());
        Assert.All(texts, text => Assert.Contains(text, thrown.Message, StringComparison.Ordinal));
        Assert.StartsWith(texts[0] + ":", thrown.Message, StringComparison.Ordinal);
        for (int i = 0; i < writable.Length; i++)
            Closeness.SameBits<float>(before[i], writable[i], $"array {i} of a refused call");
    }
}
