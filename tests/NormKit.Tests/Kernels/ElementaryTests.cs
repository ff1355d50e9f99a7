using System.Globalization;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Text.RegularExpressions;
using NormKit.Kernels;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Kernels;

public class ElementaryTests
{
    private static readonly Dictionary<string, Function> Functions = new()
    {
        ["Exp"] = new(Elementary.Exp, Elementary.Exp, Elementary.Exp, FixedPoint.Exp),
        ["Sigmoid"] = new(Elementary.Sigmoid, Elementary.Sigmoid, Elementary.Sigmoid, FixedPoint.Sigmoid),
        ["Tanh"] = new(Elementary.Tanh, Elementary.Tanh, Elementary.Tanh, FixedPoint.Tanh),
        ["Log"] = new(Elementary.Log, Elementary.Log, Elementary.Log, null),
        ["Erf"] = new(Elementary.Erf, Elementary.Erf, Elementary.Erf, FixedPoint.Erf),
        ["Erfc"] = new(Elementary.Erfc, Elementary.Erfc, Elementary.Erfc, FixedPoint.Erfc),
    };

    /// <summary>Each range ends beside a joint of the pieces or spans some. Measured: 0.8 ulp and less, Tanh 1.2, Sigmoid 1.5, Erfc 1.3 and in the tail 2.2.</summary>
    [Theory]
    [InlineData("Exp", -0.4, 0.4, 1.0)]
    [InlineData("Exp", -700, 709, 1.0)]
    [InlineData("Exp", -745, -708, 1.0)]
    [InlineData("Sigmoid", -5, 5, 2.0)]
    [InlineData("Sigmoid", -700, 40, 2.0)]
    [InlineData("Tanh", -0.7, 0.7, 2.0)]
    [InlineData("Tanh", -20, 20, 2.0)]
    [InlineData("Erf", -0.9, 0.9, 1.0)]
    [InlineData("Erf", -1.3, 1.3, 1.0)]
    [InlineData("Erf", -6, 6, 1.0)]
    [InlineData("Erfc", -3, 3, 3.0)]
    [InlineData("Erfc", 2, 25, 3.0)]
    public void Function_OfAnyArgument_IsWithinUlpsOfTheSeries(string name, double least, double most, double ulps)
    {
        Function f = Functions[name];
        Random random = new(1);
        double worst = 0, at = 0;
        for (int i = 0; i < 120; i++)
        {
            double x = least + (random.NextDouble() * (most - least));
            double error = Math.Abs(FixedPoint.Ulps(f.One(x), f.Exact!(FixedPoint.Of(x))));
            if (error > worst)
                (worst, at) = (error, x);
        }
        TestContext.Current.SendDiagnosticMessage($"{name} from {least} to {most}: {worst} ulp");
        Assert.True(worst <= ulps, $"{worst} ulp at {at.ToString("R", CultureInfo.InvariantCulture)}.");
    }

    [Theory]
    [InlineData("Tanh")]
    [InlineData("Erf")]
    public void OddFunction_OfTinyArguments_IsWithinUlpsOfTheSeries(string name)
    {
        for (double x = 0.3; x > 1e-300; x *= 0.0437)
            Assert.InRange(FixedPoint.Ulps(Functions[name].One(x), Functions[name].Exact!(FixedPoint.Of(x))), -1, 1);
    }

    [Fact]
    public void Log_OfAnyArgument_IsWithinOneUlpOfTheSeries()
    {
        Random random = new(2);
        for (int i = 0; i < 240; i++)
        {
            double x = i < 120 ? 0.6 + random.NextDouble() : Math.ScaleB(1 + random.NextDouble(), random.Next(-990, 990));
            double error = FixedPoint.Ulps(Elementary.Log(x), FixedPoint.Log(x));
            Assert.True(Math.Abs(error) <= 1, $"{error} ulp at {x}.");
        }
        foreach (double x in (double[])[double.Epsilon, 3e-320, 2.2250738585072009e-308, double.MaxValue, Math.BitDecrement(1), Math.BitIncrement(1)])
            Assert.Equal(Math.Log(x), Elementary.Log(x), Math.Abs(Math.Log(x)) * 2.3e-16);
    }

