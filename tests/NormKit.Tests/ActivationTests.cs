using System.Numerics;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class ActivationTests
{
    private static readonly Activation[] All =
        [Activation.None, Activation.Relu, Activation.LeakyRelu(), Activation.LeakyRelu(-0.37), Activation.Silu, Activation.Gelu, Activation.GeluTanh];

    /// <summary>The formula in hundreds of digits.</summary>
    private static double Formula(Activation activation, double x)
    {
        if (activation == Activation.None)
            return x;
        if (activation == Activation.Relu)
            return Math.Max(x, 0);
        if (activation == Activation.LeakyRelu())
            return x > 0 ? x : 0.01 * x;
        if (activation == Activation.LeakyRelu(-0.37))
            return x > 0 ? x : -0.37 * x;
        BigInteger share = activation == Activation.Silu
            ? FixedPoint.Sigmoid(FixedPoint.Of(x))
            : activation == Activation.Gelu
                ? FixedPoint.Erfc(FixedPoint.Of(-x / Math.Sqrt(2))) / 2
                : (FixedPoint.Of(1) + FixedPoint.Tanh(FixedPoint.Of(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))))) / 2;
        return x * FixedPoint.ToDouble(share);
    }

    [Fact]
    public void Apply_OfUsualNumbers_IsTheFormula()
    {
        foreach (Activation activation in All)
        {
            double[] x = Inputs<double>.Normal(new Random(1), 101, 3), y = [.. x];
            activation.Apply<double>(y);
            float[] single = Array.ConvertAll(x, v => (float)v), ySingle = [.. single];
            activation.Apply<float>(ySingle);
            for (int i = 0; i < x.Length; i++)
            {
                double expected = Formula(activation, x[i]), ofSingle = Formula(activation, single[i]);
                // The argument of the function is itself rounded, which its slope in the tail multiplies.
                Assert.InRange(y[i], expected - (2e-15 * Math.Abs(expected) * (1 + (x[i] * x[i]))), expected + (2e-15 * Math.Abs(expected) * (1 + (x[i] * x[i]))));
                Assert.InRange(ySingle[i], ofSingle - (1.2e-7 * Math.Abs(ofSingle)), ofSingle + (1.2e-7 * Math.Abs(ofSingle)));
            }
        }
    }

    [Fact]
    public void Gradient_OfUsualNumbers_IsTheDifferenceQuotient()
    {
        const double H = 1e-5;
        foreach (Activation activation in All)
        {
            double[] z = [.. Inputs<double>.Normal(new Random(2), 75, 3), -30, -12.5, 12.5, 30], g = Inputs<double>.Normal(new Random(3), z.Length), dz = [.. g];
            activation.Gradient<double>(z, dz);
            float[] zSingle = Array.ConvertAll(z, v => (float)v), gSingle = Array.ConvertAll(g, v => (float)v), dzSingle = [.. gSingle];
            activation.Gradient<float>(zSingle, dzSingle);
            for (int i = 0; i < z.Length; i++)
            {
                double slope = (Formula(activation, z[i] + H) - Formula(activation, z[i] - H)) / (2 * H);
                Assert.Equal(g[i] * slope, dz[i], Tolerances.FiniteDifference * (1 + Math.Abs(g[i])));
                Assert.Equal(g[i] * slope, dzSingle[i], 1e-6 * (1 + Math.Abs(g[i])));
            }
        }
    }

    [Fact]
    public void ApplyAndGradient_OfSpecialValues_AreTheLimits()
    {
        double infinity = double.PositiveInfinity;
        foreach (Activation activation in All)
        {
            bool isLeaky = activation.ToString().StartsWith("Leaky", StringComparison.Ordinal);
            double below = activation == Activation.None ? 1 : activation == Activation.LeakyRelu() ? 0.01 : isLeaky ? -0.37 : 0;
            double[] x = [0, infinity, -infinity, 1e30, -1e30, double.NaN], g = [2, 2, 2, 2, 2, 2];
            double[] expected = [0, infinity, below == 0 ? 0 : below * -infinity, 1e30, below * -1e30, double.NaN];
            double atZero = activation == Activation.None ? 1 : activation == Activation.Relu ? 0 : isLeaky ? below : 0.5;
            double[] slopes = [atZero, 1, below, 1, below, activation == Activation.None ? 1 : double.NaN];
            Check(x, expected, 1e-15);
            Check(Array.ConvertAll(x, v => (float)v), expected, 1e-7);

            void Check<T>(T[] x, double[] expected, double tolerance) where T : unmanaged, IBinaryFloatingPointIeee754<T>
            {
                T[] y = [.. x], dz = Array.ConvertAll(g, T.CreateTruncating);
                activation.Apply<T>(y);
                activation.Gradient<T>(x, dz);
                for (int i = 0; i < x.Length; i++)
                {
                    Near(expected[i], double.CreateTruncating(y[i]), tolerance);
                    Near(2 * slopes[i], double.CreateTruncating(dz[i]), tolerance);
                }
            }
        }

        static void Near(double expected, double actual, double tolerance) =>
            Assert.True(expected.Equals(actual) || Math.Abs(expected - actual) <= tolerance * Math.Abs(expected), $"{expected} is not {actual}.");
    }

    [Fact]
    public void Gradient_OfReluBelowZero_IsZeroEvenOfInfinity()
    {
        float[] dz = [float.PositiveInfinity, float.NaN, float.PositiveInfinity];
        Activation.Relu.Gradient<float>([-1, 0, 3], dz);
        Assert.Equal([0, 0, float.PositiveInfinity], dz);
    }

    /// <summary>An element's bits depend neither on where the block begins nor on its length, and nothing beside the block is written.</summary>
    [Fact]
    public void ApplyAndGradient_OfEachLengthAndAlignment_GiveTheSameBits()
    {
        foreach (Activation activation in All)
        {
            Check<float>(activation);
            Check<double>(activation);
        }

        static void Check<T>(Activation activation) where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            T[] x = Inputs<T>.Normal(new Random(4), 40, 2), g = Inputs<T>.Normal(new Random(5), 40), y = new T[40], dz = [.. g];
            for (int i = 0; i < x.Length; i++)
            {
                y[i] = x[i];
                activation.Apply(y.AsSpan(i, 1));
                activation.Gradient(x.AsSpan(i, 1), dz.AsSpan(i, 1));
            }
            for (int length = 0; length <= x.Length; length++)
            {
                int start = (length * 7 % 16) + 1;
                T[] block = new T[start + length + 9], gradient = new T[block.Length], at = new T[start + length + 3];
                Array.Fill(block, x[0]);
                Array.Fill(gradient, g[0]);
                x.AsSpan(0, length).CopyTo(block.AsSpan(start));
                x.AsSpan(0, length).CopyTo(at.AsSpan(3));
                g.AsSpan(0, length).CopyTo(gradient.AsSpan(start));
                activation.Apply(block.AsSpan(start, length));
                activation.Gradient(at.AsSpan(3, length), gradient.AsSpan(start, length));
                Assert.Equal([.. Enumerable.Repeat(x[0], start), .. y[..length], .. Enumerable.Repeat(x[0], 9)], (IEnumerable<T>)block);
                Assert.Equal([.. Enumerable.Repeat(g[0], start), .. dz[..length], .. Enumerable.Repeat(g[0], 9)], (IEnumerable<T>)gradient);
            }
        }
    }

    [Fact]
    public void Equality_OfActivations_IsOfKindAndSlope()
    {
        Assert.Equal(default, Activation.None);
        Assert.Equal(Activation.LeakyRelu(0.01), Activation.LeakyRelu());
        Assert.Equal(All.Length, All.Distinct().Count());
        Assert.Equal(["None", "Relu", "LeakyRelu(0.01)", "LeakyRelu(-0.37)", "Silu", "Gelu", "GeluTanh"], All.Select(a => a.ToString()));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void LeakyRelu_OfNoFiniteSlope_IsRefused(double slope) =>
        Assert.Throws<ArgumentOutOfRangeException>("negativeSlope", () => Activation.LeakyRelu(slope));
}
