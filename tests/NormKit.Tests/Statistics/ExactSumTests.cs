using System.Numerics;
using CsCheck;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class ExactSumTests
{
    // Any finite double, and often the extremes.
    internal static readonly Gen<double> AnyDouble = Gen.Frequency(
        (6, Gen.Long.Select(BitConverter.Int64BitsToDouble).Where(double.IsFinite)),
        (3, Gen.Double[-10, 10]),
        (1, Gen.OneOf(0.0, -0.0, double.MaxValue, -double.MaxValue, double.Epsilon, -double.Epsilon, 2.2250738585072014e-308, 1, -1, 1e308, -1e308)));

    // Floats of every size, or of one size, so that both ways of adding a block are taken.
    internal static readonly Gen<float[]> Floats = Gen.Select(Gen.Int[0, 2500], Gen.Int[0, 1 << 20], Gen.Int[0, 5]).Select((count, seed, kind) => Draw(count, seed, kind));

    internal static float[] Draw(int count, int seed, int kind)
    {
        Random random = new(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = kind switch
            {
                0 => BitConverter.Int32BitsToSingle(random.Next() & 0x7F7F_FFFF) * (random.Next(2) == 0 ? 1 : -1),
                1 => random.NextSingle() - 0.25f,
                2 => random.Next(3) == 0 ? float.MaxValue : -float.MaxValue,
                3 => random.Next(-100, 100) * float.Epsilon,
                4 => random.Next(300) == 0 ? 1e30f : random.NextSingle() * 1e-10f,
                _ => random.Next(4) == 0 ? random.NextSingle() * MathF.Pow(2, random.Next(-40, 40)) : 0,
            };
        }
        return values;
    }

    [Fact]
    public void Add_AnyDoubles_IsTheExactSum() => AnyDouble.Array[0, 40].Sample(
        values =>
        {
            ExactSum sum = new();
            foreach (double value in values)
                sum.Add(value);
            Check(Rational.Sum(values.Select(v => (Rational)v)), sum);
        },
        iter: 2000, threads: 1);

    [Fact]
    public void AddProduct_AnyDoubles_IsTheExactSum() => Gen.Select(AnyDouble, AnyDouble).Array[0, 20].Sample(
        pairs =>
        {
            ExactSum sum = new();
            foreach ((double a, double b) in pairs)
                sum.AddProduct(a, b);
            Check(Rational.Sum(pairs.Select(p => (Rational)p.Item1 * p.Item2)), sum);
        },
        iter: 2000, threads: 1);

    [Fact]
    public void Spans_AnyFloats_AreTheExactSums() => Gen.Select(Floats, Gen.Int[0, 1 << 20], Gen.Int[0, 5]).Sample(
        (values, seed, kind) =>
        {
            float[] others = Draw(values.Length, seed, kind);
            ExactSum sum = new(), squares = new(), products = new();
            sum.Add(values);
            squares.AddSquares(values);
            products.AddProducts(values, others);
            Check(Total(values, v => Scaled(v)), -149, sum);
            Check(Total(values, v => Scaled(v) * Scaled(v)), -298, squares);
            Check(Total(Enumerable.Range(0, values.Length), i => Scaled(values[i]) * Scaled(others[i])), -298, products);
        },
        iter: 300, threads: 1);

    [Fact]
    public void Merge_AnyParts_IsTheSumOfAll() => Gen.Select(AnyDouble.Array[0, 20], AnyDouble.Array[0, 20]).Sample(
        (first, second) =>
        {
            ExactSum a = new(), b = new();
            foreach (double value in first)
                a.Add(value);
            foreach (double value in second)
                b.AddProduct(value, value);
            Rational expected = Rational.Sum([.. first.Select(v => (Rational)v), .. second.Select(v => (Rational)v * v)]);
            a.Merge(b);
            Check(expected, a);
            a.Merge(a);
            Check(expected * 2, a);
            b.Clear();
            Assert.Equal((BigInteger.Zero, 0), b.Value);
        },
        iter: 500, threads: 1);

    /// <summary>A sum merged with itself doubles: 2^60 times the number that was added.</summary>
    [Theory]
    [InlineData(double.MaxValue)]
    [InlineData(-double.MaxValue)]
    [InlineData(double.Epsilon)]
    [InlineData(-1.0)]
    public void Merge_WithItselfSixtyTimes_DoesNotOverflow(double value)
    {
        ExactSum sum = new(), products = new();
        sum.Add(value);
        products.AddProduct(value, value);
        for (int i = 0; i < 60; i++)
        {
            sum.Merge(sum);
            products.Merge(products);
        }
        Check((Rational)value * Rational.Power(60), sum);
        Check((Rational)value * value * Rational.Power(60), products);
    }

    /// <summary>Carries wait for 2^29 additions; a sum merged with itself 28 times has almost as many, and the next ones carry.</summary>
    [Fact]
    public void Add_MoreTimesThanCarriesWait_IsExact()
    {
        const double value = 0x1F_FFFF_FFFF_FFFF;       // 53 ones
        ExactSum sum = new(), products = new();
        sum.Add(-value);
        products.AddProduct(-value, value);
        for (int i = 0; i < 28; i++)
        {
            sum.Merge(sum);
            products.Merge(products);
        }
        for (int i = 0; i < 5; i++)
        {
            sum.Add(-value);
            products.AddProduct(-value, value);
        }
        Check((Rational)value * -((1 << 28) + 5), sum);
        Check((Rational)value * value * -((1 << 28) + 5), products);
    }

    [Fact]
    public void Round_AnySum_IsTheNearestDouble() => AnyDouble.Array[0, 6].Sample(
        values =>
        {
            ExactSum sum = new();
            foreach (double value in values)
                sum.Add(value);
            Assert.Equal(Rational.Sum(values.Select(v => (Rational)v)).Nearest(), sum.Round());
        },
        iter: 1000, threads: 1);

    /// <summary>Halfway between two doubles, and a hair to either side.</summary>
    [Theory]
    [InlineData(1, 1.1102230246251565e-16, 0, 1)]
    [InlineData(1.0000000000000002, 1.1102230246251565e-16, 0, 1.0000000000000004)]
    [InlineData(1, 1.1102230246251565e-16, double.Epsilon, 1.0000000000000002)]
    [InlineData(1.0000000000000002, 1.1102230246251565e-16, -double.Epsilon, 1.0000000000000002)]
    [InlineData(1e308, 1, -1e308, 1)]
    [InlineData(double.MaxValue, 9.979201547673599e291, -double.Epsilon, double.MaxValue)]
    [InlineData(double.MaxValue, 9.979201547673599e291, 0, double.PositiveInfinity)]
    public void Round_AroundTies_IsToEven(double a, double b, double c, double expected)
    {
        ExactSum sum = new();
        sum.Add(a);
        sum.Add(b);
        sum.Add(c);
        Assert.Equal(expected, sum.Round());
    }

    /// <summary>Zeros in all vectors, and a number behind the last one.</summary>
    [Fact]
    public void Spans_OfZerosButForTheLast_AreNotZero()
    {
        for (int length = 1; length <= 80; length++)
        {
            float[] values = new float[length], ones = [.. Enumerable.Repeat(1f, length)];
            values[^1] = 3;
            ExactSum sum = new(), squares = new(), products = new();
            sum.Add(values);
            squares.AddSquares(values);
            products.AddProducts(ones, values);
            Assert.Equal((3, 9, 3), (sum.Round(), squares.Round(), products.Round()));
        }
    }

    // A float counted in its smallest unit, 2^-149.
    private static BigInteger Scaled(float value) => (BigInteger)(value * Math.Pow(2, 149));

    private static BigInteger Total<T>(IEnumerable<T> values, Func<T, BigInteger> term) => values.Aggregate(BigInteger.Zero, (sum, value) => sum + term(value));

    private static void Check(BigInteger expected, int exponent, ExactSum actual) => Check(expected * Rational.Power(exponent), actual);

    private static void Check(Rational expected, ExactSum actual)
    {
        (BigInteger significand, int exponent) = actual.Value;
        Assert.True(significand.IsZero ? exponent == 0 : !significand.IsEven);
        Assert.True(expected.Is(significand * Rational.Power(exponent)), $"{significand} * 2^{exponent}");
    }
}
