using System.Diagnostics.CodeAnalysis;

namespace NormKit;

/// <summary>
/// A 16-bit floating-point number with the range of a float and eight significant bits: the upper half of a float. Storage for inputs and outputs;
/// the result of each operator is rounded once.
/// </summary>
/// <remarks>
/// .NET 11 has this type as <c>System.Numerics.BFloat16</c>; the members here have its names and its meaning, so a program can move to it by a
/// change of namespace. There the conversions to and from bits are members of <see cref="BitConverter"/>. Not here: the generic-math interfaces and
/// the mathematical functions. Equality, ordering and hash codes of NaN and of the zeros are those of <see cref="Half"/>.
/// </remarks>
public readonly partial struct BFloat16 : IComparable, IComparable<BFloat16>, IEquatable<BFloat16>, ISpanFormattable, ISpanParsable<BFloat16>
{
    private const ushort SignBit = 0x8000, InfinityBits = 0x7F80, QuietBit = 0x0040;

    private readonly ushort bits;

    private BFloat16(ushort bits) => this.bits = bits;

    /// <summary>The smallest positive number, 2^-133, about 9.2e-41.</summary>
    public static BFloat16 Epsilon => new(0x0001);

    /// <summary>The largest finite number, about 3.39e38.</summary>
    public static BFloat16 MaxValue => new(0x7F7F);

    /// <summary>The most negative finite number, about -3.39e38.</summary>
    public static BFloat16 MinValue => new(0xFF7F);

    /// <summary>Positive infinity.</summary>
    public static BFloat16 PositiveInfinity => new(InfinityBits);

    /// <summary>Negative infinity.</summary>
    public static BFloat16 NegativeInfinity => new(SignBit | InfinityBits);

    /// <summary>A quiet NaN, with the sign bit set as <see cref="Half.NaN"/> has it.</summary>
    public static BFloat16 NaN => new(SignBit | InfinityBits | QuietBit);

    /// <summary>0.</summary>
    public static BFloat16 Zero => default;

    /// <summary>-0, which equals 0.</summary>
    public static BFloat16 NegativeZero => new(SignBit);

    /// <summary>1.</summary>
    public static BFloat16 One => new(0x3F80);

    /// <summary>-1.</summary>
    public static BFloat16 NegativeOne => new(0xBF80);

    /// <summary>The base of the natural logarithm, rounded: 2.71875.</summary>
    public static BFloat16 E => new(0x402E);

    /// <summary>The ratio of a circle's circumference to its diameter, rounded: 3.140625.</summary>
    public static BFloat16 Pi => new(0x4049);

    /// <summary>Twice <see cref="Pi"/>, rounded: 6.28125.</summary>
    public static BFloat16 Tau => new(0x40C9);

    private int Magnitude => bits & ~SignBit;

    /// <summary>The bits of a number, the sign first.</summary>
    public static ushort BFloat16ToUInt16Bits(BFloat16 value) => value.bits;

    /// <summary>The number that has these bits.</summary>
    public static BFloat16 UInt16BitsToBFloat16(ushort value) => new(value);

    /// <summary>The bits of a number, the sign first.</summary>
    public static short BFloat16ToInt16Bits(BFloat16 value) => (short)value.bits;

    /// <summary>The number that has these bits.</summary>
    public static BFloat16 Int16BitsToBFloat16(short value) => new((ushort)value);

    /// <summary>Neither infinite nor NaN.</summary>
    public static bool IsFinite(BFloat16 value) => value.Magnitude < InfinityBits;

    /// <summary>Positive or negative infinity.</summary>
    public static bool IsInfinity(BFloat16 value) => value.Magnitude == InfinityBits;

    /// <summary>Not a number, of whatever sign and payload.</summary>
    public static bool IsNaN(BFloat16 value) => value.Magnitude > InfinityBits;

    /// <summary>Whether the sign bit is set: so it is in -0 and may be in NaN.</summary>
    public static bool IsNegative(BFloat16 value) => (value.bits & SignBit) != 0;

    /// <summary>Whether the sign bit is not set: so it is in 0 and may be in NaN.</summary>
    public static bool IsPositive(BFloat16 value) => (value.bits & SignBit) == 0;

    /// <summary>Negative infinity.</summary>
    public static bool IsNegativeInfinity(BFloat16 value) => value.bits == (SignBit | InfinityBits);

    /// <summary>Positive infinity.</summary>
    public static bool IsPositiveInfinity(BFloat16 value) => value.bits == InfinityBits;

    /// <summary>Finite, not zero, and with all eight significant bits: at least 2^-126 in magnitude.</summary>
    public static bool IsNormal(BFloat16 value) => value.Magnitude is >= 0x0080 and < InfinityBits;

    /// <summary>Not zero, and below 2^-126 in magnitude.</summary>
    public static bool IsSubnormal(BFloat16 value) => value.Magnitude is > 0 and < 0x0080;

    /// <summary>The magnitude; of NaN, NaN.</summary>
    public static BFloat16 Abs(BFloat16 value) => new((ushort)value.Magnitude);

    /// <summary>Equal numbers; 0 equals -0, and, as the operator does not have it, NaN equals NaN.</summary>
    public bool Equals(BFloat16 other) => this == other || (IsNaN(this) && IsNaN(other));

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is BFloat16 other && Equals(other);

    /// <summary>One code for both zeros, and one for all NaN.</summary>
    public override int GetHashCode() => IsNaN(this) ? InfinityBits | QuietBit : Magnitude == 0 ? 0 : bits;

    /// <summary>Less than, equal to or more than 0 as this number is before, equal to or after the other; NaN comes first.</summary>
    public int CompareTo(BFloat16 other) => ((float)this).CompareTo((float)other);

    /// <inheritdoc cref="CompareTo(BFloat16)"/>
    /// <exception cref="ArgumentException"><paramref name="obj"/> is something else than a <see cref="BFloat16"/>.</exception>
    public int CompareTo(object? obj) => obj switch
    {
        null => 1,
        BFloat16 other => CompareTo(other),
        _ => throw new ArgumentException($"BFloat16: a {obj.GetType()} cannot be compared with a BFloat16.", nameof(obj)),
    };
}
