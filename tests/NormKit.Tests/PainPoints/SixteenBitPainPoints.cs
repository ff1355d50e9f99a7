using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests.PainPoints;

/// <summary>16-bit types and mixtures of types. Numbers are those of docs/differences.md.</summary>
public class SixteenBitPainPoints
{
    /// <summary>microsoft/onnxruntime #29034, #10079: sums in 16 bits overflow, or stall where a term is less than half a step of the sum.</summary>
    [Fact]
    public void PainPoint04_SumsBeyond16Bits_AreKeptInFloat()
    {
        // Squares of 300 exceed 65504 and 4,096 terms of 1 exceed 2048, where Half stalls.
        Half[] x = [.. Enumerable.Range(0, 4096).Select(i => (Half)(i % 2 == 0 ? 300 : -300))], ones = [.. Enumerable.Repeat((Half)1, 4096)];
        RmsNorm<float> layer = new(4096, elementwiseAffine: false);
        Assert.Equal(Array.ConvertAll(x, v => (Half)Math.Sign((double)v)), Placing.Logical(layer.Forward<Half>(Tensor.Create(x, [1, 4096]))));
        Assert.Equal(ones, Placing.Logical(layer.Forward<Half>(Tensor.Create(ones, [1, 4096]))));
    }

    /// <summary>keras #22586, #22666: who casts. Here nobody: 16 bits in and out because the caller says so, parameters in float because the layer does.</summary>
    [Fact]
    public void PainPoint05_MixedPrecision_IsWhatTheTypesSay()
    {
        LayerNorm<float> layer = new(11);
        SavedStatistics saved = new();
        Tensor<Half> x = Tensor.Create(Array.ConvertAll(Inputs<float>.Normal(new(1), 77), v => (Half)v), [7, 11]);
        Tensor<Half> y = layer.Forward<Half>(x, saved), dx = layer.Backward<Half>(y, x, saved);
        Tensor<float> gradient = layer.Weight!.Grad;
        Assert.Equal((77, 77, 11), (y.FlattenedLength, dx.FlattenedLength, gradient.FlattenedLength));
    }

    /// <summary>pytorch/pytorch #155527, #173039: the epsilon is that of the type computed in, so that of float for 16-bit input.</summary>
    [Fact]
    public void PainPoint07_RmsNormEpsNull_IsTheEpsilonOfTheComputingType()
    {
        Assert.Equal(1.1920928955078125e-7, new RmsNorm<float>(3).Eps);
        Assert.Equal(2.220446049250313e-16, new RmsNorm<double>(3).Eps);
        // Values so small that eps decides: with Half's own, 9.8e-4, the result would be 0.0312.
        Half y = Placing.Logical(new RmsNorm<float>(1).Forward<Half>(Tensor.Create([(Half)0.0009765625], [1, 1])))[0];
        Assert.Equal((Half)(0.0009765625 / Math.Sqrt(0.0009765625 * 0.0009765625 + 1.1920928955078125e-7)), y);
    }

    /// <summary>NVIDIA/TransformerEngine #1132: weight first, then the one rounding.</summary>
    [Fact]
    public void PainPoint08_RmsNormOf16Bit_RoundsOnceAfterTheWeight()
    {
        RmsNorm<float> layer = new(257);
        float[] weight = Inputs<float>.Normal(new(2), 257, 0.5, 1);
        Results<float>.Load(layer.Weight, weight);
        Half[] x = Array.ConvertAll(Inputs<float>.Normal(new(1), 257), v => (Half)v), y = Placing.Logical(layer.Forward<Half>(Tensor.Create(x, [1, 257])));
        double rms = Math.Sqrt(x.Average(v => (double)v * (double)v) + layer.Eps);
        int twice = 0;
        for (int i = 0; i < 257; i++)
        {
            Assert.Equal((Half)((double)x[i] / rms * weight[i]), y[i]);
            twice += (Half)((double)(Half)((double)x[i] / rms) * weight[i]) != y[i] ? 1 : 0;
        }
        Assert.InRange(twice, 20, 257);
    }

    /// <summary>pytorch/pytorch #102922: an error that names the types that do not go together.</summary>
    [Fact]
    public void PainPoint25_TypesThatDoNotGoTogether_AreNamed()
    {
        Tensor<Half> x = Tensor.CreateFromShape<Half>([7, 11]);
        string message = Assert.Throws<NotSupportedException>(() => new LayerNorm<double>(11).Forward<Half>(x)).Message;
        Assert.Contains("LayerNorm", message, StringComparison.Ordinal);
        Assert.Contains("Double", message, StringComparison.Ordinal);
        Assert.Contains("Half", message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => new LayerNorm<float>(11).Forward<double>(Tensor.CreateFromShape<double>([7, 11])));
        Assert.Throws<NotSupportedException>(() => new LayerNorm<float>(11).Forward<int>(Tensor.CreateFromShape<int>([7, 11])));
    }

    /// <summary>onnxruntime #13104, #15021, onnx #5466: layer norm of 16 bits exists, and group norm's weight is one a channel.</summary>
    [Fact]
    public void PainPoint28_GroupNormWeight_IsOneAChannel() => Assert.Equal([10], new GroupNorm<float>(2, 10).Weight!.Value.Lengths.ToArray());
}
