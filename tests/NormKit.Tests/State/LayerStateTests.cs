using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class LayerStateTests
{
    /// <summary>Keys and shapes as PyTorch's <c>state_dict</c> has them.</summary>
    public static TheoryData<NormLayer<double>, string> PyTorchs => new()
    {
        { new BatchNorm<double>(7), "weight[7] bias[7] running_mean[7] running_var[7] num_batches_tracked[]" },
        { new BatchNorm1d<double>(7, affine: false), "running_mean[7] running_var[7] num_batches_tracked[]" },
        { new BatchNorm2d<double>(7, trackRunningStats: false), "weight[7] bias[7]" },
        { new BatchNorm3d<double>(7, affine: false, trackRunningStats: false), "" },
        { new InstanceNorm<double>(7), "" },
        { new InstanceNorm1d<double>(7, affine: true), "weight[7] bias[7]" },
        { new InstanceNorm2d<double>(7, trackRunningStats: true), "running_mean[7] running_var[7] num_batches_tracked[]" },
        { new InstanceNorm3d<double>(7, affine: true, trackRunningStats: true), "weight[7] bias[7] running_mean[7] running_var[7] num_batches_tracked[]" },
        { new LayerNorm<double>([3, 5, 2]), "weight[3, 5, 2] bias[3, 5, 2]" },
        { new LayerNorm<double>(5, bias: false), "weight[5]" },
        { new LayerNorm<double>(5, elementwiseAffine: false), "" },
        { new GroupNorm<double>(2, 6), "weight[6] bias[6]" },
        { new GroupNorm<double>(2, 6, affine: false), "" },
    };

    [Theory, MemberData(nameof(PyTorchs), DisableDiscoveryEnumeration = true)]
    public void State_EveryLayer_HasPyTorchsKeysAndShapes(NormLayer<double> layer, string expected) =>
        Assert.Equal(expected, string.Join(' ', layer.State.Select(entry => $"{entry.Key}[{string.Join(", ", entry.Shape.ToArray())}]")));

    [Fact]
    public void State_OfBatchNorm_IsTheLayersOwn()
    {
        BatchNorm<float> layer = new(3);
        layer.Forward(Tensor.Create(Inputs<float>.Normal(new(1), 30, 2, 5), [10, 3]));
        IReadOnlyList<StateEntry<float>> state = layer.State;

        Assert.Equal([StateKind.Parameter, StateKind.Parameter, StateKind.Buffer, StateKind.Buffer, StateKind.Counter], state.Select(entry => entry.Kind));
        Assert.Same(layer.Weight, state[0].Parameter);
        Assert.Same(layer.Bias, state[1].Parameter);
        Assert.All(state.Skip(2), entry => Assert.Null(entry.Parameter));
        Assert.Same(layer.RunningMean, state[2].Value);
        Assert.Same(layer.RunningVar, state[3].Value);
        Assert.Null(state[4].Value);
        Assert.Equal(1, state[4].Count);
        state[4].Count = 41;
        Assert.Equal(41, layer.NumBatchesTracked);
    }

    /// <summary>What is written into an entry is what the layer computes with.</summary>
    [Fact]
    public void State_Written_ChangesTheOutput()
    {
        BatchNorm<double> layer = new(2);
        layer.Eval();
        double[] weight = [3, -0.5], bias = [7, 11], mean = [0.25, -4], variance = [2.25, 9];
        foreach ((StateEntry<double> entry, double[] values) in layer.State.Zip((double[][])[weight, bias, mean, variance]))
            new ReadOnlyTensorSpan<double>(values).CopyTo(entry.Value!);
        double[] x = [1.5, 2, -0.75, 8];

        double[] y = Placing.Logical(layer.Forward(Tensor.Create(x, [2, 2])));

        double[] expected = [.. Enumerable.Range(0, 4).Select(i => ((x[i] - mean[i % 2]) / Math.Sqrt(variance[i % 2] + 1e-5) * weight[i % 2]) + bias[i % 2])];
        Closeness.Near<double>(y, expected, Tolerances.ForwardDouble, "y");
    }

    [Fact]
    public void Count_OfATensorOrNegative_Throws()
    {
        BatchNorm<float> layer = new(3);
        Assert.Contains("weight: is a Parameter of shape [3]", Assert.Throws<InvalidOperationException>(() => layer.State[0].Count).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => layer.State[2].Count = 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => layer.State[4].Count = -1);
        Assert.Equal(0, layer.NumBatchesTracked);
    }

    [Fact]
    public void NamedParameters_AreTheParametersOnly()
    {
        BatchNorm<float> layer = new(3);
        Assert.Equal([("weight", layer.Weight!), ("bias", layer.Bias!)], layer.NamedParameters);
        Assert.Empty(new InstanceNorm<float>(3, trackRunningStats: true).NamedParameters);
    }

    [Fact]
    public void Materialize_OfALayerThatIsNotLazy_Throws() =>
        Assert.Contains("no length is open", Assert.Throws<InvalidOperationException>(() => ((IStateful<float>)new GroupNorm<float>(2, 4)).Materialize(4)).Message, StringComparison.Ordinal);
}
