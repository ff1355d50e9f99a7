using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests.BadInput;

/// <summary>What a layer saved, given to one of its class that is made otherwise and takes the same input.</summary>
public class ForeignRecordTests
{
    private static readonly (string Case, nint[] Shape, Func<NormLayer<float>> Make, Func<NormLayer<float>> Other)[] Pairs =
    [
        ("groups", [3, 10, 7, 10], () => new GroupNorm<float>(5, 10), () => new GroupNorm<float>(2, 10)),
        ("normalized lengths", [3, 10, 7, 10], () => new LayerNorm<float>([7, 10]), () => new LayerNorm<float>(10)),
        ("normalized lengths, RMS", [3, 10, 7, 10], () => new RmsNorm<float>(10), () => new RmsNorm<float>([7, 10])),
        ("normalized dimensions", [3, 10, 7, 10], () => new LayerNorm<float>(10), () => new LayerNorm<float>([10], axes: [1])),
        ("normalized dimensions, two", [3, 10, 7, 10], () => new LayerNorm<float>([7, 10], axes: [2, 3]), () => new LayerNorm<float>([10, 7], axes: [1, 2])),
        ("outputs", [10, 5, 3], () => new WeightStandardization<float>(10), () => new WeightStandardization<float>(5, dim: 1)),
        ("outputs' dimension", [10, 10, 3], () => new WeightStandardization<float>(10), () => new WeightStandardization<float>(10, dim: 1)),
        ("parts", [6, 10, 7, 10], () => new GhostBatchNorm<float>(10, 3), () => new GhostBatchNorm<float>(10, 2)),
        ("parts, one", [6, 10, 7, 10], () => new GhostBatchNorm<float>(10, 3), () => new GhostBatchNorm<float>(10, 1)),
        ("exponent", [3, 10, 7, 10], () => new LpNormalize<float>(2), () => new LpNormalize<float>(3)),
    ];

    public static TheoryData<string> Cases { get; } = [.. Pairs.Select(p => p.Case)];

    /// <summary>A layer's own, whatever mode it is in by now.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Backward_OfGhostBatchNormInTheOtherMode_IsThatOfTheForwardPass(bool trackRunningStats)
    {
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 420), [6, 10, 7]), dy = Tensor.Create(Inputs<float>.Normal(new(2), 420), [6, 10, 7]);
        GhostBatchNorm<float> layer = new(10, 3, trackRunningStats: trackRunningStats);
        foreach (bool training in (bool[])[true, false])
        {
            SavedStatistics saved = new();
            SetMode(training);
            layer.Forward(x, saved);
            float[] before = Placing.Logical(layer.Backward(dy, x, saved));
            SetMode(!training);
            Assert.Equal(before, Placing.Logical(layer.Backward(dy, x, saved)));
        }

        void SetMode(bool training)
        {
            if (training)
                layer.Train();
            else
                layer.Eval();
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Backward_WithTheRecordOfALayerMadeOtherwise_IsRefusedAndChangesNothing(string of)
    {
        (_, nint[] shape, Func<NormLayer<float>> make, Func<NormLayer<float>> other) = Pairs.Single(p => p.Case == of);
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), shape.Aggregate(1, (a, b) => a * (int)b)), shape), dx = Tensor.CreateFromShape<float>(shape);
        foreach ((NormLayer<float> first, NormLayer<float> second) in ((NormLayer<float>, NormLayer<float>)[])[(make(), other()), (other(), make())])
        {
            SavedStatistics saved = new();
            first.Forward(x, saved);
            second.Forward(x);
            ArgumentException thrown = Assert.Throws<ArgumentException>("saved", () => second.Backward(x, x, saved, dx));
            Assert.Contains("give those of this layer's forward pass", thrown.Message, StringComparison.Ordinal);
            Assert.All(Placing.Logical(dx), v => Assert.Equal(0, v));
            Assert.All(second.NamedParameters, p => Assert.All(Placing.Logical(p.Parameter.Grad), v => Assert.Equal(0, v)));
        }
    }
}
