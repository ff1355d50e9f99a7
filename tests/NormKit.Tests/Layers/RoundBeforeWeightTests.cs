using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Rounding before the weight: what the layer without a weight gives in 16 bits, times the weight in float, rounded.</summary>
public class RoundBeforeWeightTests
{
    public static TheoryData<Placement, int, int> Cases => new(
        from placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast, Placement.Stepped]
        from width in (int[])[1, 37, 768, 2500]
        from groups in width == 768 ? (int[])[1, 4] : [1]
        select (placement, width, groups));

    [Theory, MemberData(nameof(Cases))]
    public void Forward_Of16Bits_IsTheProductOfTwoRoundings(Placement placement, int width, int groups)
    {
        IsTheProduct(placement, width, groups, v => (Half)v, v => (float)v);
        IsTheProduct(placement, width, groups, v => (BFloat16)v, v => (float)v);
    }

    private static void IsTheProduct<T>(Placement placement, int width, int groups, Func<float, T> narrow, Func<T, float> widen) where T : unmanaged
    {
        nint[] shape = [3, 4, width];
        T[] x = [.. Inputs<float>.Normal(new(1), 12 * width, 3, 1).Select((v, i) => narrow(i % 11 == 0 ? -0f : v))];
        float[] weight = Inputs<float>.Normal(new(2), width, 1, 0.5);
        RmsNorm<float> layer = new(width, 1e-6) { RoundBeforeWeight = true, NumGroups = groups };
        RmsNorm<float> plain = new(width, 1e-6, elementwiseAffine: false) { NumGroups = groups }, once = new(width, 1e-6) { NumGroups = groups };
        Tensor.Create(weight, [width]).CopyTo(layer.Weight!.Value);
        layer.Weight.Value.CopyTo(once.Weight!.Value);
        Tensor<T> input = Placing.Place(x, shape, placement);

        T[] normalized = Placing.Logical(plain.Forward<T>(input)), y = Placing.Logical(layer.Forward<T>(input));
        Assert.Equal(normalized.Select((v, i) => narrow(weight[i % width] * widen(v))), y);
        if (width > 1)
            Assert.NotEqual(Placing.Logical(once.Forward<T>(input)), y);

        // The gradients are those without the rounding.
        SavedStatistics saved = new(), ofOnce = new();
        layer.Forward<T>(input, saved);
        once.Forward<T>(input, ofOnce);
        Assert.Equal(Placing.Logical(once.Backward<T>(input, input, ofOnce)), Placing.Logical(layer.Backward<T>(input, input, saved)));
        Assert.Equal(Placing.Logical(once.Weight.Grad), Placing.Logical(layer.Weight.Grad));
    }

    /// <summary>Over channels, where columns are normalized, and with a mask, a residual and a weight stored minus one.</summary>
    [Fact]
    public void Forward_OfOtherCalls_IsTheProductToo()
    {
        nint[] shape = [3, 6, 5, 7];
        BFloat16[] x = [.. Inputs<float>.Normal(new(3), 630, 2).Select(v => (BFloat16)v)], residual = [.. Inputs<float>.Normal(new(4), 630).Select(v => (BFloat16)v)];
        float[] weight = Inputs<float>.Normal(new(5), 6);
        RmsNorm<float> layer = new([6], axes: [1], 1e-5, unitOffset: true) { RoundBeforeWeight = true }, plain = new([6], axes: [1], 1e-5, elementwiseAffine: false);
        Tensor.Create(weight, [6]).CopyTo(layer.Weight!.Value);
        bool[] mask = [.. Enumerable.Range(0, 630).Select(i => i % 5 != 1)];
        Tensor<BFloat16> input = Tensor.Create(x, shape);
        Tensor<bool> part = Tensor.Create(mask, shape);
        Assert.Equal(Product(Placing.Logical(plain.Forward<BFloat16>(input, mask: part))), Placing.Logical(layer.Forward<BFloat16>(input, mask: part)));
        Assert.Equal(Product(Placing.Logical(plain.Forward<BFloat16>(input))), Placing.Logical(layer.Forward<BFloat16>(input)));
        Assert.Equal(
            Product(Placing.Logical(plain.ForwardAdd<BFloat16>(input, Tensor.Create(residual, shape)).Output)),
            Placing.Logical(layer.ForwardAdd<BFloat16>(input, Tensor.Create(residual, shape)).Output));

        IEnumerable<BFloat16> Product(BFloat16[] normalized) => normalized.Select((v, i) => (BFloat16)((1 + weight[i / 35 % 6]) * (float)v));
    }

    [Fact]
    public void Forward_OfFloats_IsTheLayerWithoutIt()
    {
        float[] x = Inputs<float>.Normal(new(6), 740);
        RmsNorm<float> layer = new(37) { RoundBeforeWeight = true }, once = new(37);
        Tensor.Create(Inputs<float>.Normal(new(7), 37), [37]).CopyTo(layer.Weight!.Value);
        layer.Weight.Value.CopyTo(once.Weight!.Value);
        Assert.Equal(Placing.Logical(once.Forward(Tensor.Create(x, [20, 37]))), Placing.Logical(layer.Forward(Tensor.Create(x, [20, 37]))));
    }
}
