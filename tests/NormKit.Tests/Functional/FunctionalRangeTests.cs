using System.Numerics.Tensors;

namespace NormKit.Tests;

/// <summary>Finite input of extreme size, extreme weights and extreme shapes: the finite result, or one clear refusal.</summary>
public class FunctionalRangeTests
{
    /// <summary>Neither 1 / std nor the weight leaves a float's range, but their product does.</summary>
    [Theory]
    [InlineData(1e-10, 1e30, 0)]
    [InlineData(1e15, 1e-30, 1e-5)]
    public void Forward_ProductOfWeightAndInvStdBeyondFloat_IsTheFiniteResult(double sd, double weight, double eps)
    {
        float[] values = [(float)sd, (float)-sd, 2 * (float)sd, -2 * (float)sd, 3 * (float)sd, -3 * (float)sd];
        double variance = values.Average(v => (double)v * v);
        nint[] shape = [1, 1, 6], batch = [6, 1];
        float[] weights = [(float)weight];
        foreach (MemoryFormat format in Enum.GetValues<MemoryFormat>())
        {
            Check((x, y) => Functional.InstanceNorm<float>(x, shape, y, true, weight: weights, eps: eps, format: format));
            Check((x, y) => Functional.GroupNorm<float>(x, shape, y, 1, weights, eps: eps, format: format));
            Check((x, y) => Functional.BatchNorm<float>(x, shape, y, true, weight: weights, eps: eps, format: format));
        }
        Check((x, y) => Functional.BatchNorm<float>(x, batch, y, true, weight: weights, eps: eps));
        Check((x, y) => Functional.LayerNorm<float>(x, [1, 6], y, [6], [.. Enumerable.Repeat(weights[0], 6)], eps: eps));

        void Check(Action<float[], float[]> norm)
        {
            float[] y = new float[values.Length];
            norm(values, y);
            for (int i = 0; i < y.Length; i++)
                Assert.Equal(1, y[i] / (values[i] / Math.Sqrt(variance + eps) * weights[0]), 3e-7);
        }
    }

    /// <summary>One channel whose scale no float holds changes no bit of the others.</summary>
    [Theory]
    [InlineData(MemoryFormat.Contiguous)]
    [InlineData(MemoryFormat.ChannelsLast)]
    public void Forward_OneExtremeWeight_LeavesTheOtherChannelsAlone(MemoryFormat format)
    {
        nint[] shape = [3, 5, 7, 11];
        float[] x = new TorchRandom(3).Rand(3 * 5 * 7 * 11).ToArray(), plain = new float[x.Length], extreme = new float[x.Length];
        Functional.BatchNorm<float>(x, shape, plain, true, weight: [0.5f, 1.5f, 2, 0.7f, 3], format: format);
        Functional.BatchNorm<float>(x, shape, extreme, true, weight: [0.5f, 1.5f, 3e38f, 0.7f, 3], format: format);
        for (int i = 0; i < x.Length; i++)
        {
            int channel = format == MemoryFormat.Contiguous ? i / 77 % 5 : i % 5;
            if (channel != 2)
                Assert.Equal(BitConverter.SingleToInt32Bits(plain[i]), BitConverter.SingleToInt32Bits(extreme[i]));
        }
    }

    [Fact]
    public void Forward_EmptyWithAnImpossibleLength_IsRefusedInEitherOrder()
    {
        foreach (nint[] shape in (nint[][])[[0, nint.MaxValue], [nint.MaxValue, 0], [0, 3, (nint)1 << 40, (nint)1 << 40]])
        {
            ArgumentException error = Assert.Throws<ArgumentException>(() => Functional.BatchNorm<float>([], shape, [], true));
            Assert.Contains("cannot have shape", error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>The columns of one sample: the same numbers as that sample has in a batch.</summary>
    [Fact]
    public void BatchNorm_EvaluationOfOneSample_HasTheBitsOfTheBatch()
    {
        float[] x = new TorchRandom(4).Rand(3 * 37).ToArray(), mean = new TorchRandom(5).Rand(37).ToArray(), variance = new TorchRandom(6).Rand(37).ToArray();
        float[] batch = new float[x.Length], alone = new float[37];
        Functional.BatchNorm<float>(x, [3, 37], batch, false, mean, variance);
        for (int n = 0; n < 3; n++)
        {
            Functional.BatchNorm<float>(x.AsSpan(n * 37, 37), [1, 37], alone, false, mean, variance);
            Assert.Equal(batch[(n * 37)..((n + 1) * 37)], alone);
        }
    }
}

internal static class TensorValues
{
    public static float[] ToArray(this Tensor<float> tensor)
    {
        float[] values = new float[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }
}
