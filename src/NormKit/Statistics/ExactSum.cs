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
/// Only a window of digits is in memory: those that numbers have touched, and two above them for carries. Ordinary numbers need about eight.
/// Spans take a faster way: see <see cref="ExactBlock"/>. Not thread-safe.
/// </remarks>
internal sealed class ExactSum
{
    // Bit 0 of digit 0 counts 2^-2176: a multiple of 32 bits, below the smallest product 2^-2148. The largest sums end at 2^2112, in digit 134.
    internal const int Bias = 2176, DigitCount = 138;

    // A double is a whole significand * 2^(exponent field - 1075).
    internal const int ExponentBias = 1075;

    // Merging two sums at this limit leaves digits below 2^63.
    private const int CarryLimit = 1 << 29;

    // Digits above those that an addition changes, for carries.
    private const int Headroom = 2;

    // A window grows by some digits more than are needed, so that it grows seldom.
    private const int Spare = 2;

    // The digits from number "first" on; all others are 0. Two digits above those that were added to take carries: less than 2^62 additions
    // carry less than 2^62 into the first of them, so the last holds the sign and never overflows.
    private long[] digits = [];
    private int first;

    // Each digit is smaller than 2^32 * (pending + 1).
    private int pending;

    /// <summary>The sum: Significand * 2^Exponent, with an odd significand, or 0 * 2^0.</summary>
    public (BigInteger Significand, int Exponent) Value
    {
        get
        {
            Span<long> carried = stackalloc long[digits.Length];
            digits.CopyTo(carried);
            Carry(carried);
            int lowest = carried.IndexOfAnyExcept(0);
            if (lowest < 0)
                return (BigInteger.Zero, 0);
            Span<byte> bytes = stackalloc byte[(DigitCount + 1) * sizeof(uint)];
            for (int i = lowest; i < carried.Length - 1; i++)
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[((i - lowest) * sizeof(uint))..], (uint)carried[i]);
            int last = (carried.Length - 1 - lowest) * sizeof(uint);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[last..], carried[^1]);
            BigInteger significand = new(bytes[..(last + sizeof(long))]);
            int zeros = (int)BigInteger.TrailingZeroCount(significand);
            return (significand >> zeros, ((first + lowest) * 32) - Bias + zeros);
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
        if (other.digits.Length > 0)
        {
            Span<long> at = At(other.first, other.digits.Length);
            for (int i = 0; i < at.Length; i++)
                at[i] += other.digits[i];
        }
        pending += other.pending + 1;
    }

    /// <summary>Writes all <see cref="DigitCount"/> digits, each from 0 to 2^32 - 1 but for the last of the window, so that those of many sums can be added up.</summary>
    public void WriteTo(Span<long> at)
    {
        CarryNow();
        at[..DigitCount].Clear();
        digits.CopyTo(at[first..]);
    }

    /// <summary>Adds digits of <see cref="WriteTo"/>, or the sum of those of at most 2^29 sums.</summary>
    public void AddDigits(ReadOnlySpan<long> others)
    {
        others = others[..DigitCount];
        int from = others.IndexOfAnyExcept(0);
        if (from < 0)
            return;
        others = others[from..(others.LastIndexOfAnyExcept(0) + 1)];
        CarryNow();
        Span<long> at = At(from, Math.Min(others.Length + Headroom, DigitCount - from));
        for (int i = 0; i < others.Length; i++)
            at[i] += others[i];
        CarryNow();
    }

    /// <summary>Adds significand * 2^exponent, which must lie in the range of this sum.</summary>
    public void Add(BigInteger significand, int exponent)
    {
        int position = exponent + Bias, sign = significand.Sign;
        byte[] bytes = (BigInteger.Abs(significand) << (position & 31)).ToByteArray(isUnsigned: true);
        Span<long> at = At(position >> 5, (bytes.Length / sizeof(uint)) + 1 + Headroom);
        for (int i = 0; i < bytes.Length; i++)
            at[i / sizeof(uint)] += sign * ((long)bytes[i] << (8 * (i % sizeof(uint))));
        if (++pending >= CarryLimit)
            CarryNow();
    }

    /// <summary>Adds a finite number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(double value)
    {
        (ulong significand, int exponent, long sign) = Split(value);
        Add(significand, exponent + (Bias - ExponentBias), sign);
    }

    /// <summary>Adds significand * 2^exponent, which must lie in the range of this sum.</summary>
    public void Add(long significand, int exponent) => Add((ulong)Math.Abs(significand), exponent + Bias, significand >> 63);

    /// <summary>Adds the product of two finite numbers, all of its up to 106 bits.</summary>
    public void AddProduct(double a, double b)
    {
        (ulong significandA, int exponentA, long signA) = Split(a);
        (ulong significandB, int exponentB, long signB) = Split(b);
        long sign = signA ^ signB;
        ulong high = Math.BigMul(significandA, significandB, out ulong low);
        int position = exponentA + exponentB + (Bias - (2 * ExponentBias)), shift = position & 31;
        Span<long> at = At(position >> 5, 5 + Headroom);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(ulong magnitude, int position, long sign)
    {
        int shift = position & 31;
        Span<long> at = At(position >> 5, 3 + Headroom);
        ulong low = magnitude << shift;
        at[0] += ((long)(uint)low ^ sign) - sign;
        at[1] += ((long)(low >> 32) ^ sign) - sign;
        at[2] += ((long)(magnitude >> 1 >> (63 - shift)) ^ sign) - sign;
        if (++pending >= CarryLimit)
            CarryNow();
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

    // Digits from one on, which are then in the window.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<long> At(int digit, int length)
    {
        int at = digit - first;
        if (at < 0 || at + length > digits.Length)
            at = Grow(digit, length);
        return digits.AsSpan(at, length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Grow(int digit, int length)
    {
        int from = Math.Max(0, digit - Spare), to = digit + length;
        if (digits.Length > 0)
            (from, to) = (Math.Min(first, from), Math.Max(first + digits.Length, to));
        Debug.Assert(to <= DigitCount);
        long[] grown = new long[to - from];
        digits.CopyTo(grown, digits.Length > 0 ? first - from : 0);
        (digits, first) = (grown, from);
        return digit - from;
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
