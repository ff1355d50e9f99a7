using System.Buffers.Binary;
using System.Numerics;
using CsCheck;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class ExactMomentsTests
{
    // Doubles of all sizes, or of one size in blocks long enough for vectors.
    private static readonly Gen<double[]> Values = Gen.OneOf(
        ExactSumTests.AnyDouble.Array[0, 40],
        Gen.Select(Gen.Int[0, 2200], Gen.Int[0, 1 << 20], Gen.Int[0, 6]).Select(Draw));

    private static double[] Draw(int count, int seed, int kind)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => kind switch
        {
            0 => (random.NextDouble() - 0.5) * 10,
            1 => 1e6 + random.NextDouble(),
            2 => random.Next(-1000, 1000),
            3 => (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-30, 30)),
            4 => random.Next(-9, 9) * double.Epsilon,
            5 => random.NextSingle(),
            _ => (random.NextDouble() - 0.5) * 1e-200,
        })];
    }

    [Fact]
    public void Statistics_AnyDoubles_AreTheExactOnesRoundedOnce() => Values.Sample(values => Check(Of(values), values), iter: 300, threads: 1);

    [Fact]
    public void Statistics_AnyFloats_AreTheExactOnesRoundedOnce() => ExactSumTests.Floats.Sample(
        values =>
        {
            ExactMoments moments = new();
            moments.Add(values);
            Check(moments, Array.ConvertAll(values, v => (double)v));
        },
        iter: 40, threads: 1);

    /// <summary>Runs of every kind that the fast sum of floats tells apart, of lengths about its vectors, its shortest and its longest run.</summary>
    [Theory]
    [InlineData("normal", 63)]
    [InlineData("normal", 64)]
    [InlineData("normal", 79)]
    [InlineData("normal", 4096)]
    [InlineData("normal", 4097)]
    [InlineData("normal", 8300)]
    [InlineData("widest", 4096)]
    [InlineData("wider", 4096)]
    [InlineData("one small", 100)]
    [InlineData("64 small", 1000)]
    [InlineData("65 small", 1000)]
    [InlineData("largest", 4096)]
    [InlineData("subnormal", 4096)]
    [InlineData("smallest normal", 300)]
    [InlineData("zeros", 200)]
    [InlineData("few", 257)]
    public void Add_RunsOfFloats_AreExact(string kind, int length)
    {
        Random random = new(length);
        float Full(int exponent) => MathF.ScaleB(random.Next(1 << 23, 1 << 24) | 1, exponent - 23) * (random.Next(2) == 0 ? 1 : -1);
        float[] values = [.. Enumerable.Range(0, length).Select(i => kind switch
        {
            "normal" => (float)(1e-3 + Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(7 * random.NextDouble())),
            "widest" => i % 2 == 0 ? Math.Abs(Full(20)) : Math.Abs(Full(0)),        // all carries of one sign: the fullest sums
            "wider" => i % 2 == 0 ? Full(21) : Full(0),
            "one small" => i == 70 ? Full(-40) : Full(3),
            "64 small" => i % 10 == 5 && i < 640 ? Full(-60) : Full(3),
            "65 small" => i % 10 == 5 && i < 650 ? Full(-60) : Full(3),
            "largest" => BitConverter.UInt32BitsToSingle(0x7F7F_FFFF),
            "subnormal" => BitConverter.UInt32BitsToSingle((uint)random.Next(1 << 23)),
            "smallest normal" => i % 3 == 0 ? BitConverter.UInt32BitsToSingle((uint)random.Next(1 << 23)) : Full(-126 + random.Next(3)),
            "zeros" => i % 2 == 0 ? -0f : 0f,
            _ => i % 50 == 7 ? Full(-2) : 0,
        })];
        ExactMoments moments = new(), now = new();
        moments.Add(values);
        now.AddNow<float>(values);
        Check(moments, Array.ConvertAll(values, v => (double)v));
        Assert.Equal(moments.ToArray(), now.ToArray());
    }

    [Fact]
    public void AddNow_OfEveryType_IsAdd()
    {
        Random random = new(9);
        Half[] halves = [.. Enumerable.Range(0, 5000).Select(i => i == 4500 ? Half.NaN : (Half)(random.NextSingle() - 0.4f))];
        double[] doubles = [.. Enumerable.Range(0, 5000).Select(i => i == 4500 ? double.NegativeInfinity : random.NextDouble() - 0.4)];
        BFloat16[] shorts = Array.ConvertAll(halves, v => (BFloat16)(float)v);
        ExactMoments added = new(), now = new();
        added.Add(halves);
        added.Add(doubles);
        added.Add(shorts);
        now.AddNow<Half>(halves);
        now.AddNow<double>(doubles);
        now.AddNow<BFloat16>(shorts);
        Assert.Equal(added.ToArray(), now.ToArray());
        ExactMoments one = new();
        foreach (double value in (double[])[.. halves.Select(v => (double)v), .. doubles, .. shorts.Select(v => (double)v)])
            one.Add(value);
        Assert.Equal(one.ToArray(), now.ToArray());
    }

    public static TheoryData<double[]> Extremes() => new()
    {
        { [1e308, 1, -1e308] },
        { [double.MaxValue, double.MaxValue, double.MaxValue] },
        { [double.MaxValue, -double.MaxValue] },
        { [double.MaxValue, double.Epsilon] },
        { [0, double.Epsilon] },
        { [double.Epsilon, -double.Epsilon, 0] },
        { [-0.0] },
        { [0.0, -0.0] },
        { [1, 1.0000000000000002] },
        { [9007199254740993, 9007199254740992, 1] },
        { [3, 3, 3, 3] },
        { [2.2250738585072014e-308, 2.225073858507201e-308] },
        { [.. Enumerable.Repeat(1e308, 100), .. Enumerable.Repeat(-1e308, 100), 1] },
        { [.. Enumerable.Repeat(double.Epsilon, 1500)] },
        { [.. Enumerable.Range(0, 1200).Select(i => (i % 2 * Math.Pow(2, 400)) + i)] },
        { [.. Enumerable.Range(0, 1200).Select(i => (1 + (i * Math.Pow(2, -52))) * Math.Pow(2, i % 2 == 0 ? -400 : -440))] },
        { [.. Enumerable.Range(0, 1200).Select(i => i % 100 == 7 ? 1e30 : 1 + (i * 1e-13))] },
    };

    [Theory]
    [MemberData(nameof(Extremes))]
    public void Statistics_Extremes_AreTheExactOnesRoundedOnce(double[] values) => Check(Of(values), values);

    /// <summary>-1e308, 1e308 and 1: mean 1/3, and in the largest double's range a deviation whose square no double holds.</summary>
    [Fact]
    public void Statistics_OfCancellation_AreKnown()
    {
        ExactMoments moments = Of([1e308, 1, -1e308]);
        Assert.Equal(1.0 / 3, moments.Mean);
        Assert.Equal(double.PositiveInfinity, moments.PopulationVariance);
        Assert.Equal(1e308, moments.SampleStandardDeviation);
        Assert.Equal((-1e308, 1e308), (moments.Minimum, moments.Maximum));
    }

    /// <summary>1, 2, 4, 9: mean 4, squared deviations 9 + 4 + 0 + 25.</summary>
    [Fact]
    public void Statistics_OfFourNumbers_AreKnown()
    {
        ExactMoments moments = new();
        moments.Add([1f, 2f]);
        moments.Add([(Half)4]);
        moments.Add([(BFloat16)9]);
        Assert.Equal((4L, 4.0, 9.5, 38.0 / 3), (moments.Count, moments.Mean, moments.PopulationVariance, moments.SampleVariance));
        Assert.Equal((Math.Sqrt(9.5), (1.0, 9.0)), (moments.PopulationStandardDeviation, (moments.Minimum, moments.Maximum)));
    }

    [Fact]
    public void Statistics_OfTooFewNumbers_AreNaN()
    {
        ExactMoments none = new(), one = Of([5]);
        foreach (double value in (double[])[none.Mean, none.Minimum, none.Maximum, none.PopulationVariance, none.SampleVariance,
            none.PopulationStandardDeviation, none.SampleStandardDeviation, one.SampleVariance, one.SampleStandardDeviation])
        {
            Assert.True(double.IsNaN(value));
        }
        Assert.Equal((5.0, 0.0, 0.0), (one.Mean, one.PopulationVariance, one.PopulationStandardDeviation));
    }

    [Fact]
    public void Add_NaNAndInfinities_AreCountedApart()
    {
        double[] values = [.. Enumerable.Range(0, 100).Select(i => i % 10 == 3 ? double.NaN : i % 10 == 5 ? double.PositiveInfinity : i == 77 ? double.NegativeInfinity : i)];
        double[] finite = [.. values.Where(double.IsFinite)];
        ExactMoments moments = Of(values), floats = new(), halves = new(), shorts = new();
        floats.Add(Array.ConvertAll(values, v => (float)v));
        halves.Add(Array.ConvertAll(values, v => (Half)v));
        shorts.Add(Array.ConvertAll(values, v => (BFloat16)v));
        foreach (ExactMoments each in (ExactMoments[])[moments, floats, halves, shorts])
        {
            Assert.Equal((79L, 10L, 10L, 1L), (each.Count, each.NaNCount, each.PositiveInfinityCount, each.NegativeInfinityCount));
            Check(each, finite);
            Assert.Equal(moments.ToArray(), each.ToArray());
        }
        ExactMoments only = Of([double.NaN, double.PositiveInfinity]);
        Assert.Equal((0L, 1L, 1L, 0L), (only.Count, only.NaNCount, only.PositiveInfinityCount, only.NegativeInfinityCount));
        Assert.True(double.IsNaN(only.Mean) && double.IsNaN(only.Minimum));
    }

    /// <summary>Shuffled, cut anywhere, merged in any order, through bytes and back: the same bytes.</summary>
    [Fact]
    public void ToArray_AnyOrderAndSplit_IsTheSame() => Gen.Select(Values, Gen.Int[1, 7], Gen.Int[0, 1 << 20]).Sample(
        (values, parts, seed) =>
        {
            byte[] expected = Of(values).ToArray();
            Random random = new(seed);
            double[] shuffled = [.. values];
            random.Shuffle(shuffled);
            int[] cuts = [0, .. Enumerable.Range(1, parts).Select(_ => random.Next(values.Length + 1)).Order(), values.Length];
            ExactMoments[] pieces = [.. cuts.Zip(cuts.Skip(1), (from, to) => Of(shuffled[from..to]))];
            random.Shuffle(pieces);
            ExactMoments merged = new();
            foreach (ExactMoments piece in pieces)
            {
                ExactMoments read = ExactMoments.FromArray(piece.ToArray());
                if (random.Next(2) == 0)
                    (merged, read) = (read, merged);
                merged.Merge(read);
            }
            Assert.Equal(expected, merged.ToArray());
            // One by one, read now and then, and as floats where they are floats.
            ExactMoments one = new();
            foreach (double value in shuffled)
            {
                if (random.Next(2) == 0)
                    one.Add(value);
                else if (value == (float)value)
                    one.Add([(float)value]);
                else
                    one.Add([value]);
                if (random.Next(200) == 0)
                    Assert.InRange(one.Count, 1, values.Length);
            }
            Assert.Equal(expected, one.ToArray());
        },
        iter: 300, threads: 1);

    [Fact]
    public void ToArray_SameNumbersOfAnyType_IsTheSame()
    {
        Random random = new(5);
        float[] values = [.. Enumerable.Range(0, 3000).Select(_ => (float)(BFloat16)(float)random.Next(-120, 120))];
        ExactMoments floats = new(), doubles = new(), halves = new(), shorts = new();
        floats.Add(values);
        doubles.Add(Array.ConvertAll(values, v => (double)v));
        halves.Add(Array.ConvertAll(values, v => (Half)v));
        shorts.Add(Array.ConvertAll(values, v => (BFloat16)v));
        foreach (ExactMoments each in (ExactMoments[])[doubles, halves, shorts])
            Assert.Equal(floats.ToArray(), each.ToArray());
    }

    /// <summary>The bytes of two numbers, 1 and -3, written out by the table in docs/exact-moments.md.</summary>
    [Fact]
    public void ToArray_OfTwoNumbers_HasTheDocumentedBytes()
    {
        const string expected =
            "4E4B584D" + "01000000"                     // NKXM, version 1
            + "0200000000000000" + "0100000000000000" + "0000000000000000" + "0000000000000000"
            + "00000000000008C0" + "000000000000F03F"     // -3, 1
            + "01000000" + "01000000" + "FF"            // -2 = -1 * 2^1
            + "01000000" + "01000000" + "05";           // 10 = 5 * 2^1
        Assert.Equal(expected, Convert.ToHexString(Of([1, double.NaN, -3]).ToArray()));
    }

    [Fact]
    public void ToArray_OrdinaryNumbers_AreAHundredBytes() =>
        Assert.InRange(Of(Inputs<double>.Normal(new(3), 100_000)).ToArray().Length, 72, 150);

    [Fact]
    public void Merge_WithItself_CountsTwice()
    {
        ExactMoments moments = Of([1, 2, double.NaN]);
        moments.Merge(moments);
        Assert.Equal(Of([1, 2, 1, 2, double.NaN, double.NaN]).ToArray(), moments.ToArray());
    }

    [Fact]
    public void Merge_BeyondTheLargestCount_ThrowsAndChangesNothing()
    {
        ExactMoments moments = Of([double.MaxValue]);
        for (int i = 0; i < 62; i++)
            moments.Merge(moments);
        Assert.Equal((1L << 62, double.MaxValue), (moments.Count, moments.Mean));
        byte[] before = moments.ToArray();
        Assert.Equal(before, ExactMoments.FromArray(before).ToArray());
        Assert.Throws<OverflowException>(() => moments.Merge(moments));
        Assert.Equal(before, moments.ToArray());
        Assert.Throws<ArgumentNullException>(() => moments.Merge(null!));
    }

    [Fact]
    public void FromArray_EveryPrefixAndMore_IsRefused()
    {
        byte[] bytes = Of([1.5, -2.25, 1e-300]).ToArray();
        for (int length = 0; length < bytes.Length; length++)
            Assert.Throws<FormatException>(() => ExactMoments.FromArray(bytes.AsSpan(0, length)));
        Assert.Throws<FormatException>(() => ExactMoments.FromArray([.. bytes, 0]));
    }

    /// <summary>Any bytes that are read are those that are written again: nothing else is accepted.</summary>
    [Fact]
    public void FromArray_AnyChangedBytes_AreRefusedOrCanonical()
    {
        byte[] bytes = Of([1.5, -2.25, 1e-300, 7]).ToArray();
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte, Gen.Int[0, bytes.Length - 1], Gen.Byte).Sample(
            (first, a, second, b) =>
            {
                byte[] changed = [.. bytes];
                changed[first] = a;
                changed[second] = b;
                try
                {
                    Assert.Equal(changed, ExactMoments.FromArray(changed).ToArray());
                }
                catch (FormatException)
                {
                }
            },
            iter: 5000, threads: 1);
    }

    // The numbers are 1 and 2. Their sum has its exponent at 56, its length at 60 and its one byte, 3, at 64; that of the squares follows, 5 at 73.
    [Theory]
    [InlineData(0, 'n', "NKXM")]
    [InlineData(4, 2, "version 2")]
    [InlineData(6, 1, "reserved")]
    [InlineData(15, 0x80, "negative")]
    [InlineData(39, 0x80, "negative")]
    [InlineData(8, 0, "no numbers")]
    [InlineData(8, 5, "mean does not lie")]
    [InlineData(47, 0x7F, "in order")]
    [InlineData(55, 0xBF, "in order")]
    [InlineData(56, 1, "mean does not lie")]
    [InlineData(60, 200, "claims 200 bytes")]
    [InlineData(63, 0x80, "bytes of")]
    [InlineData(64, 4, "odd significand")]
    [InlineData(64, 0, "more bytes")]
    [InlineData(72, 0x7F, "sum of the squares claims")]
    [InlineData(73, 3, "variance is negative")]
    [InlineData(73, 11, "largest magnitude")]
    public void FromArray_BrokenField_NamesIt(int at, byte value, string reason)
    {
        byte[] bytes = Of([1, 2]).ToArray();
        Assert.Equal(74, bytes.Length);
        bytes[at] = value;
        FormatException error = Assert.Throws<FormatException>(() => ExactMoments.FromArray(bytes));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromArray_SumsBeyondAnyNumbers_AreRefused()
    {
        byte[] bytes = Of([1, 2]).ToArray();
        foreach (int exponent in new[] { 2000, int.MaxValue, -1075, int.MinValue })
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(56), exponent);
            Assert.Throws<FormatException>(() => ExactMoments.FromArray(bytes));
        }
    }

    private static ExactMoments Of(double[] values)
    {
        ExactMoments moments = new();
        moments.Add(values);
        return moments;
    }

    private static void Check(ExactMoments actual, double[] values)
    {
        int n = values.Length;
        Assert.Equal(n, actual.Count);
        if (n == 0)
            return;
        Assert.Equal((values.Min() + 0.0, values.Max() + 0.0), (actual.Minimum, actual.Maximum));
        Assert.False(double.IsNegative(actual.Minimum) && actual.Minimum == 0);
        // In units of the smallest double: whole numbers.
        BigInteger[] units = Array.ConvertAll(values, v => ((Rational)v * Rational.Power(1074)).Floor);
        BigInteger sum = units.Aggregate(BigInteger.Add), squares = units.Aggregate(BigInteger.Zero, (total, v) => total + (v * v));
        AssertNearest(new Rational(sum, n) * Rational.Power(-1074), actual.Mean);
        Rational deviations = new Rational((n * squares) - (sum * sum), n) * Rational.Power(-2148);
        AssertNearest(deviations / n, actual.PopulationVariance);
        AssertRoot(deviations / n, actual.PopulationStandardDeviation);
        if (n < 2)
            return;
        AssertNearest(deviations / (n - 1), actual.SampleVariance);
        AssertRoot(deviations / (n - 1), actual.SampleStandardDeviation);
    }

    // No neighbour is nearer, and of two as near the even one. Beyond the largest double by half a unit: infinite.
    private static void AssertNearest(Rational exact, double actual)
    {
        Rational limit = Rational.Power(1024) - Rational.Power(970);
        if (double.IsInfinity(actual))
        {
            Assert.True(exact.Magnitude.CompareTo(limit) >= 0 && exact.Sign == Math.Sign(actual));
            return;
        }
        Assert.True(exact.Magnitude.CompareTo(limit) < 0);
        AssertBetween(actual, halfway => exact.CompareTo(halfway));
    }

    private static void AssertRoot(Rational exact, double actual)
    {
        Rational limit = Rational.Power(1024) - Rational.Power(970);
        Assert.True(actual >= 0);
        Assert.Equal(exact.CompareTo(limit * limit) >= 0, double.IsInfinity(actual));
        if (double.IsFinite(actual))
            AssertBetween(actual, halfway => halfway.Sign < 0 ? 1 : exact.CompareTo(halfway * halfway));
    }

    // compare tells on which side of a point halfway between actual and a neighbour the exact value lies.
    private static void AssertBetween(double actual, Func<Rational, int> compare)
    {
        bool even = (BitConverter.DoubleToInt64Bits(actual) & 1) == 0;
        double below = Math.BitDecrement(actual), above = Math.BitIncrement(actual);
        if (double.IsFinite(below))
            Assert.True(compare(((Rational)actual + below) / 2) >= (even ? 0 : 1), $"{actual:R} is too large");
        if (double.IsFinite(above))
            Assert.True(compare(((Rational)actual + above) / 2) <= (even ? 0 : -1), $"{actual:R} is too small");
    }
}
