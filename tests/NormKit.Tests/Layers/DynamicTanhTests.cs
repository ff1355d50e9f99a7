using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>What dynamic tanh has of its own; what it shares with all layers is in FamilyTests.</summary>
public class DynamicTanhTests
{
    [Fact]
    public void State_OfANewLayer_HasTheAuthorsKeysAndStart()
    {
        DynamicTanh<float> layer = new([2, 3], 0.75);
        Assert.Equal([("alpha", 1), ("weight", 2), ("bias", 2)], layer.State.Select(e => (e.Key, e.Shape.Length)));
        Assert.Equal([0.75f], Placing.Logical(layer.Alpha.Value));
        Assert.Equal([0.5f], Placing.Logical(new DynamicTanh<float>(3).Alpha.Value));
        Assert.All(Placing.Logical(layer.Weight!.Value), w => Assert.Equal(1, w));
        Assert.All(Placing.Logical(layer.Bias!.Value), b => Assert.Equal(0, b));
    }

    /// <summary>Rows of a few elements, of one, and of more than a block; many of them and one.</summary>
    [Theory]
    [InlineData(3001, 5)]
    [InlineData(9000, 1)]
    [InlineData(3, 9001)]
    [InlineData(1, 4096)]
    [InlineData(70, 130)]
    public void Pass_OfAnyRow_MatchesFormulaOnAnyThreads(int rows, int width)
    {
        nint[] shape = [rows, width];
        double[] x = Inputs<double>.Normal(new(1), rows * width, 2), dy = Inputs<double>.Normal(new(2), rows * width);
        double[] weight = Inputs<double>.Normal(new(3), width), bias = Inputs<double>.Normal(new(4), width);
        Gradients expected = Gradients.By(v => UncentredFormulas.DynamicTanh(v[0], Over.Sets(shape, 1), v[1][0], v[2], v[3]), dy, x, [0.6], weight, bias);
        double[][]? first = null;
        foreach (int threads in (int[])[1, 3])
        {
            DynamicTanh<double> layer = new(width, 0.6) { MaxDegreeOfParallelism = threads };
            Tensor.Create(weight, [width]).CopyTo(layer.Weight!.Value);
            Tensor.Create(bias, [width]).CopyTo(layer.Bias!.Value);
            SavedStatistics saved = new();
            Tensor<double> input = Tensor.Create(x, shape);
            double[][] results =
            [
                Placing.Logical(layer.Forward(input, saved)), Placing.Logical(layer.Backward(Tensor.Create(dy, shape), input, saved)),
                Placing.Logical(layer.Alpha.Grad), Placing.Logical(layer.Weight.Grad), Placing.Logical(layer.Bias.Grad),
            ];
            Closeness.Near<double>(results[0], expected.Y, Tolerances.ForwardDouble, "y");
            Closeness.Near<double>(results[1], expected.Of[0], Tolerances.InputGradientDouble, "dx");
            for (int i = 1; i < 4; i++)
                Closeness.Near<double>(results[i + 1], expected.Of[i], Tolerances.ParameterGradientDouble, $"gradient {i}");
            first ??= results;
            Assert.Equal(first, results);
        }
    }

    /// <summary>Far out 1 - tanh^2 would be 0, or a multiple of 2^-53.</summary>
    [Fact]
    public void Backward_FarOut_KeepsItsDigits()
    {
        DynamicTanh<double> layer = new(3, 1);
        SavedStatistics saved = new();
        Tensor<double> x = Tensor.Create([20.0, -30, 300], [3]);
        layer.Forward(x, saved);
        double[] dx = Placing.Logical(layer.Backward(Tensor.Create([1.0, 1, 1], [3]), x, saved));
        double[] expected = [4 * Math.Exp(-40), 4 * Math.Exp(-60), 4 * Math.Exp(-600)];
        for (int i = 0; i < 3; i++)
            Assert.Equal(1, dx[i] / expected[i], 1e-14);
    }

    [Fact]
    public void Forward_OfInfinity_IsTheBound()
    {
        DynamicTanh<float> layer = new(3);
        Tensor.Create([2.0f, 3, 5], [3]).CopyTo(layer.Weight!.Value);
        Assert.Equal([2, -3, float.NaN], Placing.Logical(layer.Forward(Tensor.Create([float.PositiveInfinity, float.NegativeInfinity, float.NaN], [3]))));
    }

