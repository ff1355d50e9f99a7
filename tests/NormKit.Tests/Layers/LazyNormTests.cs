using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Layers that take their channels from the first input are the eager ones from then on.</summary>
public class LazyNormTests
{
    private static readonly (string Name, nint[] Shape, Func<NormLayer<float>> Lazy, Func<NormLayer<float>> Eager)[] Pairs =
    [
        ("BatchNorm", [4, 10, 7], () => new LazyBatchNorm<float>(1e-3, 0.3), () => new BatchNorm<float>(10, 1e-3, 0.3)),
        ("BatchNorm1d", [4, 10], () => new LazyBatchNorm1d<float>(), () => new BatchNorm1d<float>(10)),
        ("BatchNorm2d", [4, 10, 7, 11], () => new LazyBatchNorm2d<float>(), () => new BatchNorm2d<float>(10)),
        ("BatchNorm3d", [4, 10, 2, 3, 5], () => new LazyBatchNorm3d<float>(affine: false), () => new BatchNorm3d<float>(10, affine: false)),
        ("InstanceNorm", [4, 10, 7], () => new LazyInstanceNorm<float>(affine: true), () => new InstanceNorm<float>(10, affine: true)),
        ("InstanceNorm1d", [4, 10, 7], () => new LazyInstanceNorm1d<float>(affine: true, trackRunningStats: true), () => new InstanceNorm1d<float>(10, affine: true, trackRunningStats: true)),
        ("InstanceNorm1d of a sample", [10, 7], () => new LazyInstanceNorm1d<float>(affine: true), () => new InstanceNorm1d<float>(10, affine: true)),
        ("InstanceNorm2d of a sample", [10, 7, 3], () => new LazyInstanceNorm2d<float>(affine: true), () => new InstanceNorm2d<float>(10, affine: true)),
        ("InstanceNorm3d", [4, 10, 2, 3, 5], () => new LazyInstanceNorm3d<float>(affine: true), () => new InstanceNorm3d<float>(10, affine: true)),
    ];

    public static TheoryData<string> Names { get; } = [.. Pairs.Select(p => p.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Pass_AfterTheFirstInput_HasTheBitsOfTheEagerLayer(string name)
    {
        (_, nint[] shape, Func<NormLayer<float>> makeLazy, Func<NormLayer<float>> makeEager) = Pairs.Single(p => p.Name == name);
        NormLayer<float> lazy = makeLazy(), eager = makeEager();
        int elements = (int)shape.Aggregate((a, b) => a * b);
        foreach (int batch in (int[])[1, 2])
        {
            Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(batch), elements, batch, 7), shape), dy = Tensor.Create(Inputs<float>.Normal(new(-batch), elements), shape);
            SavedStatistics saved = new(), savedOfEager = new();
            Closeness.SameBits<float>(Placing.Logical(eager.Forward(x, savedOfEager)), Placing.Logical(lazy.Forward(x, saved)), "y");
            Closeness.SameBits<float>(Placing.Logical(eager.Backward(dy, x, savedOfEager)), Placing.Logical(lazy.Backward(dy, x, saved)), "dx");
            Assert.Equal(eager.State.Select(e => (e.Key, e.Kind)), lazy.State.Select(e => (e.Key, e.Kind)));
            foreach ((StateEntry<float> expected, StateEntry<float> actual) in eager.State.Zip(lazy.State))
            {
                if (expected.Kind == StateKind.Counter)
                    Assert.Equal(expected.Count, actual.Count);
                else
                    Closeness.SameBits<float>(Placing.Logical(expected.Value!), Placing.Logical(actual.Value!), expected.Key);
                if (expected.Parameter is not null)
                    Closeness.SameBits<float>(Placing.Logical(expected.Parameter.Grad), Placing.Logical(actual.Parameter!.Grad), $"gradient of {expected.Key}");
            }
        }
        // From then on it is a layer of ten channels.
        if (lazy.State.Count > 0)
            Assert.Throws<ArgumentException>("input", () => lazy.Forward(Tensor.CreateFromShape<float>([.. shape.Select(length => length == 10 ? 9 : length)])));
    }

    /// <summary>An input of a wrong rank is none: the layer still waits.</summary>
    [Fact]
    public void Forward_RefusedFirst_LeavesTheLayerOpen()
    {
        LazyBatchNorm2d<float> layer = new();
        Assert.Throws<ArgumentException>("input", () => layer.Forward(Tensor.CreateFromShape<float>([2, 9])));
        Assert.Contains(layer.State, e => e.Value is null && e.Kind == StateKind.Parameter);
        layer.Forward(Tensor.Create(Inputs<float>.Normal(new(1), 120), [2, 3, 4, 5]));
        Assert.Equal(3, layer.NumFeatures);
        Assert.DoesNotContain(layer.State, e => e.Value is null && e.Kind == StateKind.Parameter);
    }
}
