using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class GroupNormTests
{
    [Fact]
    public void Constructor_Defaults_ArePyTorchs()
    {
        GroupNorm<double> layer = new(3, 6);
        Assert.Equal((3, 6, 1e-5), (layer.NumGroups, layer.NumChannels, layer.Eps));
        Assert.Equal(Enumerable.Repeat(1.0, 6), Placing.Logical(layer.Weight!.Value));
        Assert.Equal(new double[6], Placing.Logical(layer.Bias!.Value));
        Assert.Null(new GroupNorm<double>(3, 6, affine: false).Weight);
    }

    [Fact]
    public void Constructor_BadArguments_Throw()
    {
        ArgumentException thrown = Assert.Throws<ArgumentException>("numChannels", () => new GroupNorm<float>(4, 10));
        Assert.Contains("GroupNorm: numChannels must be divisible by numGroups", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("10 channels do not split into 4 equal groups", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>("numGroups", () => new GroupNorm<float>(0, 10));
        Assert.Throws<ArgumentOutOfRangeException>("numChannels", () => new GroupNorm<float>(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new GroupNorm<float>(2, 10, double.NegativeInfinity));
    }

    [Fact]
    public void Forward_OtherChannels_Throws()
    {
        ArgumentException thrown = Assert.Throws<ArgumentException>("input", () => new GroupNorm<float>(2, 10).Forward(Tensor.CreateFromShape<float>([3, 12, 5])));
        Assert.Contains("GroupNorm: expected 10 channels", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("[3, 12, 5]", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 10, 5)]
    [InlineData(3, 10, 0)]
    public void Forward_EmptyBatch_IsEmptyAndHasNoGradient(int n, int c, int length)
    {
        GroupNorm<float> layer = new(2, 10);
        SavedStatistics saved = new();
        Tensor<float> x = Tensor.CreateFromShape<float>([n, c, length]);
        Assert.Equal([n, c, length], layer.Forward(x, saved).Lengths.ToArray());
        Assert.Equal([n, c, length], layer.Backward(x, x, saved).Lengths.ToArray());
        Assert.Equal(new float[10], Placing.Logical(layer.Weight!.Grad));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(10)]
    public void Forward_AnyNumberOfGroups_MatchesFormula(int groups)
    {
        foreach (nint[] shape in (nint[][])[[3, 10, 7, 11], [3, 10, 77], [3, 10, 3], [2, 10, 3, 4, 5, 2]])
        {
            foreach (Placement placement in Enum.GetValues<Placement>())
            {
                Problem problem = new(Norm.Group, shape, groups);
                Inputs<float> inputs = Inputs<float>.Draw(problem, 5, offset: 30);
                Closeness.Near(Results<float>.OfLayer(problem, inputs, placement), inputs.By(problem), $"[{string.Join(", ", shape)}] {placement}");
            }
        }
    }
}
