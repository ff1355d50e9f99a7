using System.Numerics;

namespace NormKit.Tests.Reference;

/// <summary>An exact fraction of two whole numbers: slow, plain, and shares no code with the library.</summary>
internal readonly struct Rational(BigInteger numerator, BigInteger denominator) : IComparable<Rational>
{
    public BigInteger Numerator { get; } = denominator.Sign < 0 ? -numerator : numerator;

    public BigInteger Denominator { get; } = BigInteger.Abs(denominator);

    public int Sign => Numerator.Sign;

    public Rational Magnitude => new(BigInteger.Abs(Numerator), Denominator);

    /// <summary>The greatest whole number that is not greater.</summary>
    public BigInteger Floor
    {
        get
        {
            BigInteger quotient = BigInteger.DivRem(Numerator, Denominator, out BigInteger remainder);
            return remainder.Sign < 0 ? quotient - 1 : quotient;
        }
    }

    /// <summary>2^exponent.</summary>
    public static Rational Power(int exponent) => exponent < 0 ? new(1, BigInteger.Pow(2, -exponent)) : new(BigInteger.Pow(2, exponent), 1);

    /// <summary>A finite double, exactly.</summary>
    public static implicit operator Rational(double value)
    {
        Assert.True(double.IsFinite(value));
        // Doubling is exact: a number with a fraction is below 2^53.
        int exponent = 0;
        double magnitude = Math.Abs(value);
        while (magnitude != Math.Floor(magnitude))
        {
            magnitude *= 2;
            exponent--;
        }
        return new Rational(Math.Sign(value) * new BigInteger(magnitude), 1) * Power(exponent);
    }

    public static implicit operator Rational(long value) => new(value, 1);

    public static implicit operator Rational(BigInteger value) => new(value, 1);

    public static implicit operator Rational(int value) => new(value, 1);

    public static Rational operator +(Rational a, Rational b) => new((a.Numerator * b.Denominator) + (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Rational operator -(Rational a, Rational b) => new((a.Numerator * b.Denominator) - (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Rational operator *(Rational a, Rational b) => new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static Rational operator /(Rational a, Rational b) => new(a.Numerator * b.Denominator, a.Denominator * b.Numerator);

    /// <summary>The sum, over one denominator so that it stays small.</summary>
    public static Rational Sum(IEnumerable<Rational> terms)
    {
        Rational sum = 0;
        foreach (Rational term in terms)
        {
            sum += term;
            BigInteger common = BigInteger.GreatestCommonDivisor(sum.Numerator, sum.Denominator);
            sum = new(sum.Numerator / common, sum.Denominator / common);
        }
        return sum;
    }

    public int CompareTo(Rational other) => (Numerator * other.Denominator).CompareTo(other.Numerator * Denominator);

    public bool Is(Rational other) => CompareTo(other) == 0;

    /// <summary>The double nearest to it: the two doubles around it, found by search, and the nearer one; of two as near, the even one.</summary>
    public double Nearest()
    {
        Rational value = Magnitude;
        // The bits of doubles that are not negative are ordered as the doubles are.
        long low = 0, high = BitConverter.DoubleToInt64Bits(double.PositiveInfinity);
        while (high - low > 1)
        {
            long middle = low + ((high - low) / 2);
            if (value.CompareTo(BitConverter.Int64BitsToDouble(middle)) < 0)
                high = middle;
            else
                low = middle;
        }
        double below = BitConverter.Int64BitsToDouble(low), above = BitConverter.Int64BitsToDouble(high);
        Rational next = double.IsInfinity(above) ? Power(1024) : above;
        int side = (value - below).CompareTo(next - value);
        double nearest = side < 0 || (side == 0 && low % 2 == 0) ? below : above;
        return Sign < 0 ? -nearest : nearest;
    }

    /// <summary>The double nearest to the root of it, by squares of the points halfway between two doubles.</summary>
    public double NearestRoot()
    {
        long low = 0, high = BitConverter.DoubleToInt64Bits(double.PositiveInfinity);
        while (high - low > 1)
        {
            long middle = low + ((high - low) / 2);
            Rational square = BitConverter.Int64BitsToDouble(middle);
            if (CompareTo(square * square) < 0)
                high = middle;
            else
                low = middle;
        }
        double below = BitConverter.Int64BitsToDouble(low), above = BitConverter.Int64BitsToDouble(high);
        Rational halfway = ((Rational)below + above) / 2;
        int side = CompareTo(halfway * halfway);
        return side < 0 || (side == 0 && low % 2 == 0) ? below : above;
    }
}
