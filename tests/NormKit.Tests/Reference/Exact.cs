using System.Numerics;

namespace NormKit.Tests.Reference;

/// <summary>A rational number without any rounding: <c>numerator * 2^exponent / divisor</c>.</summary>
internal readonly struct Exact
{
    private readonly BigInteger numerator, divisor;
    private readonly int exponent;

    private Exact(BigInteger numerator, int exponent, BigInteger divisor) =>
        (this.numerator, this.exponent, this.divisor) = (numerator, numerator.IsZero ? 0 : exponent, divisor);

    public static Exact Zero => new(0, 0, 1);

    public bool IsZero => numerator.IsZero;

    public int Sign => numerator.Sign;

    /// <summary>Returns a finite double as it is.</summary>
    public static Exact Of(double value)
    {
        if (!double.IsFinite(value))
            throw new ArgumentOutOfRangeException(nameof(value), value, "Only a finite number is a rational number.");
        long bits = BitConverter.DoubleToInt64Bits(value);
        int stored = (int)((bits >> 52) & 0x7FF);
        long fraction = (bits & ((1L << 52) - 1)) | (stored == 0 ? 0 : 1L << 52);
        // Without trailing zeros all that follows is short.
        int zeros = fraction == 0 ? 0 : BitOperations.TrailingZeroCount(fraction);
        return new(bits < 0 ? -(fraction >> zeros) : fraction >> zeros, Math.Max(stored, 1) - 1075 + zeros, 1);
    }

    /// <summary>Returns <c>value * 2^exponent</c>.</summary>
    public static Exact Scaled(BigInteger value, int exponent) => new(value, exponent, 1);

    public static Exact PowerOfTwo(int exponent) => new(1, exponent, 1);

    public static Exact operator +(Exact a, Exact b)
    {
        if (a.IsZero)
            return b;
        if (b.IsZero)
            return a;
        BigInteger ofA = a.numerator, ofB = b.numerator, divisor = a.divisor;
        if (a.divisor != b.divisor)
            (ofA, ofB, divisor) = (ofA * b.divisor, ofB * a.divisor, a.divisor * b.divisor);
        int exponent = Math.Min(a.exponent, b.exponent);
        return new((ofA << (a.exponent - exponent)) + (ofB << (b.exponent - exponent)), exponent, divisor);
    }

    public static Exact operator -(Exact a) => new(-a.numerator, a.exponent, a.divisor);

    public static Exact operator -(Exact a, Exact b) => a + -b;

    public static Exact operator *(Exact a, Exact b) => new(a.numerator * b.numerator, a.exponent + b.exponent, a.divisor * b.divisor);

    public static Exact operator /(Exact a, Exact b) => b.IsZero
        ? throw new DivideByZeroException()
        : new(a.numerator * b.divisor * b.Sign, a.exponent - b.exponent, a.divisor * BigInteger.Abs(b.numerator));

    public static Exact operator /(Exact a, int b) => a / Of(b);

    public static Exact Abs(Exact a) => new(BigInteger.Abs(a.numerator), a.exponent, a.divisor);

    /// <summary>Returns the largest whole number that is not above a value.</summary>
    public static BigInteger Floor(Exact a)
    {
        BigInteger top = a.exponent > 0 ? a.numerator << a.exponent : a.numerator;
        BigInteger bottom = a.exponent < 0 ? a.divisor << -a.exponent : a.divisor;
        BigInteger quotient = BigInteger.DivRem(top, bottom, out BigInteger rest);
        return rest.Sign < 0 ? quotient - 1 : quotient;
    }

    /// <summary>Returns the whole e with <c>2^e &lt;= |a| &lt; 2^(e + 1)</c>, for an a that is not 0.</summary>
    public static int FloorLog2(Exact a)
    {
        BigInteger top = BigInteger.Abs(a.numerator);
        int difference = (int)(top.GetBitLength() - a.divisor.GetBitLength());
        // |a| / 2^exponent lies between 2^(difference - 1) and 2^(difference + 1).
        bool reaches = difference >= 0 ? top >= a.divisor << difference : top << -difference >= a.divisor;
        return a.exponent + (reaches ? difference : difference - 1);
    }

    /// <summary>Returns fl(a): the nearest double, the even one of two that are equally near.</summary>
    public static double ToDouble(Exact a)
    {
        if (a.IsZero)
            return 0;
        int unit = Math.Max(FloorLog2(a) - 52, -1074);
        Exact inUnits = Abs(a) * PowerOfTwo(-unit);
        BigInteger below = Floor(inUnits);
        int half = (inUnits - Scaled((2 * below) + 1, -1)).Sign;
        if (half > 0 || (half == 0 && !below.IsEven))
            below++;
        return a.Sign * Math.ScaleB((double)below, unit);
    }
}
