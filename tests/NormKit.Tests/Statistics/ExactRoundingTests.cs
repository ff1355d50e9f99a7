using System.Numerics;
using CsCheck;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Level 3 against the definition, written once more in fractions.</summary>
public class ExactRoundingTests
{
    private static readonly Rational Theta = (Rational)324508639 * Rational.Power(-29);

    private static readonly Gen<float[]> Sets = Gen.Select(Gen.Int[1, 24], Gen.Int[0, 1 << 24], Gen.Int[0, 9]).Select(Draw);

    private static float[] Draw(int count, int seed, int kind)
    {
        Random random = new(seed);
        float Any() => BitConverter.Int32BitsToSingle(random.Next() & 0x7F7F_FFFF) * (random.Next(2) == 0 ? 1 : -1);
        float a = Any(), b = Any();
        int bits = random.Next(20);
        return [.. Enumerable.Range(0, count).Select(i => kind switch
        {
            0 => Any(),
            1 => (float)((random.NextDouble() - 0.5) * 4),
            2 => 1e4f + random.NextSingle(),
            3 => a,
            4 => random.Next(2) == 0 ? a : b,
            5 => random.Next(-8, 8),
            6 => random.Next(-4, 4) * float.Epsilon,
            7 => i == 0 ? 1e30f : random.NextSingle(),
            8 => i == 0 ? float.MaxValue : random.Next(2) == 0 ? -float.MaxValue : float.MaxValue,
            _ => 1 + (random.Next(1 << bits) * MathF.Pow(2, -23)),
        })];
    }

    [Fact]
    public void OfSet_RandomSets_IsTheDefinition() => Sets.Sample(CheckSet, iter: 4000, threads: 1);

    [Fact]
    public void OfRun_RandomRuns_IsTheDefinition() => Gen.Select(Sets, Gen.Int[0, 1 << 24], Gen.Int[0, 9], Gen.Int[0, 23], Gen.Bool, Gen.Bool).Sample(
        (set, seed, kind, start, centred, weighted) =>
        {
            double[] g = Array.ConvertAll(Draw(set.Length, seed, kind), v => (double)v);
            if (weighted)
            {
                // An exact product of two floats, as where each element has its own weight.
                float[] weights = Draw(set.Length, seed + 1, 1);
                g = [.. g.Zip(weights, (v, w) => v * w)];
            }
            start %= set.Length;
            CheckRun(set, set[start..], g[start..], centred);
        },
        iter: 4000, threads: 1);

    private static readonly float[][] HardSets =
    [
        [0], [-0f], [1], [float.MaxValue], [float.Epsilon], [-float.Epsilon, float.Epsilon], [float.MaxValue, -float.MaxValue],
        [0, 0, 0], [3.3f, 3.3f, 3.3f], [1, 1, 1, 1.0000001f], [1e30f, 1, 2, 3], [1e30f, 1e-30f], [0, float.Epsilon], [1, 2], [1, 2, 4, 9],
        [float.MaxValue, float.MaxValue, 3.4028233e38f], [.. Enumerable.Repeat(16777215f, 63), 16777214],
        .. Enumerable.Range(-2, 5).Select(MeanAtTheThreshold),
    ];

    [Fact]
    public void OfSetAndOfRun_HardSets_AreTheDefinition()
    {
        foreach (float[] values in HardSets)
        {
            CheckSet(values);
            foreach (float[] gradient in HardSets.Where(g => g.Length >= values.Length))
            {
                CheckRun(values, values, [.. gradient.Take(values.Length).Select(v => (double)v)], centred: true);
                CheckRun(values, values, [.. gradient.Take(values.Length).Select(v => (double)v)], centred: false);
            }
        }
    }

    // The variance is a little above 2^59, so the mean's grid is 1/2; (mean / grid) is 1 - theta, moved by a few 2^-29.
    private static float[] MeanAtTheThreshold(int offset)
    {
        double sum = ((1 << 29) - 324508639 + offset) * Math.Pow(2, -28);
        float high = (float)sum;
        return [1 << 30, -(1 << 30), high, (float)(sum - high)];
    }