    [Fact]
    public void Pow_OfAnyArguments_IsWithinOneUlpOfTheSeries()
    {
        Random random = new(3);
        double worst = 0;
        for (int i = 0; i < 300; i++)
        {
            double x = i % 2 == 0 ? 0.3 + (random.NextDouble() * 3) : Math.ScaleB(1 + random.NextDouble(), random.Next(-990, 990));
            double y = (random.NextDouble() - 0.5) * (i % 2 == 0 ? 128 : 1.99);
            worst = Math.Max(worst, Math.Abs(FixedPoint.Ulps(Elementary.Pow(x, y), FixedPoint.Pow(x, y))));
        }
        // Large exponents of numbers near 1 are what the logarithm's second half is for.
        for (int i = 0; i < 100; i++)
        {
            double x = 1 + ((random.NextDouble() - 0.5) * 1e-4), y = (random.NextDouble() - 0.5) * 1e7;
            worst = Math.Max(worst, Math.Abs(FixedPoint.Ulps(Elementary.Pow(x, y), FixedPoint.Pow(x, y))));
        }
        TestContext.Current.SendDiagnosticMessage($"Pow: {worst} ulp");
        Assert.InRange(worst, 0.3, 1);
    }

    /// <summary>The C runtime's functions have other bits on other systems. The library calls its own; a root is exact everywhere.</summary>
    [Fact]
    public void Sources_OfTheLibrary_CallNoFunctionOfTheCRuntime()
    {
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "NormKit.slnx")))
            root = Path.GetDirectoryName(root);
        Assert.SkipWhen(root is null, "The sources are not here.");
        Regex call = new(@"\b(Math|MathF|double|float|T|TCompute|TensorPrimitives)\.(Pow|Exp\w*|Log\w*|Sinh?|Cosh?|Tanh?|Asin\w*|Acos\w*|Atan\w*|Cbrt|RootN|Hypot)\(");
        string[] files = Directory.GetFiles(Path.Combine(root!, "src", "NormKit"), "*.cs", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(file => call.Matches(File.ReadAllText(file)).Select(found => $"{Path.GetFileName(file)}: {found.Value}")));
    }

    [Fact]
    public void Pow_OfWholeNumbers_IsExactWhereItCanBe()
    {
        for (int b = 2; b < 40; b++)
        {
            for (int e = -2; e * Math.Log2(b) < 53; e++)
                Assert.Equal(e < 0 ? 1 / Enumerable.Repeat((double)b, -e).Aggregate((p, q) => p * q) : (double)BigInteger.Pow(b, e), Elementary.Pow(b, e), 1e-16);
        }
        for (int e = -1074; e < 1024; e++)
            Assert.Equal(Math.ScaleB(1, e), Elementary.Pow(2, e));
    }

    [Fact]
    public void Pow_OfSpecialValues_IsAsMathPow()
    {
        double[] values =
        [
            0, double.Epsilon, 1e-310, 1e-300, 0.5, Math.BitDecrement(1), 1, Math.BitIncrement(1), 2, 3, 1e300, double.MaxValue, double.PositiveInfinity, double.NaN,
        ];
        foreach (double x in values)
        {
            foreach (double y in values.Concat(values.Select(v => -v)))
            {
                double expected = Math.Pow(x, y), actual = Elementary.Pow(x, y);
                Assert.True(
                    expected.Equals(actual) || Math.Abs(actual - expected) <= Math.BitIncrement(Math.Abs(expected)) - Math.Abs(expected),
                    $"{x:R}^{y:R} is {expected:R}, not {actual:R}.");
            }
            Assert.Equal(x == 0 ? 0 : double.NaN, Elementary.Pow(-x, 3));
        }
    }

    [Theory]
    [InlineData("Exp", 0, 1)]
    [InlineData("Exp", double.NegativeInfinity, 0)]
    [InlineData("Exp", double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData("Exp", 709.782712893384, 1.7976931348622732e308)]
    [InlineData("Exp", 709.79, double.PositiveInfinity)]
    [InlineData("Exp", -745.13, double.Epsilon)]
    [InlineData("Exp", -745.14, 0)]
    [InlineData("Exp", double.MaxValue, double.PositiveInfinity)]
    [InlineData("Exp", double.MinValue, 0)]
    [InlineData("Exp", double.Epsilon, 1)]
    [InlineData("Sigmoid", 0, 0.5)]
    [InlineData("Sigmoid", double.NegativeInfinity, 0)]
    [InlineData("Sigmoid", double.PositiveInfinity, 1)]
    [InlineData("Tanh", -0.0, -0.0)]
    [InlineData("Tanh", double.Epsilon, double.Epsilon)]
    [InlineData("Tanh", double.NegativeInfinity, -1)]
    [InlineData("Tanh", double.PositiveInfinity, 1)]
    [InlineData("Tanh", double.MaxValue, 1)]
    [InlineData("Log", 1, 0)]
    [InlineData("Log", 0, double.NegativeInfinity)]
    [InlineData("Log", double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData("Log", -1, double.NaN)]
    [InlineData("Log", double.NegativeInfinity, double.NaN)]
    [InlineData("Erf", -0.0, -0.0)]
    [InlineData("Erf", double.PositiveInfinity, 1)]
    [InlineData("Erf", double.MinValue, -1)]
    [InlineData("Erfc", 0, 1)]
    [InlineData("Erfc", double.PositiveInfinity, 0)]
    [InlineData("Erfc", double.NegativeInfinity, 2)]
    public void Function_OfSpecialValue_IsTheLimit(string name, double x, double expected)
    {
        double actual = Functions[name].One(x);
        if (double.IsNaN(expected))
            Assert.True(double.IsNaN(actual));
        else if (double.IsFinite(expected) && Math.Abs(expected) > 2)
            Assert.InRange(actual / expected, 1 - 1e-12, 1 + 1e-12);
        else
            Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(actual));
    }

    /// <summary>A lane's bits depend neither on its place nor on its neighbours; floats are the doubles rounded; NaN stays.</summary>
    [Theory]
    [InlineData("Exp")]
    [InlineData("Sigmoid")]
    [InlineData("Tanh")]
    [InlineData("Log")]
    [InlineData("Erf")]
    [InlineData("Erfc")]
    public void Function_OfALane_HasTheBitsOfOneNumber(string name)
    {
        Function f = Functions[name];
        Random random = new(4);
        for (int round = 0; round < 300; round++)
        {
            float[] x = new float[Vector256<float>.Count], y = new float[Vector256<float>.Count];
            for (int i = 0; i < x.Length; i++)
                x[i] = random.Next(9) == 0 ? BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)) : (float)((random.NextDouble() - 0.5) * 12);
            if (round % 3 == 0)
                x[random.Next(x.Length)] = float.NaN;
            f.Floats(Vector256.Create(x)).CopyTo(y);
            double[] wide = Array.ConvertAll(x, v => (double)v), lanes = new double[Vector256<double>.Count];
            f.Doubles(Vector256.Create(wide)).CopyTo(lanes);
            for (int i = 0; i < x.Length; i++)
            {
                double one = f.One(x[i]);
                if (i < lanes.Length)
                    Assert.Equal(BitConverter.DoubleToInt64Bits(one), BitConverter.DoubleToInt64Bits(lanes[i]));
                Assert.Equal(BitConverter.SingleToInt32Bits((float)one), BitConverter.SingleToInt32Bits(y[i]));
                Assert.True(!float.IsNaN(x[i]) || float.IsNaN(y[i]));
            }
        }
    }

    [Fact]
    public void Pow_OfALane_HasTheBitsOfOneNumber()
    {
        double[] x = Array.ConvertAll(Inputs<double>.Normal(new Random(5), 8, 2), Math.Abs), y = Inputs<double>.Normal(new Random(6), 8, 20), lanes = new double[Vector256<double>.Count];
        float[] single = new float[Vector256<float>.Count];
        Elementary.Pow(Vector256.Create(x), Vector256.Create(y)).CopyTo(lanes);
        Assert.Equal(lanes, x.Zip(y, Elementary.Pow).Take(lanes.Length));
        float[] a = Array.ConvertAll(x, v => (float)v), b = Array.ConvertAll(y, v => (float)v);
        Elementary.Pow(Vector256.Create(a), Vector256.Create(b)).CopyTo(single);
        Assert.Equal(single, a.Zip(b, (v, w) => (float)Elementary.Pow(v, w)));
    }

    [Fact]
    public void SigmoidDerivative_OfAnyArgument_IsTheProduct()
    {
        foreach (double x in (double[])[-745, -300, -40, -3.3, -0.1, 0, 0.2, 2.7, 35, 200, 740])
        {
            Elementary.Sigmoid(Vector256.Create(x), out Vector256<double> derivative);
            BigInteger exact = FixedPoint.Times(FixedPoint.Sigmoid(FixedPoint.Of(x)), FixedPoint.Sigmoid(FixedPoint.Of(-x)));
            Assert.InRange(FixedPoint.Ulps(derivative.ToScalar(), exact), -3, 3);
        }
    }

    private sealed record Function(
        Func<double, double> One, Func<Vector256<double>, Vector256<double>> Doubles, Func<Vector256<float>, Vector256<float>> Floats, Func<BigInteger, BigInteger>? Exact);
}
