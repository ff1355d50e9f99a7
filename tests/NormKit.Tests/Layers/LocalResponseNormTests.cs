using System.Numerics.Tensors;
using System.Text.Json;
using NormKit.Tests.Golden;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>What local response norm has of its own; what it shares with all layers is in FamilyTests.</summary>
public class LocalResponseNormTests
{
    [Theory]
    [InlineData("lrn_5")]
    [InlineData("lrn_even")]
    public void Pass_OfGoldenCase_IsPyTorch(string name)
    {
        JsonElement json = GoldenCase.Entry(name);
        nint[] shape = [.. json.GetProperty("shape").EnumerateArray().Select(n => (nint)n.GetInt32())];
        Dictionary<string, double[]> arrays = NumpyArchive.Read(Path.Combine(GoldenCase.Folder, name + ".npz"));
        LocalResponseNorm<double> layer = new((int)Number("size"), Number("alpha"), Number("beta"), Number("k"));
        SavedStatistics saved = new();
        Tensor<double> x = Tensor.Create(arrays["x"], shape);
        Closeness.Near<double>(Placing.Logical(layer.Forward(x, saved)), arrays["want_y"], Tolerances.PyTorchDouble, "y");
        Closeness.Near<double>(Placing.Logical(layer.Backward(Tensor.Create(arrays["dy"], shape), x, saved)), arrays["want_dx"], Tolerances.PyTorchDouble, "dx");

        double Number(string property) => json.GetProperty(property).GetDouble();
    }

    /// <summary>Windows from one channel to far more than there are, and every exponent with a root of its own.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(1000)]
    public void Pass_OfAnyWindow_MatchesFormula(int size)
    {
        nint[] shape = [2, 5, 3, 7];
        double[] x = Inputs<double>.Normal(new(1), 210), dy = Inputs<double>.Normal(new(2), 210);
        foreach (double beta in (double[])[0, 0.5, 0.6, 0.75, 1, 2, -1])
        {
            foreach (LrnWindow window in Enum.GetValues<LrnWindow>())
            {
                Gradients expected = Gradients.By(v => UncentredFormulas.LocalResponse(v[0], shape, size, 3, beta, 0.5, window == LrnWindow.OnnxLrn), dy, x);
                LocalResponseNorm<double> layer = new(size, 3, beta, 0.5, window);
                SavedStatistics saved = new();
                Closeness.Near<double>(Placing.Logical(layer.Forward(Tensor.Create(x, shape), saved)), expected.Y, Tolerances.ForwardDouble, $"{size}, {beta}, {window}: y");
                Closeness.Near<double>(
                    Placing.Logical(layer.Backward(Tensor.Create(dy, shape), Tensor.Create(x, shape), saved)), expected.Of[0],
                    Tolerances.InputGradientDouble, $"{size}, {beta}, {window}: dx");
            }
        }
    }

    /// <summary>A running sum would keep the rounding of a large channel after that has left the window.</summary>
    [Fact]
    public void Forward_BehindALargeChannel_KeepsNothingOfIt()
    {
        double[] x = Inputs<double>.Normal(new(1), 12), without = [.. x];
        x[2] = 1e9;
        without[2] = 0;
        LocalResponseNorm<double> layer = new(3, 1);
        double[] y = Placing.Logical(layer.Forward(Tensor.Create(x, [1, 12, 1]))), expected = Placing.Logical(layer.Forward(Tensor.Create(without, [1, 12, 1])));
        Closeness.SameBits<double>(expected.AsSpan(4), y.AsSpan(4), "behind");
        Assert.NotEqual(expected[3], y[3]);
    }

    [Fact]
    public void Forward_OfLargeFloats_DoesNotOverflow()
    {
        float[] x = [3e30f, -2e30f, 1e38f, 1e-30f];
        float[] y = Placing.Logical(new LocalResponseNorm<float>(3, 3, 0.5, 0).Forward(Tensor.Create(x, [1, 4, 1])));
        double[] expected = Gradients.Value(v => UncentredFormulas.LocalResponse(v[0], [1, 4, 1], 3, 3, 0.5, 0), [.. x.Select(v => (double)v)]);
        Closeness.Near<float>(y, expected, Tolerances.ForwardFloat, "y");
    }

