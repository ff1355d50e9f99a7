using System.Numerics.Tensors;
using System.Text.Json;
using NormKit.Tests.Golden;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>What Lp normalization has of its own; what it shares with all layers is in FamilyTests.</summary>
public class LpNormalizeTests
{
    public static TheoryData<double> Norms { get; } = [0, 0.5, 1, 1.5, 2, 3, double.PositiveInfinity];

    [Theory]
    [InlineData("lp_1")]
    [InlineData("lp_2")]
    [InlineData("lp_3")]
    public void Pass_OfGoldenCase_IsPyTorch(string name)
    {
        JsonElement json = GoldenCase.Entry(name);
        nint[] shape = [.. json.GetProperty("shape").EnumerateArray().Select(n => (nint)n.GetInt32())];
        Dictionary<string, double[]> arrays = NumpyArchive.Read(Path.Combine(GoldenCase.Folder, name + ".npz"));
        LpNormalize<double> layer = new(json.GetProperty("p").GetDouble(), json.GetProperty("dim").GetInt32());
        (double[] y, double[] dx) = Run(layer, arrays["x"], arrays["dy"], shape);
        Closeness.Near<double>(y, arrays["want_y"], Tolerances.PyTorchDouble, "y");
        Closeness.Near<double>(dx, arrays["want_dx"], Tolerances.PyTorchDouble, "dx");
    }

    [Theory, MemberData(nameof(Norms))]
    public void Pass_AlongEachDimension_MatchesFormula(double p)
    {
        nint[] shape = [3, 5, 4, 7];
        double[] x = Inputs<double>.Normal(new(1), 420), dy = Inputs<double>.Normal(new(2), 420);
        for (int dim = 0; dim < 4; dim++)
        {
            Gradients expected = Gradients.By(v => UncentredFormulas.LpNormalize(v[0], Over.Axes(shape, dim), p, 1e-12), dy, x);
            foreach (int named in (int[])[dim, dim - 4])
            {
                (double[] y, double[] dx) = Run(new(p, named), x, dy, shape);
                Closeness.Near<double>(y, expected.Y, Tolerances.ForwardDouble, $"p {p}, dim {named}: y");
                Closeness.Near<double>(dx, expected.Of[0], Tolerances.InputGradientDouble, $"p {p}, dim {named}: dx");
            }
        }
    }

    /// <summary>A norm below eps is eps, which does not move with the input.</summary>
    [Theory, MemberData(nameof(Norms))]
    public void Pass_BelowEps_DividesByEps(double p)
    {
        double[] x = [0.5, -0.25, 0, 0.125], dy = [1, 2, 3, -4];
        (double[] y, double[] dx) = Run(new(p, 0, eps: 64), x, dy, [4]);
        Assert.Equal([0.5 / 64, -0.25 / 64, 0, 0.125 / 64], y);
        Assert.Equal([1.0 / 64, 2.0 / 64, 3.0 / 64, -4.0 / 64], dx);
    }

    /// <summary>Zeros stay zeros, with eps and without.</summary>
    [Theory, MemberData(nameof(Norms))]
    public void Pass_OfZeros_IsZeros(double p)
    {
        foreach (double eps in (double[])[1e-12, 0])
        {
            (double[] y, double[] dx) = Run(new(p, 0, eps), [0, 0, 0], [1, -1, 2], [3]);
            Assert.Equal([0, 0, 0], y);
            Assert.Equal(eps == 0 ? [0, 0, 0] : [1 / eps, -1 / eps, 2 / eps], dx.Select(v => Math.Round(v, 3)));
        }
    }

    [Fact]
    public void Backward_OfElementsThatAreZero_TakesNothingThroughTheNorm()
    {
        // sum(dy * y) = (3 * 3 - 2 * 1) / 4 = 7 / 4.
        Assert.Equal([(3 - (7 / 4.0)) / 4, 5 / 4.0, (2 + (7 / 4.0)) / 4], Run(new(1, 0), [3, 0, -1], [3, 5, 2], [3]).Dx);
    }

