namespace NormKit;

public readonly partial struct BFloat16
{
    // The 16 bits that a float has beyond these, and half of the last bit kept, less one: with the last bit kept it makes ties go to the even number.
    private const int Dropped = 16;
    private const uint JustBelowHalf = 0x7FFF;

    /// <summary>The same number as a float; exact.</summary>
    public static explicit operator float(BFloat16 value) => BitConverter.UInt32BitsToSingle((uint)value.bits << Dropped);

    /// <summary>The same number as a double; exact.</summary>
    public static explicit operator double(BFloat16 value) => (float)value;

    /// <summary>The nearest <see cref="Half"/>, ties to even; infinite from 65,520 on.</summary>
    public static explicit operator Half(BFloat16 value) => (Half)(float)value;

    /// <summary>The nearest number, ties to even; infinite beyond half a step above <see cref="MaxValue"/>. NaN becomes a quiet NaN.</summary>
    public static explicit operator BFloat16(float value)
    {
        uint all = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value)
            ? new((ushort)((all >> Dropped) | QuietBit))
            : new((ushort)((all + JustBelowHalf + ((all >> Dropped) & 1)) >> Dropped));
    }

    /// <summary>The nearest number, ties to even, rounded once: not by way of a float, which makes ties of numbers that are not.</summary>
    public static explicit operator BFloat16(double value)
    {
        if (double.IsNaN(value))
            return (BFloat16)(float)value;
        // The sum's last bit is worth as much as the last one of a BFloat16 of the value's size, and the processor rounds to nearest even.
        double size = BitConverter.UInt64BitsToDouble(BitConverter.DoubleToUInt64Bits(value) & 0x7FF0_0000_0000_0000);
        double large = Math.Clamp(size, Kernels.SixteenBit.LeastBFloat16, Kernels.SixteenBit.BeyondFloat) * Kernels.SixteenBit.KeepEightBits;
        return (BFloat16)(float)Math.CopySign((value + large) - large, value);
    }

    /// <summary>The nearest number, ties to even.</summary>
    public static explicit operator BFloat16(Half value) => (BFloat16)(float)value;

    /// <summary>Whether the numbers are equal: 0 equals -0, and NaN nothing.</summary>
    public static bool operator ==(BFloat16 left, BFloat16 right) => (float)left == (float)right;

    /// <summary>Whether the numbers differ; NaN differs from all, itself included.</summary>
    public static bool operator !=(BFloat16 left, BFloat16 right) => (float)left != (float)right;

    /// <summary>Whether <paramref name="left"/> is the smaller; false for NaN.</summary>
    public static bool operator <(BFloat16 left, BFloat16 right) => (float)left < (float)right;

    /// <summary>Whether <paramref name="left"/> is the larger; false for NaN.</summary>
    public static bool operator >(BFloat16 left, BFloat16 right) => (float)left > (float)right;

    /// <summary>Whether <paramref name="left"/> is not the larger; false for NaN.</summary>
    public static bool operator <=(BFloat16 left, BFloat16 right) => (float)left <= (float)right;

    /// <summary>Whether <paramref name="left"/> is not the smaller; false for NaN.</summary>
    public static bool operator >=(BFloat16 left, BFloat16 right) => (float)left >= (float)right;

    /// <summary>The number itself.</summary>
    public static BFloat16 operator +(BFloat16 value) => value;

    /// <summary>The number with the other sign, also of zero and of NaN.</summary>
    public static BFloat16 operator -(BFloat16 value) => new((ushort)(value.bits ^ SignBit));

    // Each as if rounded once. A float has more than twice the digits, so its own rounding of a sum spoils no tie; of products and quotients below
    // 2^-126 it keeps fewer digits, and a double does not.

    /// <summary>The sum, correctly rounded.</summary>
    public static BFloat16 operator +(BFloat16 left, BFloat16 right) => (BFloat16)((float)left + (float)right);

    /// <summary>The difference, correctly rounded.</summary>
    public static BFloat16 operator -(BFloat16 left, BFloat16 right) => (BFloat16)((float)left - (float)right);

    /// <summary>The product, correctly rounded.</summary>
    public static BFloat16 operator *(BFloat16 left, BFloat16 right) => (BFloat16)((double)left * (double)right);

    /// <summary>The quotient, correctly rounded.</summary>
    public static BFloat16 operator /(BFloat16 left, BFloat16 right) => (BFloat16)((double)left / (double)right);

    /// <summary>The remainder of the division, with the sign of <paramref name="left"/>.</summary>
    public static BFloat16 operator %(BFloat16 left, BFloat16 right) => (BFloat16)((float)left % (float)right);
}
