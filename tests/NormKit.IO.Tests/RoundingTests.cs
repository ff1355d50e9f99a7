namespace NormKit.IO.Tests;

/// <summary>Every conversion gives the nearest value, ties to even: checked on all 16-bit values and between each two.</summary>
public class RoundingTests
{
    [Theory]
    [InlineData(ElementType.Float16, 10, 15)]
    [InlineData(ElementType.BFloat16, 7, 127)]
    public void To_AllBitPatterns_AreDecodedAsTheFormatDefines(ElementType type, int fractionBits, int bias)
    {
        StoredTensor all = AllPatterns(type);

        double[] real = all.ToArray<double>();
        float[] single = all.ToArray<float>();

        for (int bits = 0; bits < real.Length; bits++)
        {
            double expected = Value(bits, fractionBits, bias);
            if (double.IsNaN(expected))
            {
                Assert.True(double.IsNaN(real[bits]) && float.IsNaN(single[bits]), $"{bits:X4} is NaN");
                continue;
            }

            // As bits, so that the zeros differ.
            Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(real[bits]));
            Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(single[bits]));
        }
    }

    [Theory]
    [InlineData(ElementType.Float16, 10, 15)]
    [InlineData(ElementType.BFloat16, 7, 127)]
    public void From_AllBitPatterns_ComeBack(ElementType type, int fractionBits, int bias)
    {
        StoredTensor all = AllPatterns(type);

        ushort[] fromReal = Patterns(StoredTensor.From<double>(all.ToArray<double>(), all.Shape, type));
        ushort[] fromSingle = Patterns(StoredTensor.From<float>(all.ToArray<float>(), all.Shape, type));

        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            if (double.IsNaN(Value(bits, fractionBits, bias)))
            {
                Assert.True(double.IsNaN(Value(fromReal[bits], fractionBits, bias)), $"{bits:X4} became {fromReal[bits]:X4}");
                Assert.True(double.IsNaN(Value(fromSingle[bits], fractionBits, bias)), $"{bits:X4} became {fromSingle[bits]:X4}");
            }
            else
            {
                Assert.Equal(bits, fromReal[bits]);
                Assert.Equal(bits, fromSingle[bits]);
            }
        }
    }

    [Theory]
    [InlineData(ElementType.Float16, 10, 15)]
    [InlineData(ElementType.BFloat16, 7, 127)]
    public void From_HalfwayBetweenAnyTwo_GoesToTheEvenOneAndItsNeighboursToTheNearer(ElementType type, int fractionBits, int bias)
    {
        // Up to the largest finite value, whose upper neighbour is where infinity would stand if exponents went on.
        int infinity = ((1 << (15 - fractionBits)) - 1) << fractionBits;
        double[] values = new double[infinity * 6];
        float[] ties = new float[infinity * 2];
        ushort[] expected = new ushort[infinity * 6];
        for (int low = 0; low < infinity; low++)
        {
            double above = low + 1 == infinity ? Math.ScaleB(1, bias + 1) : Value(low + 1, fractionBits, bias);
            double middle = (Value(low, fractionBits, bias) + above) / 2; // exact: one bit more than the type has
            int even = low + (low & 1);
            (double, int)[] cases = [(Math.BitDecrement(middle), low), (middle, even), (Math.BitIncrement(middle), low + 1)];
            for (int i = 0; i < 3; i++)
            {
                (values[(low * 6) + i], expected[(low * 6) + i]) = (cases[i].Item1, (ushort)cases[i].Item2);
                (values[(low * 6) + 3 + i], expected[(low * 6) + 3 + i]) = (-cases[i].Item1, (ushort)(0x8000 | cases[i].Item2));
            }

            (ties[low * 2], ties[(low * 2) + 1]) = ((float)middle, -(float)middle);
        }

        Assert.Equal(expected, Patterns(StoredTensor.From<double>(values, [values.Length], type)));
        Assert.Equal(expected.Where((_, i) => i % 3 == 1), Patterns(StoredTensor.From<float>(ties, [ties.Length], type)));
    }

    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.BFloat16)]
    public void From_BeyondTheRange_BecomesInfinityOrZero(ElementType type)
    {
        double[] values = [double.MaxValue, -double.MaxValue, 1e39, -1e39, double.PositiveInfinity, double.Epsilon, -double.Epsilon, 1e-60];

        double[] stored = StoredTensor.From<double>(values, [8], type).ToArray<double>();

        double inf = double.PositiveInfinity;
        Assert.Equal([inf, -inf, inf, -inf, inf, 0, 0, 0], stored);
        Assert.Equal([false, true, false], stored[5..].Select(double.IsNegative));
    }

    [Fact]
    public void From_NaNOfTheSmallestPayload_StaysNaN()
    {
        float single = BitConverter.UInt32BitsToSingle(0x7F800001);
        double real = BitConverter.UInt64BitsToDouble(0xFFF0000000000001);

        foreach (ElementType type in new[] { ElementType.BFloat16, ElementType.Float16, ElementType.Float32, ElementType.Float64 })
        {
            Assert.All(StoredTensor.From<float>([single, single], [2], type).ToArray<double>(), value => Assert.True(double.IsNaN(value)));
            Assert.All(StoredTensor.From<double>([real, real], [2], type).ToArray<float>(), value => Assert.True(float.IsNaN(value)));
        }
    }

    [Theory]
    [InlineData(1 + (1.0 / (1 << 24)), 0x3F800000u)] // tie, to even
    [InlineData(1 + (3.0 / (1 << 24)), 0x3F800002u)] // tie, to even
    [InlineData(1 + (1.0 / (1 << 24)) + (1.0 / (1L << 52)), 0x3F800001u)]
    [InlineData(3.4028235677973366e38, 0x7F800000u)] // tie between the largest float and 2^128
    [InlineData(3.4028235677973362e38, 0x7F7FFFFFu)]
    [InlineData(7.006492321624085e-46, 0u)] // half of the smallest float
    [InlineData(7.006492321624087e-46, 1u)]
    [InlineData(-0.0, 0x80000000u)]
    public void ToAndFrom_DoubleToFloat_RoundsToNearestEven(double value, uint expected)
    {
        double[] many = Enumerable.Repeat(value, 37).ToArray(); // longer than any vector, with a tail

        float[] read = StoredTensor.From<double>(many, [37]).ToArray<float>();
        float[] written = StoredTensor.From<double>(many, [37], ElementType.Float32).ToArray<float>();

        Assert.All(read, element => Assert.Equal(expected, BitConverter.SingleToUInt32Bits(element)));
        Assert.Equal(read, written);
    }

    [Theory]
    [InlineData(ElementType.Int64, 0x4000004000000001UL, 4611686568183201792.0, 4611686293305294849.0)] // 2^62 + 2^38 + 1
    [InlineData(ElementType.Int64, 0xBFFFFFBFFFFFFFFFUL, -4611686568183201792.0, -4611686293305294849.0)]
    [InlineData(ElementType.Int64, 0x0020000000000001UL, 9007199254740992.0, 9007199254740992.0)] // 2^53 + 1: tie, to even
    [InlineData(ElementType.Int64, 0x0020000000000003UL, 9007199254740992.0, 9007199254740996.0)]
    [InlineData(ElementType.Int64, 0x8000000000000000UL, -9223372036854775808.0, -9223372036854775808.0)]
    [InlineData(ElementType.UInt64, 0x8000000000000401UL, 9223372036854775808.0, 9223372036854777856.0)] // 2^63 + 2^10 + 1
    [InlineData(ElementType.UInt64, 0x8000000000000400UL, 9223372036854775808.0, 9223372036854775808.0)] // tie, to even
    [InlineData(ElementType.UInt64, 0x8000008000000001UL, 9223373136366403584.0, 9223372586610589696.0)] // 2^63 + 2^39 + 1
    [InlineData(ElementType.UInt64, 0xFFFFFFFFFFFFFFFFUL, 18446744073709551616.0, 18446744073709551616.0)]
    public void To_IntegersOfSixtyFourBits_RoundOnce(ElementType type, ulong bits, double asFloat, double asDouble)
    {
        byte[] bytes = [.. Enumerable.Repeat(BitConverter.GetBytes(bits), 37).SelectMany(element => element)];
        StoredTensor tensor = new(type, [37], bytes);

        Assert.All(tensor.ToArray<float>(), element => Assert.Equal(asFloat, element));
        Assert.All(tensor.ToArray<double>(), element => Assert.Equal(asDouble, element));
    }

    [Theory]
    [InlineData(ElementType.Int32, 0x01000001u, 16777216f)] // 2^24 + 1: tie, to even
    [InlineData(ElementType.Int32, 0x01000003u, 16777220f)]
    [InlineData(ElementType.Int32, 0x80000041u, -2147483648f + 128)]
    [InlineData(ElementType.UInt32, 0x80000081u, 2147483904f)]
    [InlineData(ElementType.UInt32, 0xFFFFFFFFu, 4294967296f)]
    public void To_IntegersOfThirtyTwoBits_RoundOnce(ElementType type, uint bits, float expected)
    {
        byte[] bytes = [.. Enumerable.Repeat(BitConverter.GetBytes(bits), 37).SelectMany(element => element)];

        Assert.All(new StoredTensor(type, [37], bytes).ToArray<float>(), element => Assert.Equal(expected, element));
    }

    /// <summary>Sixteen bits in, the same sixteen bits out: nothing is widened on the way, payloads of NaN included.</summary>
    [Fact]
    public void ToAndFrom_SixteenBitTypes_KeepEveryPattern()
    {
        StoredTensor halves = AllPatterns(ElementType.Float16), brains = AllPatterns(ElementType.BFloat16);

        StoredTensor halvesAgain = StoredTensor.From<Half>(halves.ToArray<Half>(), [1 << 16]), brainsAgain = StoredTensor.From<BFloat16>(brains.ToArray<BFloat16>(), [1 << 16]);

        Assert.Equal((ElementType.Float16, ElementType.BFloat16), (halvesAgain.ElementType, brainsAgain.ElementType));
        Assert.Equal(halves.Bytes, halvesAgain.Bytes);
        Assert.Equal(brains.Bytes, brainsAgain.Bytes);
        Assert.Equal([1 << 16], brains.To<BFloat16>().Lengths);
    }

    /// <summary>Each value of one 16-bit type in the other and in float: what the language's own conversion of the exact value gives.</summary>
    [Fact]
    public void ToAndFrom_OneSixteenBitTypeAndAnother_RoundOnce()
    {
        StoredTensor halves = AllPatterns(ElementType.Float16), brains = AllPatterns(ElementType.BFloat16);
        Half[] asHalf = brains.ToArray<Half>();
        BFloat16[] asBrain = halves.ToArray<BFloat16>();
        float[] ofHalves = halves.ToArray<float>(), ofBrains = brains.ToArray<float>();

        Assert.All(asHalf, (value, i) => Assert.Equal((Half)ofBrains[i], value));
        Assert.All(asBrain, (value, i) => Assert.Equal((float)(BFloat16)(double)ofHalves[i], (float)value));
        Assert.Equal(ofHalves, StoredTensor.From<Half>(halves.ToArray<Half>(), [1 << 16], ElementType.Float32).ToArray<float>());
        Assert.Equal(ofBrains, StoredTensor.From<BFloat16>(brains.ToArray<BFloat16>(), [1 << 16], ElementType.Float64).ToArray<float>());
    }

    [Theory]
    [InlineData(ElementType.Int64, 0x4040000000000000UL, 4611686018427387904.0)] // 2^62 + 2^54: tie, to even
    [InlineData(ElementType.Int64, 0x4040000000000001UL, 4647714815446351872.0)] // one more: up
    [InlineData(ElementType.Int64, 0xBFBFFFFFFFFFFFFFUL, -4647714815446351872.0)]
    [InlineData(ElementType.UInt64, 0x8080000000000001UL, 9295429630892703744.0)] // 2^63 + 2^55 + 1
    [InlineData(ElementType.UInt64, 0xFFFFFFFFFFFFFFFFUL, 18446744073709551616.0)]
    [InlineData(ElementType.Int64, 257UL, 256.0)] // tie, to even
    public void To_IntegersOfSixtyFourBitsAsBFloat16_RoundOnce(ElementType type, ulong bits, double expected)
    {
        byte[] bytes = [.. Enumerable.Repeat(BitConverter.GetBytes(bits), 37).SelectMany(element => element)];

        Assert.All(new StoredTensor(type, [37], bytes).ToArray<BFloat16>(), element => Assert.Equal(expected, (double)element));
    }

    private static StoredTensor AllPatterns(ElementType type)
    {
        byte[] bytes = new byte[2 << 16];
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
            BitConverter.TryWriteBytes(bytes.AsSpan(bits * 2), (ushort)bits);
        return new StoredTensor(type, [1 << 16], bytes);
    }

    private static ushort[] Patterns(StoredTensor tensor) =>
        [.. Enumerable.Range(0, (int)tensor.Count).Select(i => BitConverter.ToUInt16(tensor.Bytes[(i * 2)..]))];

    /// <summary>IEEE 754-2019, 3.4, for a 16-bit format: no code of the conversions under test.</summary>
    private static double Value(int bits, int fractionBits, int bias)
    {
        int fraction = bits & ((1 << fractionBits) - 1);
        int largest = (1 << (15 - fractionBits)) - 1;
        int exponent = (bits >> fractionBits) & largest;
        double magnitude = exponent == largest
            ? fraction == 0 ? double.PositiveInfinity : double.NaN
            : Math.ScaleB(exponent == 0 ? fraction : fraction + (1 << fractionBits), Math.Max(exponent, 1) - bias - fractionBits);
        return (bits & 0x8000) == 0 ? magnitude : -magnitude;
    }
}
