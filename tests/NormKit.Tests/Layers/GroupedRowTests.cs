using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Layer norm and RMS norm over groups of the last dimension, beside layers that they are by definition.</summary>
public class GroupedRowTests
{
    private const int Groups = 3, Width = 51;
    private static readonly nint[] Shape = [7, 5, Width];

    [Fact]
    public void LayerNorm_InGroups_IsGroupNormOfRows()
    {
        IsGroupNorm<float, float>(v => (float)v);
        IsGroupNorm<double, double>(v => v);
        IsGroupNorm<float, Half>(v => (Half)v);
        IsGroupNorm<float, BFloat16>(v => (BFloat16)v);
    }

    private static void IsGroupNorm<T, TInput>(Func<double, TInput> narrow)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TInput : unmanaged
    {
        TInput[] x = [.. Inputs<double>.Normal(new(1), 35 * Width, 2, 3).Select(narrow)], dy = [.. Inputs<double>.Normal(new(2), 35 * Width).Select(narrow)];
        LayerNorm<T> layer = new(Width) { NumGroups = Groups };
        GroupNorm<T> group = new(Groups, Width);
        foreach ((Parameter<T> a, Parameter<T> b, int seed) in ((Parameter<T>, Parameter<T>, int)[])[(layer.Weight!, group.Weight!, 3), (layer.Bias!, group.Bias!, 4)])
        {
            Tensor.Create(Inputs<T>.Normal(new(seed), Width), [Width]).CopyTo(a.Value);
            a.Value.CopyTo(b.Value);
        }
        SavedStatistics ofLayer = new(), ofGroup = new();
        TInput[] y = Placing.Logical(layer.Forward<TInput>(Tensor.Create(x, Shape), ofLayer)), expected = Placing.Logical(group.Forward<TInput>(Tensor.Create(x, [35, Width]), ofGroup));
        Assert.Equal(expected, y);
        Assert.Equal(
            Placing.Logical(group.Backward<TInput>(Tensor.Create(dy, [35, Width]), Tensor.Create(x, [35, Width]), ofGroup)),
            Placing.Logical(layer.Backward<TInput>(Tensor.Create(dy, Shape), Tensor.Create(x, Shape), ofLayer)));
    }

    /// <summary>A group is a row of its own, with its own part of the weight.</summary>
    [Fact]
    public void RmsNorm_InGroups_IsRmsNormOfEachGroup()
    {
        const int each = Width / Groups;
        float[] x = Inputs<float>.Normal(new(5), 35 * Width, 2, 3), residual = Inputs<float>.Normal(new(6), 35 * Width), addedBias = Inputs<float>.Normal(new(8), Width);
        RmsNorm<float> layer = new(Width, eps: 1e-5) { NumGroups = Groups };
        Tensor.Create(Inputs<float>.Normal(new(7), Width), [Width]).CopyTo(layer.Weight!.Value);
        float[] y = Placing.Logical(layer.Forward(Tensor.Create(x, Shape)));
        Assert.Equal(y, Placing.Logical(Functional.RmsNorm<float>(Tensor.Create(x, Shape), [Width], layer.Weight.Value, 1e-5, numGroups: Groups)));
        (Tensor<float> ofSum, Tensor<float> sum) = layer.ForwardAdd(Tensor.Create(x, Shape), Tensor.Create(residual, Shape), addedBias: Tensor.Create(addedBias));
        Assert.Equal(x.Select((v, i) => v + residual[i] + addedBias[i % Width]), Placing.Logical(sum));
        Assert.Equal(Placing.Logical(layer.Forward(sum)), Placing.Logical(ofSum));
        for (int group = 0; group < Groups; group++)
        {
            RmsNorm<float> alone = new(each, eps: 1e-5);
            Tensor.Create(Placing.Logical(layer.Weight.Value)[(group * each)..((group + 1) * each)], [each]).CopyTo(alone.Weight!.Value);
            float[] part = [.. Enumerable.Range(0, 35).SelectMany(row => x[((row * Width) + (group * each))..((row * Width) + ((group + 1) * each))])];
            Assert.Equal(
                Placing.Logical(alone.Forward(Tensor.Create(part, [35, each]))),
                Enumerable.Range(0, 35).SelectMany(row => y[((row * Width) + (group * each))..((row * Width) + ((group + 1) * each))]));
        }
    }

    [Fact]
    public void NumGroups_ThatDoNotFit_Throw()
    {
        Assert.Contains("51 does not split into 4 equal groups", Assert.Throws<ArgumentException>("numGroups", () => new RmsNorm<float>(51) { NumGroups = 4 }).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>("numGroups", () => new RmsNorm<float>(51) { NumGroups = 0 });
        Assert.Contains("the last dimension alone", Assert.Throws<ArgumentException>(() => new LayerNorm<float>([3, 4]) { NumGroups = 2 }).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new LayerNorm<float>([4], axes: [1]) { NumGroups = 2 });
        Assert.Throws<ArgumentException>(() => Functional.LayerNorm<float>(Tensor.Create(new float[12], [3, 4]), [4], numGroups: 3));
        SavedStatistics saved = new();
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 24), [2, 12]);
        new RmsNorm<float>(12) { NumGroups = 3 }.Forward(x, saved);
        Assert.Throws<ArgumentException>("saved", () => new RmsNorm<float>(12) { NumGroups = 2 }.Backward(x, x, saved));
        Assert.Throws<ArgumentException>("saved", () => new RmsNorm<float>(12).Backward(x, x, saved));
    }
}