    /// <summary>The mean is 0 or half a unit more: (1 - theta) and above round up.</summary>
    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 0.5)]
    [InlineData(1, 0.5)]
    public void OfSet_MeanAtTheThreshold_StepsThere(int offset, double mean) => Assert.Equal(mean, Of(MeanAtTheThreshold(offset), centred: true).Mean);

    /// <summary>2^15 and four floats whose squares add up to 2 * (1 - theta), 2 being the unit of 30 bits at 2^30, moved by a few 2^-28.</summary>
    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    public void OfSet_SquaresAtTheThreshold_StepThere(int offset, double step)
    {
        int[] roots = FourSquares((1 << 29) - 324508639 + offset);
        float[] values = [1 << 15, .. roots.Select(r => r * MathF.Pow(2, -14))];
        Assert.Equal((1 << 30) + step, Of(values, centred: false).M2);
        CheckSet(values);
    }

    // Every whole number is a sum of four squares (Lagrange); for the last, 0 or 1 is enough.
    private static int[] FourSquares(int value)
    {
        for (int a = (int)Math.Sqrt(value); ; a--)
        {
            for (int b = 0; b <= a && (a * a) + (b * b) < value; b++)
            {
                for (int d = 0; d < 2; d++)
                {
                    int rest = value - (a * a) - (b * b) - d, c = (int)Math.Sqrt(rest);
                    if (c * c == rest)
                        return [a, b, c, d];
                }
            }
        }
    }

    /// <summary>Fractions of a unit at 1 - theta and beside it by 2^-29 and by far less: the floor steps exactly there.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(-1, 0)]
    [InlineData(1, 1)]
    public void Round_AtTheThreshold_StepsThere(int offset, int step)
    {
        // |v| / u = 2^29 + k + (1 - theta) + offset * 2^-1000
        BigInteger fraction = (1 << 29) - 324508639, whole = (1 << 29) + 7;
        BigInteger numerator = (((whole << 29) + fraction) << 971) + offset;
        foreach (int sign in new[] { 1, -1 })
        {
            (BigInteger significand, int exponent) = ExactRounding.Round(sign * numerator * 3, 3, -1000);
            Assert.Equal((sign * (whole + step), 0), (significand, exponent));
            Assert.Equal((sign * (whole + step), 0), ExactRounding.RoundToGrid(sign * numerator * 3, 3, -1000, 0));
        }
    }

    /// <summary>Just below a power of two, the rounding steps up to it.</summary>
    [Fact]
    public void Round_BelowAPowerOfTwo_ReachesIt() =>
        Assert.Equal((BigInteger.One << 30, 10), ExactRounding.Round((BigInteger.One << 80) - 1, 1, -40));

    [Fact]
    public void Round_AnyFraction_IsTheDefinition() => Gen.Select(Gen.Long, Gen.Long[1, long.MaxValue], Gen.Int[-300, 300], Gen.Int[-40, 40]).Sample(
        (numerator, denominator, exponent, finer) =>
        {
            Rational value = new Rational(numerator, denominator) * Rational.Power(exponent);
            (BigInteger significand, int unit) = ExactRounding.Round(numerator, denominator, exponent);
            Assert.True(R(value).Is(significand * Rational.Power(unit)));
            int grid = exponent + finer;
            (significand, unit) = ExactRounding.RoundToGrid(numerator, denominator, exponent, grid);
            Assert.True(G(value, Rational.Power(grid)).Is(significand * Rational.Power(unit)));
        },
        iter: 3000, threads: 1);

    [Fact]
    public void Nearest_AnyFraction_IsTheNearestDouble() => Gen.Select(Gen.Long, Gen.Long[1, long.MaxValue], Gen.Int[-1150, 1000]).Sample(
        (numerator, denominator, exponent) =>
        {
            Rational value = new Rational(numerator, denominator) * Rational.Power(exponent);
            Assert.Equal(value.Nearest(), ExactRounding.Nearest(numerator, denominator, exponent));
            Assert.Equal(value.Magnitude.NearestRoot(), ExactRounding.NearestRoot(BigInteger.Abs(numerator), denominator, exponent));
        },
        iter: 2000, threads: 1);

    /// <summary>Roots that end halfway between two doubles, of whole squares, and the same with a hair more or less.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    public void NearestRoot_AroundTies_IsTheNearestDouble(int hair)
    {
        foreach (long halfway in new[] { (1L << 53) + 1, (1L << 53) + 3, (1L << 54) - 1 })
        {
            BigInteger square = ((BigInteger)halfway * halfway << 800) + hair;
            Assert.Equal(new Rational(square, 1).NearestRoot(), ExactRounding.NearestRoot(square, 1, 0));
        }
    }

    private static void CheckSet(float[] values)
    {
        foreach (bool centred in new[] { true, false })
        {
            (double mean, double low, double m2, _) = Set(values, centred);
            Moments actual = Of(values, centred);
            Assert.Equal((values.Length, mean, low, m2), (actual.Count, actual.Mean, actual.MeanLow, actual.M2));
        }
    }

    private static Moments Of(float[] values, bool centred)
    {
        ExactSum sum = new(), squares = new();
        sum.Add(values);
        squares.AddSquares(values);
        return ExactRounding.OfSet(values.Length, centred ? sum : null, squares, centred);
    }

    private static void CheckRun(float[] set, float[] x, double[] g, bool centred)
    {
        ExactSum sum = new(), products = new(), squares = new();
        for (int i = 0; i < g.Length; i++)
        {
            sum.Add(g[i]);
            products.AddProduct(g[i], x[i]);
            squares.AddProduct(g[i], g[i]);
        }
        (double first, double second) = ExactRounding.OfRun(g.Length, sum, products, squares, Of(set, centred));

        (_, _, double m2, Rational mean) = Set(set, centred);
        double norm = Exactly(R(Rational.Sum(g.Select(v => (Rational)v * v))));
        Rational a = Rational.Sum(g.Select(v => (Rational)v)), b = Rational.Sum(g.Zip(x, (v, p) => v * (p - mean)));
        a = norm == 0 ? 0 : G(a, Grid(g.Length * norm));
        b = norm == 0 || m2 == 0 ? 0 : G(b, Grid(norm * m2));
        Assert.Equal((Exactly(a), Exactly(b)), (first, second));
    }

    // The definition, line by line.
    private static (double Mean, double Low, double M2, Rational Rounded) Set(float[] values, bool centred)
    {
        int n = values.Length;
        Rational[] x = Array.ConvertAll(values, v => (Rational)v);
        if (!centred)
            return (0, 0, Exactly(R(Rational.Sum(x.Select(v => v * v)))), 0);
        Rational mean = Rational.Sum(x) / n;
        double m2 = Exactly(R(Rational.Sum(x.Select(v => (v - mean) * (v - mean)))));
        Rational rounded = m2 == 0 ? mean : G(mean, Grid(m2 / n));
        double high = rounded.Nearest(), low = (rounded - high).Nearest();
        return (high, low, m2, (Rational)high + low);
    }

    private static Rational R(Rational v)
    {
        if (v.Sign == 0)
            return 0;
        int e = 0;
        while (v.Magnitude.CompareTo(Rational.Power(e + 1)) >= 0)
            e++;
        while (v.Magnitude.CompareTo(Rational.Power(e)) < 0)
            e--;
        return G(v, Rational.Power(e - 29));
    }

    private static Rational G(Rational v, Rational u) => v.Sign * u * ((v.Magnitude / u) + Theta).Floor;

    private static Rational Grid(double v)
    {
        Assert.True(v > 0 && double.IsFinite(v));
        int e = 0;
        while (((Rational)v).CompareTo(Rational.Power(e + 1)) >= 0)
            e++;
        while (((Rational)v).CompareTo(Rational.Power(e)) < 0)
            e--;
        return Rational.Power((int)Math.Floor(e / 2.0) - 30);
    }

    // Of a number that fits a double.
    private static double Exactly(Rational value)
    {
        double result = value.Nearest();
        Assert.True(value.Is(result));
        return result;
    }
}
