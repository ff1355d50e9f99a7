using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>What the functions take beside that of the first four: masks and axes, and RMS norm. They have the bits of the layers.</summary>
public class FunctionalFamilyTests
{
    private static readonly nint[] Shape = [4, 10, 7, 11];
    private static readonly bool[] Mask = [.. Enumerable.Range(0, 3080).Select(i => i % 7 > 1)];

    [Theory, CombinatorialNorms]
    public void LayerNormAndRmsNorm_OverAxesWithAMask_HaveTheBitsOfTheLayers(Placement placement)
    {
        float[] values = Inputs<float>.Normal(new(1), 3080, 1, 20), weight = Inputs<float>.Normal(new(2), 70), bias = Inputs<float>.Normal(new(3), 70), dy = Inputs<float>.Normal(new(4), 3080);
        Tensor<float> x = Placing.Place(values, Shape, placement), g = Placing.Place(dy, Shape, placement), w = Tensor.Create(weight, [10, 7]), b = Tensor.Create(bias, [10, 7]);
        Tensor<bool> mask = Tensor.Create(Mask, Shape);
        LayerNorm<float> layer = new([10, 7], axes: [1, 2], eps: 1e-3);
        RmsNorm<float> rms = new([10, 7], axes: [1, 2]);
        Results<float>.Load(layer.Bias, bias);
        foreach (NormLayer<float> norm in (NormLayer<float>[])[layer, rms])
        {
            Results<float>.Load(norm.Weight, weight);
            SavedStatistics saved = new(), savedOfLayer = new();
            Tensor<float> expected = norm.Forward(x, savedOfLayer, mask), into = Placing.Place(new float[3080], Shape, placement);
            Tensor<float> y = norm == layer
                ? Functional.LayerNorm<float>(x, [10, 7], w, b, 1e-3, saved, mask: mask, axes: [1, 2])
                : Functional.RmsNorm<float>(x, [10, 7], w, saved: saved, mask: mask, axes: [1, 2]);
            Closeness.SameBits<float>(Placing.Logical(expected), Placing.Logical(y), "y");
            if (norm == layer)
                Functional.LayerNorm<float>(x, into, [10, 7], w, b, 1e-3, mask: mask, axes: [1, -2]);
            else
                Functional.RmsNorm<float>(x, into, [10, 7], w, mask: mask, axes: [-3, 2]);
            Closeness.SameBits<float>(Placing.Logical(expected), Placing.Logical(into), "y into a destination");

            (Tensor<float> dx, Tensor<float>? dWeight, Tensor<float>? dBias) = Functional.Backward<float>(g, x, saved, w, mask: mask);
            Closeness.SameBits<float>(Placing.Logical(norm.Backward(g, x, savedOfLayer, mask)), Placing.Logical(dx), "dx");
            Closeness.SameBits<float>(Placing.Logical(norm.Weight!.Grad), Placing.Logical(dWeight!), "dweight");
            if (norm.Bias is not null)
                Closeness.SameBits<float>(Placing.Logical(norm.Bias.Grad), Placing.Logical(dBias!), "dbias");
        }
    }

    [Theory, CombinatorialNorms]
    public void ChannelNorms_WithAMask_HaveTheBitsOfTheLayers(Placement placement)
    {
        Tensor<float> x = Placing.Place(Inputs<float>.Normal(new(1), 3080, 1, 20), Shape, placement);
        Tensor<bool> mask = Placing.Place(Mask, Shape, placement);
        Closeness.SameBits<float>(
            Placing.Logical(new BatchNorm<float>(10).Forward(x, mask: mask)), Placing.Logical(Functional.BatchNorm<float>(x, training: true, mask: mask)), "batch");
        Closeness.SameBits<float>(
            Placing.Logical(new InstanceNorm<float>(10).Forward(x, mask: mask)), Placing.Logical(Functional.InstanceNorm<float>(x, useInputStats: true, mask: mask)), "instance");
        Closeness.SameBits<float>(Placing.Logical(new GroupNorm<float>(5, 10).Forward(x, mask: mask)), Placing.Logical(Functional.GroupNorm<float>(x, 5, mask: mask)), "group");
    }

    [Theory, WithEach(1, 11, 77)]
    public void RmsNorm_OnSpans_HasTheBitsOfTheLayer(MemoryFormat format, int width)
    {
        nint[] normalized = width switch { 1 => [10, 7, 11], 11 => [11], _ => [7, 11] };
        float[] x = Inputs<float>.Normal(new(1), 3080), y = new float[3080], expected = new float[3080];
        new RmsNorm<float>(normalized, eps: 1e-4).Forward(x, Shape, expected, format: format);
        Functional.RmsNorm<float>(x, Shape, y, normalized, eps: 1e-4, format: format);
        Closeness.SameBits<float>(expected, y, "y");
    }

    [Fact]
    public void Axes_ThatAreNone_Throw()
    {
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 3080), Shape);
        float[] y = Inputs<float>.Normal(new(2), 3080), before = [.. y];
        foreach ((nint[] lengths, int[] axes) in ((nint[], int[])[])[([10], [4]), ([10], [-5]), ([10, 10], [1, 1]), ([7, 10], [2, 1]), ([10, 10], [1, -3]), ([11], [1]), ([10, 7], [1])])
        {
            string what = $"[{string.Join(", ", lengths)}] at [{string.Join(", ", axes)}]";
            ArgumentException thrown = Assert.ThrowsAny<ArgumentException>(() => Functional.LayerNorm<float>(x, Tensor.Create(y, Shape), lengths, axes: axes));
            Assert.True(thrown.Message.Contains("LayerNorm", StringComparison.Ordinal), what);
            Assert.ThrowsAny<ArgumentException>(() => new RmsNorm<float>(lengths, axes: axes).Forward(x, Tensor.Create(y, Shape)));
        }
        Assert.Throws<ArgumentException>("unitOffset", () => new LayerNorm<float>(3, elementwiseAffine: false, unitOffset: true));
        Assert.Equal(before, (IEnumerable<float>)y);
    }
}
