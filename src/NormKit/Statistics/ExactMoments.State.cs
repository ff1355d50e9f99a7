using System.Buffers.Binary;
using System.Numerics;

namespace NormKit;

/// <content>The state as bytes.</content>
public sealed partial class ExactMoments
{
    // The format; docs/exact-moments.md has the table.
    private const byte Version = 1;
    private const int VersionAt = 4, CountsAt = 8, RangeAt = 40, HeaderLength = 56, SumHeaderLength = 8;

    private static ReadOnlySpan<byte> Magic => "NKXM"u8;

    /// <summary>Returns the state as bytes: the same for the same numbers, whatever the order, the split and the element types.</summary>
    public byte[] ToArray()
    {
        Flush();
        (BigInteger total, int exponent) = sum.Value;
        (BigInteger squareTotal, int squareExponent) = squares.Value;
        int length = Length(total), squareLength = Length(squareTotal);
        byte[] bytes = new byte[HeaderLength + (2 * SumHeaderLength) + length + squareLength];
        Magic.CopyTo(bytes);
        bytes[VersionAt] = Version;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(CountsAt), count);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(CountsAt + 8), nanCount);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(CountsAt + 16), positiveInfinityCount);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(CountsAt + 24), negativeInfinityCount);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(RangeAt), count == 0 ? 0 : minimum);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(RangeAt + 8), count == 0 ? 0 : maximum);
        Write(bytes.AsSpan(HeaderLength, SumHeaderLength + length), total, exponent);
        Write(bytes.AsSpan(HeaderLength + SumHeaderLength + length), squareTotal, squareExponent);
        return bytes;
    }

    /// <summary>Creates the statistics that <see cref="ToArray"/> wrote.</summary>
    /// <exception cref="FormatException">The bytes are not those of <see cref="ToArray"/>: the message says why.</exception>
    public static ExactMoments FromArray(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength + (2 * SumHeaderLength))
            throw Broken($"there are {bytes.Length} bytes, fewer than the {HeaderLength + (2 * SumHeaderLength)} of the shortest state");
        if (!bytes.StartsWith(Magic))
            throw Broken("they do not begin with \"NKXM\"");
        if (bytes[VersionAt] != Version)
            throw Broken($"they have version {bytes[VersionAt]}, and this version of NormKit reads {Version}");
        if (bytes[(VersionAt + 1)..CountsAt].ContainsAnyExcept((byte)0))
            throw Broken("reserved bytes are not 0");
        ExactMoments result = new()
        {
            count = BinaryPrimitives.ReadInt64LittleEndian(bytes[CountsAt..]),
            nanCount = BinaryPrimitives.ReadInt64LittleEndian(bytes[(CountsAt + 8)..]),
            positiveInfinityCount = BinaryPrimitives.ReadInt64LittleEndian(bytes[(CountsAt + 16)..]),
            negativeInfinityCount = BinaryPrimitives.ReadInt64LittleEndian(bytes[(CountsAt + 24)..]),
        };
        if (result.count < 0 || result.nanCount < 0 || result.positiveInfinityCount < 0 || result.negativeInfinityCount < 0)
            throw Broken("a count is negative");
        if ((UInt128)(ulong)result.count + (ulong)result.nanCount + (ulong)result.positiveInfinityCount + (ulong)result.negativeInfinityCount > long.MaxValue)
            throw Broken("there are more than 2^63 - 1 numbers");
        double minimum = BinaryPrimitives.ReadDoubleLittleEndian(bytes[RangeAt..]), maximum = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(RangeAt + 8)..]);
        if (!double.IsFinite(minimum) || !double.IsFinite(maximum) || IsNegativeZero(minimum) || IsNegativeZero(maximum) || minimum > maximum)
            throw Broken("the minimum and the maximum are not two finite numbers in order");
        ReadOnlySpan<byte> rest = bytes[HeaderLength..];
        (BigInteger total, int exponent) = Read(ref rest, "numbers", -1074, 1024);
        (BigInteger squareTotal, int squareExponent) = Read(ref rest, "squares", -2148, 2048);
        if (!rest.IsEmpty)
            throw Broken($"{rest.Length} bytes follow the end");
        RequirePossible(result.count, minimum, maximum, (total, exponent), (squareTotal, squareExponent));
        if (result.count > 0)
            (result.minimum, result.maximum) = (minimum, maximum);
        result.sum.Add(total, exponent);
        result.squares.Add(squareTotal, squareExponent);
        return result;
    }

    private static int Length(BigInteger significand) => significand.IsZero ? 0 : significand.GetByteCount();

    private static void Write(Span<byte> at, BigInteger significand, int exponent)
    {
        BinaryPrimitives.WriteInt32LittleEndian(at, exponent);
        BinaryPrimitives.WriteInt32LittleEndian(at[4..], at.Length - SumHeaderLength);
        if (!significand.IsZero)
            significand.TryWriteBytes(at[SumHeaderLength..], out _);
    }

    // A sum of numbers that are multiples of 2^smallest and stay below 2^largest.
    private static (BigInteger Significand, int Exponent) Read(ref ReadOnlySpan<byte> rest, string name, int smallest, int largest)
    {
        if (rest.Length < SumHeaderLength)
            throw Broken($"they end within the sum of the {name}");
        int exponent = BinaryPrimitives.ReadInt32LittleEndian(rest), length = BinaryPrimitives.ReadInt32LittleEndian(rest[4..]);
        rest = rest[SumHeaderLength..];
        if (length < 0 || length > rest.Length)
            throw Broken($"the sum of the {name} claims {length} bytes of {rest.Length}");
        BigInteger significand = new(rest[..length]);
        rest = rest[length..];
        if (significand.IsZero ? exponent != 0 : significand.IsEven || exponent < smallest)
            throw Broken($"the exponent of the sum of the {name} is not the one that leaves an odd significand");
        if (length != Length(significand))
            throw Broken($"the sum of the {name} has more bytes than it needs");
        // 2^63 numbers at most, so 63 bits more; and one for -2^k, whose length counts no sign.
        if (exponent + BigInteger.Abs(significand).GetBitLength() > largest + 64)
            throw Broken($"the sum of the {name} exceeds that of any 2^63 numbers");
        return (significand, exponent);
    }

    // What holds of the sums of any numbers.
    private static void RequirePossible(long count, double minimum, double maximum, (BigInteger, int) total, (BigInteger, int) squareTotal)
    {
        if (count == 0 && (minimum != 0 || maximum != 0 || !total.Item1.IsZero || !squareTotal.Item1.IsZero))
            throw Broken("there are sums or extremes, and no numbers");
        if (ExactRounding.Subtract(total, Times(minimum, count)).Significand.Sign < 0 || ExactRounding.Subtract(Times(maximum, count), total).Significand.Sign < 0)
            throw Broken("the mean does not lie between minimum and maximum");
        if (ExactRounding.Subtract((count * squareTotal.Item1, squareTotal.Item2), (total.Item1 * total.Item1, 2 * total.Item2)).Significand.Sign < 0)
            throw Broken("the variance is negative");
        (BigInteger largest, int exponent) = ExactRounding.FromDouble(Math.Max(Math.Abs(minimum), Math.Abs(maximum)));
        if (ExactRounding.Subtract((count * largest * largest, 2 * exponent), squareTotal).Significand.Sign < 0)
            throw Broken("the sum of the squares exceeds that of the largest magnitude");
    }

    private static (BigInteger Significand, int Exponent) Times(double value, long count)
    {
        (BigInteger significand, int exponent) = ExactRounding.FromDouble(value);
        return (significand * count, exponent);
    }

    private static FormatException Broken(string reason) => new($"ExactMoments.FromArray: these are not the bytes of ToArray: {reason}.");

    private static bool IsNegativeZero(double value) => value == 0 && double.IsNegative(value);
}