    /// <summary>All channels of a sample and a position, and more of them than a block holds.</summary>
    [Fact]
    public void Pass_OfManyChannels_MatchesFormula()
    {
        nint[] shape = [1, 5001, 11];
        double[] x = Inputs<double>.Normal(new(1), 5001 * 11), dy = Inputs<double>.Normal(new(2), 5001 * 11);
        Gradients expected = Gradients.By(v => UncentredFormulas.LocalResponse(v[0], shape, 5, 1, 0.75, 1), dy, x);
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            LocalResponseNorm<double> layer = new(5, 1) { MaxDegreeOfParallelism = 2 };
            SavedStatistics saved = new();
            Tensor<double> input = Placing.Place(x, shape, placement);
            Closeness.Near<double>(Placing.Logical(layer.Forward(input, saved)), expected.Y, Tolerances.ForwardDouble, $"{placement}: y");
            Closeness.Near<double>(Placing.Logical(layer.Backward(Placing.Place(dy, shape, placement), input, saved)), expected.Of[0], Tolerances.InputGradientDouble, $"{placement}: dx");
        }
    }

    /// <summary>Rounded once: what double gives for the same 16-bit input.</summary>
    [Fact]
    public void Pass_OfSixteenBits_IsTheDoubleOneRounded()
    {
        nint[] shape = [2, 6, 5, 3];
        double[] x = Inputs<double>.Normal(new(1), 180, 2), dy = Inputs<double>.Normal(new(2), 180);
        Same(v => (Half)v, v => (double)v);
        Same(v => (BFloat16)(float)v, v => (float)v);

        void Same<TInput>(Func<double, TInput> round, Func<TInput, double> widen) where TInput : unmanaged
        {
            TInput[] narrowX = [.. x.Select(round)], narrowDy = [.. dy.Select(round)];
            LocalResponseNorm<float> layer = new(4, 2);
            LocalResponseNorm<double> wide = new(4, 2);
            SavedStatistics saved = new(), wideSaved = new();
            Tensor<double> wideX = Tensor.Create([.. narrowX.Select(widen)], shape), wideDy = Tensor.Create([.. narrowDy.Select(widen)], shape);
            Tensor<TInput> input = Tensor.Create(narrowX, shape);
            TInput[] y = Placing.Logical(layer.Forward<TInput>(input, saved)), dx = Placing.Logical(layer.Backward<TInput>(Tensor.Create(narrowDy, shape), input, saved));
            Assert.Equal(Placing.Logical(wide.Forward(wideX, wideSaved)).Select(round), y);
            Assert.Equal(Placing.Logical(wide.Backward(wideDy, wideX, wideSaved)).Select(round), dx);
        }
    }

    [Fact]
    public void Functional_OfEachForm_IsTheLayer()
    {
        nint[] shape = [2, 5, 3, 4];
        float[] x = Inputs<float>.Normal(new(1), 120), onSpans = new float[120];
        Tensor<float> input = Tensor.Create(x, shape), into = Tensor.CreateFromShape<float>(shape);
        float[] expected = Placing.Logical(new LocalResponseNorm<float>(4, 2, 0.6, 0.5, LrnWindow.OnnxLrn).Forward(input));
        Assert.Equal(expected, Placing.Logical(Functional.LocalResponseNorm<float>(input, 4, 2, 0.6, 0.5, LrnWindow.OnnxLrn)));
        Functional.LocalResponseNorm<float>(input, into, 4, 2, 0.6, 0.5, LrnWindow.OnnxLrn);
        Assert.Equal(expected, Placing.Logical(into));
        Functional.LocalResponseNorm<float>(x, shape, onSpans, 4, 2, 0.6, 0.5, LrnWindow.OnnxLrn);
        Assert.Equal(expected, onSpans);
        Functional.LocalResponseNorm<float>(Placing.ToChannelsLast(x, shape), shape, onSpans, 4, 2, 0.6, 0.5, LrnWindow.OnnxLrn, MemoryFormat.ChannelsLast);
        Assert.Equal(expected, Placing.FromChannelsLast(onSpans, shape));
        Assert.Throws<ArgumentOutOfRangeException>("size", () => Functional.LocalResponseNorm<float>(input, 0));
        Assert.Throws<ArgumentException>("input", () => Functional.LocalResponseNorm<float>(x, [24, 5], onSpans, 3));
        Assert.Throws<ArgumentOutOfRangeException>("maxDegreeOfParallelism", () => Functional.LocalResponseNorm<float>(input, 3, maxDegreeOfParallelism: 0));
    }

    [Fact]
    public void Pass_OfEmptyBatch_IsEmpty()
    {
        LocalResponseNorm<float> layer = new(3);
        SavedStatistics saved = new();
        Tensor<float> empty = Tensor.CreateFromShape<float>([0, 4, 2]);
        Assert.Equal([0, 4, 2], layer.Forward(empty, saved).Lengths.ToArray());
        Assert.Equal([0, 4, 2], layer.Backward(empty, empty, saved).Lengths.ToArray());
    }

    [Fact]
    public void Refused_SaysWhat()
    {
        Assert.Throws<ArgumentOutOfRangeException>("size", () => new LocalResponseNorm<float>(0));
        Assert.Throws<ArgumentOutOfRangeException>("alpha", () => new LocalResponseNorm<float>(1, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("beta", () => new LocalResponseNorm<float>(1, beta: double.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>("k", () => new LocalResponseNorm<float>(1, k: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("window", () => new LocalResponseNorm<float>(1, window: (LrnWindow)7));
        LocalResponseNorm<float> layer = new(3);
        Tensor<float> x = Tensor.CreateFromShape<float>([2, 3, 4]);
        Assert.Throws<ArgumentException>("mask", () => layer.Forward(x, mask: Tensor.CreateFromShape<bool>([2, 3, 4])));
        SavedStatistics saved = new();
        layer.Forward(x, saved);
        Assert.Throws<ArgumentException>("mask", () => layer.Backward(x, x, saved, Tensor.CreateFromShape<bool>([2, 3, 4])));
        Assert.Throws<ArgumentException>("saved", () => Functional.Backward<float>(x, x, saved));
        Assert.Throws<NotSupportedException>(() => layer.Forward<double>(Tensor.CreateFromShape<double>([2, 3, 4])));
    }
}
