using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NormKit.Tests.Reference;
using NormKit.Threading;

namespace NormKit.Tests.Kernels;

/// <summary>
/// How results are written and how work is cut depends on sizes: past the caches beyond the last level, a part of a batch's columns at a time, a few
/// rows without the general call. None of it changes a bit.
/// </summary>
public class MemoryPathTests
{
    public static TheoryData<string, string> LargeLayers => new MatrixTheoryData<string, string>(
        ["batch", "layer", "instance", "group", "rms", "eval", "batch channels-last", "group channels-last", "layer channels-last"], ["float", "double", "BFloat16"]);

    [Theory]
    [MemberData(nameof(LargeLayers))]
    public void Results_BeyondTheCaches_AreThoseInPlace(string name, string type)
    {
        if (type == "float")
            Compare<float, float>(name, x => x);
        else if (type == "double")
            Compare<double, double>(name, x => x);
        else
            Compare<BFloat16, float>(name, x => (BFloat16)x);
    }

    /// <summary>Odd lengths, so that hardly a run begins at a cache line; two tensors are 1.4 times the last-level cache, and a result that is also an
    /// input never goes past it.</summary>
    private static void Compare<TInput, T>(string name, Func<float, TInput> make)
        where TInput : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        nint[] large = [5, 12, (nint)(CacheSizes.LastLevel / 60 / Unsafe.SizeOf<TInput>() / 8 * 0.7) | 1, 8];
        MemoryFormat format = name.EndsWith("channels-last", StringComparison.Ordinal) ? MemoryFormat.ChannelsLast : MemoryFormat.Contiguous;
        NormLayer<T> layer = name.Split(' ')[0] switch
        {
            "batch" or "eval" => new BatchNorm2d<T>(12),
            "layer" => new LayerNorm<T>(large.AsSpan(1)),
            "instance" => new InstanceNorm2d<T>(12, affine: true),
            "group" => new GroupNorm<T>(4, 12),
            _ => new RmsNorm<T>(large.AsSpan(2)),
        };
        if (name == "eval")
            layer.Eval();
        Random random = new(3);
        foreach ((_, Parameter<T> parameter) in layer.NamedParameters)
            Inputs<T>.Normal(random, parameter.Values.Length).CopyTo(parameter.Values, 0);
        int length = (int)(large[0] * large[1] * large[2] * large[3]);
        Assert.True(2L * length * Unsafe.SizeOf<TInput>() > CacheSizes.LastLevel);
        TInput[] x = [.. Uniform(1, length).Select(make)], dy = [.. Uniform(2, length).Select(make)], y = new TInput[length], dx = new TInput[length];
        SavedStatistics saved = new();
        layer.Forward<TInput>(x, large, y, saved, format);
        layer.Backward<TInput>(dy, x, large, saved, dx, format);
        T[][] gradients = [.. layer.NamedParameters.Select(p => (T[])p.Parameter.Gradients.Clone())];
        layer.ZeroGrad();

        TInput[] again = new TInput[length];
        layer.MaxDegreeOfParallelism = 1;
        layer.Forward<TInput>(x, large, again, null, format);
        Assert.True(Same(again, y));
        layer.MaxDegreeOfParallelism = -1;

