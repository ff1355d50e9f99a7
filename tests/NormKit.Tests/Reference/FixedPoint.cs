using System.Numerics;

namespace NormKit.Tests.Reference;

/// <summary>Numbers as multiples of 2^-3000, and elementary functions of them by their power series: right to hundreds of digits for any double.</summary>
internal static class FixedPoint
{
    private const int Bits = 3000;
    private static readonly BigInteger One = BigInteger.One << Bits;
    private static readonly BigInteger RootOfPi = Root((16 * ArcTangentOfInverse(5)) - (4 * ArcTangentOfInverse(239)));

    public static BigInteger Of(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(Math.Abs(value));
        int exponent = (int)(bits >> 52);
        BigInteger fraction = (bits & ((1L << 52) - 1)) | (exponent == 0 ? 0 : 1L << 52);
        BigInteger magnitude = fraction << (Bits - 1074 + Math.Max(exponent - 1, 0));
        return value < 0 ? -magnitude : magnitude;
    }

    /// <summary>The number, to all of a double's digits.</summary>
    public static double ToDouble(BigInteger value)
    {
        int excess = Math.Max((int)BigInteger.Abs(value).GetBitLength() - 60, 0);
        return Math.ScaleB((double)(value >> excess), excess - Bits);
    }

    /// <summary>The error in units in the last place of the true value.</summary>
    public static double Ulps(double actual, BigInteger exact)
    {
        double size = Math.Abs(ToDouble(exact));
        BigInteger ulp = Of(Math.BitIncrement(size) - size);
        return (double)(((Of(actual) - exact) << 20) / ulp) / (1 << 20);
    }

    public static BigInteger Times(BigInteger a, BigInteger b) => (a * b) >> Bits;

    public static BigInteger Over(BigInteger a, BigInteger b) => (a << Bits) / b;

    public static BigInteger Exp(BigInteger x)
    {
        const int Halvings = 30;
        BigInteger r = x >> Halvings, term = One, sum = One;
        for (int n = 1; !term.IsZero && n < 200; n++)
        {
            term = Times(term, r) / n;
            sum += term;
        }
        for (int i = 0; i < Halvings; i++)
            sum = Times(sum, sum);
        return sum;
    }

    /// <summary>One step of the third order from the nearest double.</summary>
    public static BigInteger Log(double x)
    {
        double guess = Math.Log(x);
        BigInteger d = Times(Of(x), Exp(-Of(guess))) - One;
        return Of(guess) + d - (Times(d, d) / 2) + (Times(Times(d, d), d) / 3);
    }

    public static BigInteger Pow(double x, double y) => Exp(Times(Of(y), Log(x)));

    public static BigInteger Sigmoid(BigInteger x) => Over(One, One + Exp(-x));

    public static BigInteger Tanh(BigInteger x)
    {
        BigInteger square = Exp(2 * x);
        return Over(square - One, square + One);
    }

    public static BigInteger Erf(BigInteger x)
    {
        BigInteger square = Times(x, x), power = x, sum = x;
        for (int n = 1; !power.IsZero && power != -1; n++)
        {
            power = Times(-square, power) / n;
            sum += power / ((2 * n) + 1);
        }
        return Over(2 * sum, RootOfPi);
    }

    public static BigInteger Erfc(BigInteger x) => One - Erf(x);

    private static BigInteger ArcTangentOfInverse(int x)
    {
        BigInteger power = One / x, sum = power;
        for (int n = 1; !power.IsZero; n++)
        {
            power /= x * x;
            sum += (n % 2 == 0 ? power : -power) / ((2 * n) + 1);
        }
        return sum;
    }

    private static BigInteger Root(BigInteger x)
    {
        BigInteger target = x << Bits, root = Of(Math.Sqrt((double)(x >> (Bits - 60)) * Math.ScaleB(1, -60)));
        for (int i = 0; i < 8; i++)
            root = (root + (target / root)) / 2;
        return root;
    }
}
