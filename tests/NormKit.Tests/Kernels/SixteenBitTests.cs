using NormKit.Kernels;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Kernels;

/// <summary>Runs against the format's definition, and against the conversions of single numbers where it leaves a choice (NaN).</summary>
public class SixteenBitTests
{
    private static readonly ushort[] AllBits = [.. Enumerable.Range(0, 1 << 16).Select(bits => (ushort)bits)];
    private static readonly BFloat16[] AllBFloat16 = Array.ConvertAll(AllBits, BFloat16.UInt16BitsToBFloat16);
    private static readonly Half[] AllHalf = Array.ConvertAll(AllBits, BitConverter.UInt16BitsToHalf);

    [Fact]
    public void Widen_OfAllBits_AreTheValuesOfTheFormat()
    {
        float[] single = new float[AllBits.Length];
        double[] real = new double[AllBits.Length];
        SixteenBit.Widen(AllBFloat16, single);
        SixteenBit.Widen(AllBFloat16, real);
        Check(SixteenBitFormat.BFloat16);
        SixteenBit.Widen(AllHalf, single);
        SixteenBit.Widen(AllHalf, real);
        Check(SixteenBitFormat.Half);

        void Check(SixteenBitFormat format)
        {
            foreach (ushort bits in AllBits)
            {
                double expected = format.Value(bits);
                Assert.Equal((expected, expected), (single[bits], real[bits]));
                if (expected == 0)
                    Assert.Equal((double.IsNegative(expected), double.IsNegative(expected)), (float.IsNegative(single[bits]), double.IsNegative(real[bits])));
            }
        }
    }

    [Fact]
    public void Narrow_AtAndBesideEachTie_IsTheNearest()
    {
        double[] real = [.. SixteenBitFormat.BFloat16.Ties(), .. Everywhere(3)];
        Assert.Equal(Array.ConvertAll(real, SixteenBitFormat.BFloat16.Nearest), Narrowed(real));
        float[] single = Array.ConvertAll(real, value => (float)value);
        Assert.Equal(Array.ConvertAll(single, value => SixteenBitFormat.BFloat16.Nearest(value)), Narrowed(single));

        real = [.. SixteenBitFormat.Half.Ties(), .. Everywhere(4)];
        Assert.Equal(Array.ConvertAll(real, SixteenBitFormat.Half.Nearest), NarrowedToHalf(real));
        single = Array.ConvertAll(real, value => (float)value);
        Assert.Equal(Array.ConvertAll(single, value => SixteenBitFormat.Half.Nearest(value)), NarrowedToHalf(single));
    }

