using System.Globalization;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class BFloat16Tests
{
    private static readonly SixteenBitFormat Format = SixteenBitFormat.BFloat16;
    private static readonly BFloat16[] Everything = [.. Enumerable.Range(0, 1 << 16).Select(bits => BFloat16.UInt16BitsToBFloat16((ushort)bits))];

    /// <summary>Zeros, subnormals, the ends of each range, infinities, NaN of either sign and payload, and a few numbers of no distinction.</summary>
    private static readonly BFloat16[] Notable =
    [
        .. ((ushort[])[0, 1, 2, 0x7F, 0x80, 0x81, 0x3E2B, 0x3F7F, 0x3F80, 0x3F81, 0x4049, 0x42C8, 0x5C11, 0x7F7E, 0x7F7F, 0x7F80, 0x7F81, 0x7FC0, 0x7FFF])
            .SelectMany(bits => (BFloat16[])[BFloat16.UInt16BitsToBFloat16(bits), BFloat16.UInt16BitsToBFloat16((ushort)(bits | 0x8000))]),
    ];

    [Fact]
    public void ToFloatAndDouble_OfAllBits_AreTheValuesOfTheFormat()
    {
        foreach (BFloat16 x in Everything)
        {
            double expected = Format.Value(Bits(x));
            Assert.Equal(expected, (double)x);
            Assert.Equal(expected, (double)(float)x);
            Assert.Equal(double.IsNegative(expected) || double.IsNaN(expected), double.IsNegative((double)x) || double.IsNaN(expected));
        }
    }

    [Fact]
    public void FromFloatDoubleAndHalf_OfAllBits_ComeBackOrBecomeQuiet()
    {
        foreach (BFloat16 x in Everything)
        {
            ushort expected = (ushort)(BFloat16.IsNaN(x) ? Bits(x) | 0x40 : Bits(x));
            Assert.Equal(expected, Bits((BFloat16)(float)x));
            Assert.Equal(expected, Bits((BFloat16)(double)x));
            Half half = BitConverter.UInt16BitsToHalf(Bits(x));
            if (!Half.IsNaN(half))
                Assert.Equal(Format.Nearest((double)half), Bits((BFloat16)half));
            else
                Assert.True(BFloat16.IsNaN((BFloat16)half));
        }
    }

    [Fact]
    public void ToHalf_OfAllBits_IsTheNearest()
    {
        foreach (BFloat16 x in Everything.Where(x => !BFloat16.IsNaN(x)))
            Assert.Equal(SixteenBitFormat.Half.Nearest(Format.Value(Bits(x))), BitConverter.HalfToUInt16Bits((Half)x));
        Assert.True(Half.IsNaN((Half)BFloat16.NaN));
    }

    /// <summary>A double next to a tie is a tie once it is a float: from double the rounding must be one.</summary>
    [Fact]
    public void FromDouble_AtAndBesideEachTie_IsTheNearest()
    {
        int different = 0;
        foreach (double value in Format.Ties())
        {
            ushort expected = Format.Nearest(value);
            Assert.Equal(expected, Bits((BFloat16)value));
            Assert.Equal(Format.Nearest((float)value), Bits((BFloat16)(float)value));
            different += Bits((BFloat16)(float)value) == expected ? 0 : 1;
        }
        Assert.True(different > 10_000, $"Only {different} of these doubles tell one rounding from two.");
    }

    [Fact]
    public void FromFloatAndDouble_OfRandomBits_AreTheNearest()
    {
        Random random = new(1);
        for (int i = 0; i < 100_000; i++)
        {
            float single = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
            double real = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            double subnormal = (random.NextDouble() - 0.5) * 1e-37;
            if (!float.IsNaN(single))
                Assert.Equal(Format.Nearest(single), Bits((BFloat16)single));
            if (!double.IsNaN(real))
                Assert.Equal(Format.Nearest(real), Bits((BFloat16)real));
            Assert.Equal(Format.Nearest(subnormal), Bits((BFloat16)subnormal));
        }
    }

    [Theory]
    [InlineData(0x7F800001u, 0x7FC0)]
    [InlineData(0x7F80FFFFu, 0x7FC0)]
    [InlineData(0xFFFFFFFFu, 0xFFFF)]
    [InlineData(0xFFA50000u, 0xFFE5)]
    public void FromFloat_OfNaN_KeepsSignAndPayloadAndIsQuiet(uint bits, int expected) =>
        Assert.Equal(expected, Bits((BFloat16)BitConverter.UInt32BitsToSingle(bits)));

    [Fact]
    public void Constants_HaveTheValuesOfTheirNames()
    {
        (BFloat16 Constant, double Value)[] constants =
        [
            (BFloat16.Zero, 0), (BFloat16.One, 1), (BFloat16.NegativeOne, -1), (BFloat16.Epsilon, Math.ScaleB(1, -133)),
            (BFloat16.MaxValue, Math.ScaleB(255, 120)), (BFloat16.MinValue, -Math.ScaleB(255, 120)), (BFloat16.PositiveInfinity, double.PositiveInfinity),
            (BFloat16.NegativeInfinity, double.NegativeInfinity), (BFloat16.E, 2.71875), (BFloat16.Pi, 3.140625), (BFloat16.Tau, 6.28125),
        ];
        foreach ((BFloat16 constant, double value) in constants)
            Assert.Equal(value, (double)constant);
        Assert.Equal(double.NaN, (double)BFloat16.NaN);
        Assert.Equal((ushort)0x8000, Bits(BFloat16.NegativeZero));
        foreach ((BFloat16 constant, double value) in ((BFloat16, double)[])[(BFloat16.E, Math.E), (BFloat16.Pi, Math.PI), (BFloat16.Tau, Math.Tau)])
            Assert.Equal(Format.Nearest(value), Bits(constant));
    }

    [Fact]
    public void Classification_OfAllBits_IsThatOfTheFloat()
    {
        foreach (BFloat16 x in Everything)
        {
            float single = (float)x;
            Assert.Equal(float.IsNaN(single), BFloat16.IsNaN(x));
            Assert.Equal(float.IsFinite(single), BFloat16.IsFinite(x));
            Assert.Equal(float.IsInfinity(single), BFloat16.IsInfinity(x));
            Assert.Equal(float.IsPositiveInfinity(single), BFloat16.IsPositiveInfinity(x));
            Assert.Equal(float.IsNegativeInfinity(single), BFloat16.IsNegativeInfinity(x));
            Assert.Equal(float.IsNegative(single), BFloat16.IsNegative(x));
            Assert.Equal(float.IsPositive(single), BFloat16.IsPositive(x));
            Assert.Equal(float.IsNormal(single), BFloat16.IsNormal(x));
            Assert.Equal(float.IsSubnormal(single), BFloat16.IsSubnormal(x));
            Assert.Equal(BitConverter.SingleToInt32Bits(single) & int.MaxValue, BitConverter.SingleToInt32Bits((float)BFloat16.Abs(x)));
            Assert.Equal(BitConverter.SingleToInt32Bits(single) ^ int.MinValue, BitConverter.SingleToInt32Bits((float)-x));
        }
    }

    /// <summary>As <see cref="Half"/> has it, which has the same number for each of the values here.</summary>
    [Fact]
    public void EqualityAndOrder_OfNotableNumbers_AreThoseOfTheFloats()
    {
        foreach (BFloat16 a in Notable)
        {
            foreach (BFloat16 b in Notable)
            {
                float x = (float)a, y = (float)b;
                Assert.Equal<bool[]>([x == y, x != y, x < y, x > y, x <= y, x >= y], [a == b, a != b, a < b, a > b, a <= b, a >= b]);
                Assert.Equal(x.Equals(y), a.Equals(b));
                Assert.Equal(x.Equals(y), a.Equals((object)b));
                Assert.Equal(Math.Sign(x.CompareTo(y)), Math.Sign(a.CompareTo(b)));
                Assert.Equal(Math.Sign(x.CompareTo(y)), Math.Sign(a.CompareTo((object)b)));
                Assert.True(!a.Equals(b) || a.GetHashCode() == b.GetHashCode());
            }
            Assert.False(a.Equals((float)a));
            Assert.Equal(1, a.CompareTo(null));
        }
        Assert.Throws<ArgumentException>(() => BFloat16.One.CompareTo(1f));
        Assert.True(Half.NaN.Equals(-Half.NaN) && BFloat16.NaN.Equals(-BFloat16.NaN));
        Assert.Equal(Everything.Length - 1 - (2 * 127) + 1, Everything.Select(x => x.GetHashCode()).Distinct().Count());
    }

    [Fact]
    public void Operators_OfNotableAndRandomNumbers_AreRoundedOnce()
    {
        Random random = new(2);
        BFloat16[] numbers = [.. Notable, .. Enumerable.Range(0, 200).Select(_ => Everything[random.Next(Everything.Length)])];
        foreach (BFloat16 a in numbers)
        {
            foreach (BFloat16 b in numbers)
            {
                double x = (double)a, y = (double)b;
                Same(x * y, a * b);
                Same(x / y, a / b);
                Same(x % y, a % b);
                if (x != 0 && y != 0 && double.IsFinite(x) && double.IsFinite(y) && Math.Abs(Math.ILogB(x) - Math.ILogB(y)) > 40)
                    (x, y) = Math.Abs(x) > Math.Abs(y) ? (x, y * Math.ScaleB(1, Math.ILogB(x) - Math.ILogB(y) - 40)) : (x * Math.ScaleB(1, Math.ILogB(y) - Math.ILogB(x) - 40), y);
                Same(x + y, a + b);   // now exact in double: a term that far below matters only by its sign
                Same(x - y, a - b);
            }
        }

        static void Same(double expected, BFloat16 actual)
        {
            if (double.IsNaN(expected))
                Assert.True(BFloat16.IsNaN(actual));
            else
                Assert.Equal(Format.Nearest(expected), Bits(actual));
        }
    }

    [Fact]
    public void ToString_OfAllFiniteNumbers_IsTheShortestThatParsesToThem()
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        Span<char> buffer = stackalloc char[32];
        for (int i = 0; i < Everything.Length; i += 7)
        {
            BFloat16 x = Everything[i];
            string text = x.ToString(culture);
            Assert.Equal(x, BFloat16.Parse(text, culture));
            Assert.True(x.TryFormat(buffer, out int written, provider: culture));
            Assert.Equal(text, buffer[..written]);
            int digits = text.Split('E')[0].Trim('-').Replace(".", "", StringComparison.Ordinal).Trim('0').Length;
            if (BFloat16.IsFinite(x) && digits > 1)
                Assert.NotEqual(x, BFloat16.Parse(((float)x).ToString($"E{digits - 2}", culture), culture));
        }
    }

    [Theory]
    [InlineData(0x3DCD, null, "0.1")]
    [InlineData(0x7F7F, "R", "3.39E+38")]
    [InlineData(0x7F7F, "E5", "3.38953E+038")]
    [InlineData(0x0001, "G", "9E-41")]
    [InlineData(0x8000, null, "-0")]
    [InlineData(0x7FC0, null, "NaN")]
    [InlineData(0xFF80, null, "-Infinity")]
    [InlineData(0x4049, "F6", "3.140625")]
    public void ToString_OfKnownNumbers_IsAsWritten(int bits, string? format, string expected) =>
        Assert.Equal(expected, BFloat16.UInt16BitsToBFloat16((ushort)bits).ToString(format, CultureInfo.InvariantCulture));

    [Theory]
    [InlineData("1.00390625", 0x3F80)]            // a tie
    [InlineData("1.00390625000001", 0x3F81)]      // a tie as a float, not as a double
    [InlineData(" -1,024 ", 0xC480)]
    [InlineData("1e39", 0x7F80)]
    [InlineData("NaN", 0xFFC0)]
    public void Parse_OfText_IsTheNearest(string text, int expected)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        Assert.Equal(expected, Bits(BFloat16.Parse(text, culture)));
        Assert.Equal(expected, Bits(BFloat16.Parse(text.AsSpan(), culture)));
        Assert.Equal(expected, Bits(BFloat16.Parse(text, NumberStyles.Float | NumberStyles.AllowThousands, culture)));
        Assert.True(BFloat16.TryParse(text, culture, out BFloat16 parsed));
        Assert.Equal(expected, Bits(parsed));
    }

    [Fact]
    public void Parse_OfNoNumber_IsRefused()
    {
        Assert.Throws<FormatException>(() => BFloat16.Parse("one", CultureInfo.InvariantCulture));
        Assert.False(BFloat16.TryParse("1.2.3", CultureInfo.InvariantCulture, out BFloat16 result));
        Assert.Equal(BFloat16.Zero, result);
        Assert.False(BFloat16.TryParse(null, out _));
    }

    private static ushort Bits(BFloat16 value) => BFloat16.BFloat16ToUInt16Bits(value);
}
