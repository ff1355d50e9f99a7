using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace NormKit;

/// <summary>
/// An exact sum of finite doubles and of products of two: a fixed-point number that covers the range of both, 2^-2176 to 2^2112, so nothing is ever
/// rounded and no order of additions matters. Source: Neal 2015, "Fast exact summation using small and large superaccumulators".
/// </summary>
/// <remarks>
/// The number is cut into digits of 32 bits, each kept in a long. An addition changes a digit by less than 2^32, so carries may wait for 2^29 additions.
/// Spans take a faster way: see <see cref="ExactBlock"/>. Not thread-safe.
/// </remarks>
internal sealed class ExactSum
{
    // Bit 0 of digit 0 counts 2^-2176: a multiple of 32 bits, below the smallest product 2^-2148. The last digit begins at 2^2080 and holds the sign.
    internal const int Bias = 2176, DigitCount = 134;

    // A double is a whole significand * 2^(exponent field - 1075).
    internal const int ExponentBias = 1075;

    // Merging two sums at this limit leaves digits below 2^63.
    private const int CarryLimit = 1 << 29;

    private readonly long[] digits = new long[DigitCount];

    // Each digit is smaller than 2^32 * (pending + 1).
    private int pending;

    /// <summary>The sum: Significand * 2^Exponent, with an odd significand, or 0 * 2^0.</summary>
    public (BigInteger Significand, int Exponent) Value
    {
        get
        {
            Span<long> carried = stackalloc long[DigitCount];
            digits.CopyTo(carried);
            Carry(carried);
            int first = carried.IndexOfAnyExcept(0);
            if (first < 0)
                return (BigInteger.Zero, 0);
            Span<byte> bytes = stackalloc byte[(DigitCount + 1) * sizeof(uint)];
            for (int i = first; i < DigitCount - 1; i++)
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[((i - first) * sizeof(uint))..], (uint)carried[i]);
            int last = (DigitCount - 1 - first) * sizeof(uint);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[last..], carried[^1]);
            BigInteger significand = new(bytes[..(last + sizeof(long))]);
            int zeros = (int)BigInteger.TrailingZeroCount(significand);
            return (significand >> zeros, (first * 32) - Bias + zeros);
        }
    }

    /// <summary>The sum rounded to the nearest double, ties to even; infinite beyond the range of doubles.</summary>
    public double Round()
    {
        (BigInteger significand, int exponent) = Value;
        return ExactRounding.Nearest(significand, BigInteger.One, exponent);
    }

    /// <summary>Sets the sum to 0.</summary>
    public void Clear()
    {
        Array.Clear(digits);
        pending = 0;
    }

    /// <summary>Adds the sum <paramref name="other"/>, which may be this one.</summary>
    public void Merge(ExactSum other)
    {
        if (pending >= CarryLimit)
            CarryNow();
        for (int i = 0; i < DigitCount; i++)
            digits[i] += other.digits[i];
        pending += other.pending + 1;
    }

    /// <summary>Writes the digits, each from 0 to 2^32 - 1 but for the last, so that those of many sums can be added up.</summary>
    public void WriteTo(Span<long> at)
    {
        CarryNow();
        digits.CopyTo(at);
    }

    /// <summary>Adds digits of <see cref="WriteTo"/>, or the sum of those of at most 2^29 sums.</summary>
    public void AddDigits(ReadOnlySpan<long> others)
    {
        CarryNow();
        for (int i = 0; i < DigitCount; i++)
            digits[i] += others[i];
        CarryNow();
    }

    /// <summary>Adds significand * 2^exponent, which must lie in the range of this sum.</summary>
    public void Add(BigInteger significand, int exponent)
    {
        int position = exponent + Bias, sign = significand.Sign;
        byte[] bytes = (BigInteger.Abs(significand) << (position & 31)).ToByteArray(isUnsigned: true);
        for (int i = 0; i < bytes.Length; i++)
            digits[(position >> 5) + (i / sizeof(uint))] += sign * ((long)bytes[i] << (8 * (i % sizeof(uint))));
        if (++pending >= CarryLimit)
            CarryNow();
    }

    /// <summary>Adds a finite number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(double value)
    {
        (ulong significand, int exponent, long sign) = Split(value);
        int position = exponent + (Bias - ExponentBias), shift = position & 31;
        Span<long> at = digits.AsSpan(position >> 5, 3);
        ulong low = significand << shift;
        at[0] += ((long)(uint)low ^ sign) - sign;
        at[1] += ((long)(low >> 32) ^ sign) - sign;
        at[2] += ((long)(significand >> 1 >> (63 - shift)) ^ sign) - sign;
        if (++pending >= CarryLimit)
            CarryNow();
    }

    /// <summary>Adds the product of two finite numbers, all of its up to 106 bits.</summary>
    public void AddProduct(double a, double b)
    {
        (ulong significandA, int exponentA, long signA) = Split(a);
        (ulong significandB, int exponentB, long signB) = Split(b);
        long sign = signA ^ signB;
        ulong high = Math.BigMul(significandA, significandB, out ulong low);
        int position = exponentA + exponentB + (Bias - (2 * ExponentBias)), shift = position & 31;
        Span<long> at = digits.AsSpan(position >> 5, 5);
        ulong first = low << shift, second = (high << shift) | (low >> 1 >> (63 - shift));
        at[0] += ((long)(uint)first ^ sign) - sign;
        at[1] += ((long)(first >> 32) ^ sign) - sign;
        at[2] += ((long)(uint)second ^ sign) - sign;
        at[3] += ((long)(second >> 32) ^ sign) - sign;
        at[4] += ((long)(high >> 1 >> (63 - shift)) ^ sign) - sign;
        if (++pending >= CarryLimit)
            CarryNow();
    }

    /// <summary>Adds finite numbers.</summary>
    public void Add(ReadOnlySpan<float> values)
    {
        while (!values.IsEmpty)
        {
            ReadOnlySpan<float> block = values[..Math.Min(values.Length, ExactBlock.Length)];
            if (!ExactBlock.TryAdd(block, this))
            {
                foreach (float value in block)
                    Add(value);
            }
            values = values[block.Length..];
        }
    }

    /// <summary>Adds the squares of finite numbers.</summary>
    public void AddSquares(ReadOnlySpan<float> values) => AddProducts(values, values);

    /// <summary>Adds the products of finite numbers, element by element.</summary>
    public void AddProducts(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Debug.Assert(a.Length == b.Length);
        while (!a.IsEmpty)
        {
            int length = Math.Min(a.Length, ExactBlock.Length);
            if (!ExactBlock.TryAddProducts(a[..length], b[..length], this))
            {
                for (int i = 0; i < length; i++)
                    Add((double)a[i] * b[i]);       // 48 bits: exact
            }
            a = a[length..];
            b = b[length..];
        }
    }

    // value = significand * 2^(exponent - 1075), negated where sign is -1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (ulong Significand, int Exponent, long Sign) Split(double value)
    {
        Debug.Assert(double.IsFinite(value));
        long bits = BitConverter.DoubleToInt64Bits(value);
        ulong significand = (ulong)bits & 0x000F_FFFF_FFFF_FFFF;
        int exponent = (int)(bits >> 52) & 0x7FF;
        return exponent == 0 ? (significand, 1, bits >> 63) : (significand | 0x0010_0000_0000_0000, exponent, bits >> 63);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CarryNow()
    {
        Carry(digits);
        pending = 0;
    }

    // Leaves each digit from 0 to 2^32 - 1, but for the last one.
    internal static void Carry(Span<long> digits)
    {
        for (int i = 0; i < digits.Length - 1; i++)
        {
            digits[i + 1] += digits[i] >> 32;
            digits[i] &= uint.MaxValue;
        }
    }
}