    [Fact]
    public void Narrow_OfNaN_IsAsForOneNumber()
    {
        Random random = new(5);
        float[] single = [.. Enumerable.Range(0, 999).Select(_ => BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32) | 0x7F800001)), float.NaN, -float.NaN];
        double[] real = [.. Enumerable.Range(0, 999).Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64() | 0x7FF0_0000_0000_0001)), double.NaN, -double.NaN];
        Assert.Equal(Array.ConvertAll(single, value => BFloat16.BFloat16ToUInt16Bits((BFloat16)value)), Narrowed(single));
        Assert.Equal(Array.ConvertAll(real, value => BFloat16.BFloat16ToUInt16Bits((BFloat16)value)), Narrowed(real));
        Assert.All(Narrowed(single), bits => Assert.InRange(bits & 0x7FFF, 0x7FC0, 0x7FFF));
        Assert.All(NarrowedToHalf(single), bits => Assert.InRange(bits & 0x7FFF, 0x7E00, 0x7FFF));
        Assert.All(NarrowedToHalf(real), bits => Assert.InRange(bits & 0x7FFF, 0x7E00, 0x7FFF));
    }

    /// <summary>Each length, at odd offsets: the same as one number at a time, and nothing written beside.</summary>
    [Fact]
    public void WidenAndNarrow_OfEachLengthAtOddOffsets_AreAsForOneNumber()
    {
        Random random = new(6);
        for (int length = 0; length <= 70; length++)
        {
            int from = (random.Next(8) * 2) + 1, to = (random.Next(8) * 2) + 1;
            double[] real = Inputs<double>.Normal(random, from + length + 9, scale: 1e-3, offset: 1e-3);
            float[] single = Array.ConvertAll(real, value => (float)value);
            Half[] half = Array.ConvertAll(real, value => (Half)value);
            BFloat16[] upper = Array.ConvertAll(real, value => (BFloat16)value);
            Run<double, BFloat16>(real, SixteenBit.Narrow, value => (BFloat16)value);
            Run<float, BFloat16>(single, SixteenBit.Narrow, value => (BFloat16)value);
            Run<double, Half>(real, SixteenBit.Narrow, value => (Half)value);
            Run<float, Half>(single, SixteenBit.Narrow, value => (Half)value);
            Run<BFloat16, double>(upper, SixteenBit.Widen, value => (double)value);
            Run<BFloat16, float>(upper, SixteenBit.Widen, value => (float)value);
            Run<Half, double>(half, SixteenBit.Widen, value => (double)value);
            Run<Half, float>(half, SixteenBit.Widen, value => (float)value);

            void Run<TFrom, TTo>(TFrom[] source, Conversion<TFrom, TTo> convert, Converter<TFrom, TTo> one) where TTo : struct
            {
                TTo untouched = one(source[0]);
                TTo[] actual = new TTo[to + length + 7], expected = new TTo[actual.Length];
                Array.Fill(actual, untouched);
                Array.Fill(expected, untouched);
                Array.ConvertAll(source[from..(from + length)], one).CopyTo(expected, to);
                convert(source.AsSpan(from, length), actual.AsSpan(to, length));
                Assert.Equal(expected, (IEnumerable<TTo>)actual);
            }
        }
    }

    /// <summary>Longer than the scratch that conversions between half and double go through.</summary>
    [Fact]
    public void WidenAndNarrow_OfHalvesAndDoubles_GoThroughAllOfALongRun()
    {
        double[] real = Inputs<double>.Normal(new Random(7), 1031), back = new double[real.Length];
        Half[] half = new Half[real.Length];
        SixteenBit.Narrow(real, half);
        Assert.Equal(Array.ConvertAll(real, value => (Half)value), half);
        SixteenBit.Widen(half, back);
        Assert.Equal(Array.ConvertAll(half, value => (double)value), back);
    }

    private delegate void Conversion<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to);

    /// <summary>Random bits: every exponent, and infinities.</summary>
    private static double[] Everywhere(int seed)
    {
        Random random = new(seed);
        return
        [
            0, -0.0, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.MinValue, double.Epsilon, -double.Epsilon,
            .. Enumerable.Range(0, 10_000).Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue))).Where(value => !double.IsNaN(value)),
            .. Enumerable.Range(0, 10_000).Select(_ => (double)BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue))).Where(value => !double.IsNaN(value)),
            .. Enumerable.Range(0, 10_000).Select(_ => (random.NextDouble() - 0.5) * Math.ScaleB(1, random.Next(-150, 150))),
        ];
    }

    private static ushort[] Narrowed(ReadOnlySpan<double> values)
    {
        BFloat16[] to = new BFloat16[values.Length];
        SixteenBit.Narrow(values, to);
        return Array.ConvertAll(to, BFloat16.BFloat16ToUInt16Bits);
    }

    private static ushort[] Narrowed(ReadOnlySpan<float> values)
    {
        BFloat16[] to = new BFloat16[values.Length];
        SixteenBit.Narrow(values, to);
        return Array.ConvertAll(to, BFloat16.BFloat16ToUInt16Bits);
    }

    private static ushort[] NarrowedToHalf(ReadOnlySpan<double> values)
    {
        Half[] to = new Half[values.Length];
        SixteenBit.Narrow(values, to);
        return Array.ConvertAll(to, BitConverter.HalfToUInt16Bits);
    }

    private static ushort[] NarrowedToHalf(ReadOnlySpan<float> values)
    {
        Half[] to = new Half[values.Length];
        SixteenBit.Narrow(values, to);
        return Array.ConvertAll(to, BitConverter.HalfToUInt16Bits);
    }
}