        x.CopyTo(again, 0);
        layer.Forward<TInput>(again, large, again, saved, format);
        Assert.True(Same(again, y));
        layer.Backward<TInput>(dy, x, large, saved, dy, format);
        Assert.True(Same(dy, dx));
        Assert.Equal(gradients, layer.NamedParameters.Select(p => p.Parameter.Gradients));
    }

    private static bool Same<TInput>(TInput[] a, TInput[] b) where TInput : unmanaged =>
        MemoryMarshal.AsBytes(a.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(b.AsSpan()));

    /// <summary>The gradient of a sum is added on the way; dx goes past the caches unless it is that gradient's memory.</summary>
    [Fact]
    public void GradientsOfASum_BeyondTheCaches_AreThoseInPlace()
    {
        nint[] shape = [(nint)(CacheSizes.LastLevel / 4 / 4 / 999 * 1.1), 999];
        int length = (int)(shape[0] * shape[1]);
        LayerNorm<float> layer = new(999);
        float[] x = Uniform(1, length), dy = Uniform(2, length), ofSum = Uniform(3, length), y = new float[length], sum = new float[length], dx = new float[length];
        SavedStatistics saved = new();
        layer.ForwardAdd<float>(new(x, shape, []), new(dy, shape, []), new(y, shape, []), new TensorSpan<float>(sum, shape, []), saved);
        layer.BackwardAdd<float>(new(dy, shape, []), new(ofSum, shape, []), new(sum, shape, []), saved, new TensorSpan<float>(dx, shape, []));
        layer.BackwardAdd<float>(new(dy, shape, []), new(ofSum, shape, []), new(sum, shape, []), saved, new TensorSpan<float>(ofSum, shape, []));
        Assert.True(Same(dx, ofSum));
    }

    [Theory]
    [InlineData(100, 4099, 1)]
    [InlineData(64, 803, 49)]
    [InlineData(17, 901, 63)]
    [InlineData(3000, 40, 3)]
    public void BatchNorm_OfAChannelAlone_HasTheBitsOfTheWhole(int n, int c, int s)
    {
        Random random = new(n);
        float[] x = Inputs<float>.Normal(random, n * c * s, offset: 5), dy = Inputs<float>.Normal(random, x.Length), y = new float[x.Length], dx = new float[x.Length];
        BatchNorm1d<float> layer = new(c), alone = new(1);
        Inputs<float>.Normal(random, c).CopyTo(layer.Weight!.Values, 0);
        SavedStatistics saved = new();
        nint[] shape = [n, c, s];
        layer.Forward(x, shape, y, saved);
        layer.Backward(dy, x, shape, saved, dx);
        foreach (int channel in (int[])[0, 1, c / 3, c - 2, c - 1])
        {
            alone.Weight!.Values[0] = layer.Weight.Values[channel];
            alone.ZeroGrad();
            float[] ofX = Slice(x, n, c, s, channel), ofDy = Slice(dy, n, c, s, channel), result = new float[n * s];
            alone.Forward(ofX, [n, 1, s], result, saved);
            Assert.Equal(Slice(y, n, c, s, channel), result);
            alone.Backward(ofDy, ofX, [n, 1, s], saved, result);
            Assert.Equal(Slice(dx, n, c, s, channel), result);
            Assert.Equal(layer.Weight.Gradients[channel], alone.Weight.Gradients[0]);
            Assert.Equal(layer.Bias!.Gradients[channel], alone.Bias!.Gradients[0]);
        }
    }

    [Fact]
    public void LayerNormOverChannels_OfSomePositions_HasTheBitsOfTheWhole()
    {
        const int c = 96, s = 5003, some = 37;
        Random random = new(8);
        float[] x = Inputs<float>.Normal(random, c * s, offset: -2), y = new float[x.Length], few = new float[c * some];
        LayerNorm<float> layer = new([c], [1]);
        Inputs<float>.Normal(random, c).CopyTo(layer.Weight!.Values, 0);
        layer.Forward(x, [1, c, s], y);
        foreach (int first in (int[])[0, 1000, s - some])
        {
            float[] cut = [.. Enumerable.Range(0, c * some).Select(i => x[(i / some * s) + first + (i % some)])];
            layer.Forward(cut, [1, c, some], few);
            Assert.Equal(Enumerable.Range(0, c * some).Select(i => y[(i / some * s) + first + (i % some)]), few);
        }
    }

    [Fact]
    public void FewRows_OfAnySize_HaveTheBitsOfTheGeneralCall()
    {
        Random random = new(9);
        for (int i = 0; i < 300; i++)
        {
            int rows = random.Next(1, 9), width = random.Next(1, i % 10 == 0 ? 9000 : 100);
            double scale = i % 7 == 0 ? 1e-25 : i % 11 == 0 ? 1e25 : 1;
            RowNormLayer<float> layer = i % 2 == 0
                ? new LayerNorm<float>([width], elementwiseAffine: i % 3 != 0)
                : new RmsNorm<float>([width], elementwiseAffine: i % 3 != 0);
            foreach ((_, Parameter<float> parameter) in layer.NamedParameters)
                Inputs<float>.Normal(random, parameter.Values.Length).CopyTo(parameter.Values, 0);
            float[] x = Inputs<float>.Normal(random, rows * width, scale, offset: 3 * scale), expected = new float[x.Length], actual = new float[x.Length];
            if (i % 13 == 0)
                x[random.Next(x.Length)] = float.NaN;
            layer.Forward(x, [rows, width], expected, new SavedStatistics());
            layer.Forward(x, [rows, width], actual);
            Assert.True(Bits(expected).SequenceEqual(Bits(actual)), $"{layer.GetType().Name} [{rows}, {width}] scale {scale}");
            layer.Forward(x, [1, rows, width], x);
            Assert.True(Bits(expected).SequenceEqual(Bits(x)));
        }
    }

    [Fact]
    public void FewRows_OfWrongArguments_GetTheErrorsOfTheGeneralCall()
    {
        LayerNorm<float> layer = new(8);
        float[] room = new float[64];
        Assert.Contains("overlap", Assert.Throws<ArgumentException>(() => layer.Forward(room.AsSpan(0, 32), [4, 8], room.AsSpan(8, 32))).Message, StringComparison.Ordinal);
        Assert.Contains("[4, 7]", Assert.Throws<ArgumentException>(() => layer.Forward(room.AsSpan(0, 28), [4, 7], room.AsSpan(28, 28))).Message, StringComparison.Ordinal);
        Assert.Contains("needs 40", Assert.Throws<ArgumentException>(() => layer.Forward(room.AsSpan(0, 32), [5, 8], room.AsSpan(32, 32))).Message, StringComparison.Ordinal);
        Assert.Contains("weight", Assert.Throws<ArgumentException>(() => layer.Forward(room.AsSpan(0, 8), [1, 8], layer.Weight!.Values)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 8193, 1)]
    [InlineData(5, 20_003, 3)]
    [InlineData(37, 8192, 2)]
    [InlineData(70, 9001, 3)]
    public void LayerNormGradients_OfLongRows_AreTheFormulasWhateverIsAskedFor(int rows, int width, int threads)
    {
        Random random = new(rows);
        LayerNorm<float> layer = new(width) { MaxDegreeOfParallelism = threads };
        Inputs<float>.Normal(random, width).CopyTo(layer.Weight!.Values, 0);
        float[] x = Inputs<float>.Normal(random, rows * width, offset: 3), dy = Inputs<float>.Normal(random, x.Length), dx = new float[x.Length];
        // A row in five is summed in double.
        for (int i = 0; i < x.Length; i++)
            x[i] *= i / width % 5 == 2 ? 1e25f : 1;
        nint[] shape = [rows, width];
        SavedStatistics saved = new();
        layer.Forward(x, shape, dx, saved);
        layer.Backward(dy, x, shape, saved, dx);
        double[] dWeight = new double[width], dBias = new double[width];
        for (int row = 0; row < rows; row++)
        {
            Range of = (row * width)..((row + 1) * width);
            double[] d = [.. x[of].Select(value => (double)value)];
            double mean = d.Average(), scale = 1 / Math.Sqrt(d.Average(value => (value - mean) * (value - mean)) + layer.Eps);
            double[] xHat = [.. d.Select(value => (value - mean) * scale)], g = [.. dy[of].Zip(layer.Weight.Values, (a, b) => (double)a * b)];
            double meanOfG = g.Average(), slope = g.Zip(xHat, (a, b) => a * b).Average();
            double[] expected = [.. g.Zip(xHat, (a, b) => (a - meanOfG - (b * slope)) * scale)];
            Near(expected, dx[of]);
            for (int i = 0; i < width; i++)
            {
                dWeight[i] += dy[(row * width) + i] * xHat[i];
                dBias[i] += dy[(row * width) + i];
            }
        }
        Near(dWeight, layer.Weight.Gradients);
        Near(dBias, layer.Bias!.Gradients);

        // Without dx the sums are made alone, and in place the inputs are gone afterwards.
        float[][] gradients = [.. layer.NamedParameters.Select(p => (float[])p.Parameter.Gradients.Clone())];
        layer.ZeroGrad();
        layer.Backward(dy, x, shape, saved, []);
        Assert.Equal(gradients, layer.NamedParameters.Select(p => p.Parameter.Gradients));
        layer.ZeroGrad();
        layer.Backward(dy, x, shape, saved, dy);
        Assert.Equal(gradients, layer.NamedParameters.Select(p => p.Parameter.Gradients));
        Assert.True(Bits(dx).SequenceEqual(Bits(dy)));
    }

    private static void Near(double[] expected, float[] actual)
    {
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= 3e-7 * largest))
                Assert.Fail($"At {i} {actual[i]:R}, and {expected[i]:R} is expected, the largest being {largest:R}.");
        }
    }

    private static ReadOnlySpan<int> Bits(float[] values) => MemoryMarshal.Cast<float, int>(values);

    private static float[] Slice(float[] x, int n, int c, int s, int channel) =>
        [.. Enumerable.Range(0, n * s).Select(i => x[(((i / s * c) + channel) * s) + (i % s)])];

    private static float[] Uniform(int seed, int length)
    {
        Random random = new(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = (random.NextSingle() * 4) - 1;
        return values;
    }
}
