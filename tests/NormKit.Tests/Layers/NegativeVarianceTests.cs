using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>A negative running variance is refused with its channel, and nothing is written.</summary>
public class NegativeVarianceTests
{
    public static TheoryData<string> Layers => ["batch", "instance", "frozen", "ghost", "renorm", "renorm in training", "switchable", "evo"];

    [Theory, MemberData(nameof(Layers))]
    public void Forward_NegativeRunningVariance_NamesTheChannel(string name)
    {
        NormLayer<float> layer = name switch
        {
            "batch" => new BatchNorm<float>(5),
            "instance" => new InstanceNorm<float>(5, trackRunningStats: true),
            "frozen" => new FrozenBatchNorm<float>(5),
            "ghost" => new GhostBatchNorm<float>(5, 2),
            "switchable" => new SwitchableNorm<float>(5),
            "evo" => new EvoNormB0<float>(5),
            _ => new BatchRenorm<float>(5),
        };
        if (name != "renorm in training")
            layer.Eval();
        Tensor<float> variance = layer.State.Single(entry => entry.Key == "running_var").Value!;
        variance[3] = -1e-5f;
        float[] y = Inputs<float>.Normal(new(1), 120);
        float[] before = [.. y];
        ArgumentException error = Assert.Throws<ArgumentException>(() => layer.Forward<float>(
            Tensor.Create(Inputs<float>.Normal(new(2), 120), [4, 5, 6]), Tensor.Create(y, [4, 5, 6])));
        Assert.Contains("runningVar is -1E-05 in channel 3", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, y);

        variance[3] = float.NaN;
        layer.Forward<float>(Tensor.Create(Inputs<float>.Normal(new(2), 120), [4, 5, 6]), Tensor.Create(y, [4, 5, 6]));
        Assert.Contains(float.NaN, y);
    }

    [Fact]
    public void BatchNorm_NegativeRunningVarianceOfAFunction_NamesTheChannel() => Assert.Contains(
        "BatchNorm: runningVar is -2 in channel 1",
        Assert.Throws<ArgumentException>(() => Functional.BatchNorm<double>(
            Tensor.Create(new double[12], [2, 3, 2]), runningMean: Tensor.Create(new double[3]), runningVar: Tensor.Create([1.0, -2, 3]), training: false)).Message, StringComparison.Ordinal);
}