    /// <summary>Rounded once: what double gives for the same 16-bit input, and sums that no type narrower than the parameters' takes part in.</summary>
    [Fact]
    public void Pass_OfSixteenBits_IsTheDoubleOneRounded()
    {
        nint[] shape = [37, 7];
        Half[] x = [.. Inputs<double>.Normal(new(1), 259, 2).Select(v => (Half)v)], dy = [.. Inputs<double>.Normal(new(2), 259).Select(v => (Half)v)];
        DynamicTanh<float> layer = new(7);
        DynamicTanh<double> wide = new(7);
        SavedStatistics saved = new(), wideSaved = new();
        Tensor<Half> input = Tensor.Create(x, shape);
        Tensor<double> wideX = Tensor.Create([.. x.Select(v => (double)v)], shape), wideDy = Tensor.Create([.. dy.Select(v => (double)v)], shape);
        Assert.Equal(Placing.Logical(wide.Forward(wideX, wideSaved)).Select(v => (Half)v), Placing.Logical(layer.Forward<Half>(input, saved)));
        Assert.Equal(Placing.Logical(wide.Backward(wideDy, wideX, wideSaved)).Select(v => (Half)v), Placing.Logical(layer.Backward<Half>(Tensor.Create(dy, shape), input, saved)));
        Assert.Equal(Placing.Logical(wide.Alpha.Grad).Select(v => (float)v), Placing.Logical(layer.Alpha.Grad));
        Assert.Equal(Placing.Logical(wide.Weight!.Grad).Select(v => (float)v), Placing.Logical(layer.Weight!.Grad));
    }

    /// <summary>A gradient joins the one that is there in double, and is rounded where it is stored: as in every other layer.</summary>
    [Fact]
    public void Backward_ToGradientsThatAreThere_RoundsTheirSumOnce()
    {
        nint[] shape = [9, 211];
        float[] x = Inputs<float>.Normal(new(1), 9 * 211, 2), dy = Inputs<float>.Normal(new(2), 9 * 211), ofWeight = Inputs<float>.Normal(new(3), 211), ofBias = Inputs<float>.Normal(new(4), 211);
        Gradients expected = Gradients.By(
            v => UncentredFormulas.DynamicTanh(v[0], Over.Sets(shape, 1), v[1][0], v[2], v[3]), Inputs<float>.Doubles(dy)!, Inputs<float>.Doubles(x)!, [0.5],
            [.. Enumerable.Repeat(1.0, 211)], new double[211]);
        foreach (float ofAlpha in (float[])[0.3f, -7.7f, 19.1f, 1e-4f])
        {
            DynamicTanh<float> layer = new(211);
            SavedStatistics saved = new();
            Tensor<float> input = Tensor.Create(x, shape);
            layer.Forward(input, saved);
            layer.Alpha.Grad.Fill(ofAlpha);
            Tensor.Create(ofWeight).CopyTo(layer.Weight!.Grad);
            Tensor.Create(ofBias).CopyTo(layer.Bias!.Grad);
            layer.Backward(Tensor.Create(dy, shape), input, saved);
            Assert.Equal([(float)(ofAlpha + expected.Of[1][0])], Placing.Logical(layer.Alpha.Grad));
            Assert.Equal(ofWeight.Select((g, i) => (float)(g + expected.Of[2][i])), Placing.Logical(layer.Weight.Grad));
            Assert.Equal(ofBias.Select((g, i) => (float)(g + expected.Of[3][i])), Placing.Logical(layer.Bias.Grad));
        }
    }

    [Fact]
    public void Refused_SaysWhat()
    {
        Assert.Throws<ArgumentException>("normalizedShape", () => new DynamicTanh<float>([]));
        Assert.Throws<ArgumentException>("normalizedShape", () => new DynamicTanh<float>([-1]));
        Assert.Throws<ArgumentOutOfRangeException>("alpha", () => new DynamicTanh<float>(3, double.NaN));
        DynamicTanh<float> layer = new(4);
        Tensor<float> x = Tensor.CreateFromShape<float>([2, 4]);
        Assert.Throws<ArgumentException>("mask", () => layer.Forward(x, mask: Tensor.CreateFromShape<bool>([2, 4])));
        SavedStatistics saved = new();
        layer.Forward(x, saved);
        Assert.Throws<ArgumentException>("mask", () => layer.Backward(x, x, saved, Tensor.CreateFromShape<bool>([2, 4])));
        Tensor<float> row = Tensor.CreateFromShape<float>([4]);
        Assert.Throws<ArgumentException>("destination", () => layer.Forward(row, layer.Weight!.Value));
        Assert.Throws<ArgumentException>("input", () => new DynamicTanh<float>(5).Backward(x, x, saved));
        layer.Forward(Tensor.CreateFromShape<float>([0, 4]), saved);
        Assert.Equal([0, 4], layer.Backward(Tensor.CreateFromShape<float>([0, 4]), Tensor.CreateFromShape<float>([0, 4]), saved).Lengths.ToArray());
    }
}