    /// <summary>PyTorch: the gradient of the largest is shared equally.</summary>
    [Fact]
    public void Backward_OfTiesForTheLargest_SharesEqually()
    {
        (double[] y, double[] dx) = Run(new(double.PositiveInfinity, 0), [2, -2, 1, 2], [6, 1, 4, 2], [4]);
        Assert.Equal([1, -1, 0.5, 1], y);
        // sum(dy * y) = 6 - 1 + 2 + 2 = 9, a third for each of three.
        Assert.Equal([(6 - 3) / 2.0, (1 + 3) / 2.0, 4 / 2.0, (2 - 3) / 2.0], dx);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.5)]
    [InlineData(3)]
    [InlineData(700)]
    [InlineData(double.PositiveInfinity)]
    public void Pass_OfScaledInput_ScalesNothing(double p)
    {
        double[] x = Inputs<double>.Normal(new(1), 24), dy = Inputs<double>.Normal(new(2), 24);
        (double[] expected, double[] expectedDx) = Run(new(p, -1, 0), x, dy, [4, 6]);
        foreach (double scale in (double[])[Math.ScaleB(1, 1000), Math.ScaleB(1, -900)])
        {
            (double[] y, double[] dx) = Run(new(p, -1, 0), [.. x.Select(v => v * scale)], dy, [4, 6]);
            Closeness.Near<double>(y, expected, Tolerances.ForwardDouble, $"p {p}, scale {scale}: y");
            Closeness.Near<double>([.. dx.Select(v => v * scale)], expectedDx, Tolerances.InputGradientDouble, $"p {p}, scale {scale}: dx");
        }
    }

    /// <summary>As in PyTorch: an infinite norm leaves 0 of the finite and NaN of the infinite.</summary>
    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(double.PositiveInfinity)]
    public void Forward_OfInfinity_LeavesZeros(double p)
    {
        double[] y = Placing.Logical(new LpNormalize<double>(p, 0).Forward(Tensor.Create([1.0, double.NegativeInfinity, -3], [3])));
        Assert.Equal([0, double.NaN, 0], y);
    }

    [Theory, MemberData(nameof(Norms))]
    public void Pass_OfSixteenBits_IsNearTheDoubleOne(double p)
    {
        nint[] shape = [3, 5, 7];
        Half[] x = [.. Inputs<double>.Normal(new(1), 105).Select(v => (Half)v)], dy = [.. Inputs<double>.Normal(new(2), 105).Select(v => (Half)v)];
        (double[] y, double[] dx) = Run(new(p), [.. x.Select(v => (double)v)], [.. dy.Select(v => (double)v)], shape);
        LpNormalize<float> layer = new(p);
        SavedStatistics saved = new();
        Tensor<Half> input = Tensor.Create(x, shape);
        Closeness.Near<double>([.. Placing.Logical(layer.Forward<Half>(input, saved)).Select(v => (double)v)], y, Math.ScaleB(1.01, -11), "y");
        Closeness.Near<double>([.. Placing.Logical(layer.Backward<Half>(Tensor.Create(dy, shape), input, saved)).Select(v => (double)v)], dx, Math.ScaleB(1.01, -11), "dx");
    }

    [Theory, MemberData(nameof(Norms))]
    public void Functional_OfEachForm_IsTheLayer(double p)
    {
        nint[] shape = [2, 5, 3, 4];
        float[] x = Inputs<float>.Normal(new(1), 120), onSpans = new float[120];
        Tensor<float> input = Tensor.Create(x, shape), into = Tensor.CreateFromShape<float>(shape);
        float[] expected = Placing.Logical(new LpNormalize<float>(p, 2, 0.5).Forward(input));
        Assert.Equal(expected, Placing.Logical(Functional.Normalize<float>(input, p, 2, 0.5)));
        Functional.Normalize<float>(input, into, p, 2, 0.5);
        Assert.Equal(expected, Placing.Logical(into));
        Functional.Normalize<float>(x, shape, onSpans, p, 2, 0.5);
        Assert.Equal(expected, onSpans);
        Assert.Throws<ArgumentException>("dim", () => Functional.Normalize<float>(input, p, 4));
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => Functional.Normalize<float>(input, p, 1, -1));
    }

    [Fact]
    public void Refused_SaysWhat()
    {
        Assert.Throws<ArgumentOutOfRangeException>("p", () => new LpNormalize<float>(-1));
        Assert.Throws<ArgumentOutOfRangeException>("p", () => new LpNormalize<float>(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new LpNormalize<float>(eps: -1));
        Tensor<float> x = Tensor.CreateFromShape<float>([2, 3, 4]);
        Assert.Contains("range of [-3, 2], but got -4", Assert.Throws<ArgumentException>("input", () => new LpNormalize<float>(dim: -4).Forward(x)).Message, StringComparison.Ordinal);
        foreach (double p in (double[])[1, 2])
        {
            LpNormalize<float> layer = new(p);
            SavedStatistics saved = new();
            layer.Forward(x, saved);
            Assert.Throws<ArgumentException>("mask", () => layer.Forward(x, mask: Tensor.CreateFromShape<bool>([2, 3, 4])));
            Assert.Throws<ArgumentException>("saved", () => new LpNormalize<float>(3 - p).Backward(x, x, saved));
        }
    }

    [Fact]
    public void SeveralDimensions_ThatDoNotFit_Throw()
    {
        Tensor<float> x = Tensor.Create(new float[24], [2, 3, 4]);
        Assert.Throws<ArgumentException>("dims", () => new LpNormalize<float>(2, []));
        Assert.Throws<ArgumentException>("dims", () => new LpNormalize<float>(2, [1, 1]));
        Assert.Throws<ArgumentException>("input", () => new LpNormalize<float>(2, [1, -2]).Forward(x));
        Assert.Throws<ArgumentException>("dims", () => Functional.Normalize<float>(x, 2, [1, 3]));
        Assert.Throws<ArgumentException>("dims", () => Functional.Normalize<float>(x, 2, [1, -2]));
        Assert.Throws<ArgumentOutOfRangeException>("p", () => Functional.Normalize<float>(x, -2, [1, 2]));
        Assert.Equal([2, 1], new LpNormalize<float>(2, [2, 1]).Dims.ToArray());
    }

    private static (double[] Y, double[] Dx) Run(LpNormalize<double> layer, double[] x, double[] dy, nint[] shape)
    {
        SavedStatistics saved = new();
        Tensor<double> input = Tensor.Create(x, shape);
        double[] y = Placing.Logical(layer.Forward(input, saved));
        return (y, Placing.Logical(layer.Backward(Tensor.Create(dy, shape), input, saved)));
    }
}
