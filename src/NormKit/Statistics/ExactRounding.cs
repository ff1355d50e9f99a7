using System.Numerics;
using NormKit.Kernels;

namespace NormKit;

/// <summary>
/// The roundings that define the statistics of a set, from exact sums: what a kernel falls back to where its sums in double leave a rounding in doubt.
/// Numbers are exact rationals: numerator / denominator * 2^exponent, with a positive denominator.
/// </summary>
internal static class ExactRounding
{
    /// <summary>The roundings add theta = 324508639 / 2^29, about 0.604, and take the floor: no simple fraction of a unit is near a threshold.</summary>
    internal const int ThetaNumerator = 324508639, ThetaBits = 29;

    /// <summary>R of the definition keeps this many significant bits, and G this many below the root of the variance.</summary>
    internal const int SignificantBits = 30;

    /// <summary>The moments of a set: of the deviations from the mean, or about zero.</summary>
    /// <param name="n">How many numbers.</param>
    /// <param name="sum">The sum of the numbers; unused where not <paramref name="centred"/>.</param>
    /// <param name="squares">The sum of their squares.</param>
    /// <param name="centred">From the mean; else about zero.</param>
    internal static Moments OfSet(long n, ExactSum? sum, ExactSum squares, bool centred)
    {
        if (n == 0)
            return default;
        (BigInteger square, int squareExponent) = squares.Value;
        if (!centred)
            return new(n, 0, ToDouble(Round(square, BigInteger.One, squareExponent)));

        (BigInteger total, int totalExponent) = sum!.Value;
        // Q = (n * sum x^2 - (sum x)^2) / n
        (BigInteger deviations, int exponent) = Subtract((n * square, squareExponent), (total * total, 2 * totalExponent));
        double m2 = ToDouble(Round(deviations, n, exponent));
        (BigInteger Numerator, BigInteger Denominator, int Exponent) mean = (total, n, totalExponent);
        if (m2 != 0)
        {
            (BigInteger rounded, int grid) = RoundToGrid(total, n, totalExponent, Half(m2 / n) - SignificantBits);
            mean = (rounded, BigInteger.One, grid);
        }
        return WithMean(n, m2, mean.Numerator, mean.Denominator, mean.Exponent);
    }

    /// <summary>The moments of a set about its mean, each rounded to the nearest double: for elements of double, which 30 bits would not do justice.</summary>
    internal static Moments NearestOfSet(long n, ExactSum sum, ExactSum squares)
    {
        if (n == 0)
            return default;
        (BigInteger square, int squareExponent) = squares.Value;
        (BigInteger total, int totalExponent) = sum.Value;
        (BigInteger deviations, int exponent) = Subtract((n * square, squareExponent), (total * total, 2 * totalExponent));
        return WithMean(n, Nearest(deviations, n, exponent), total, n, totalExponent);
    }

    /// <summary>The two gradient sums of a run, each rounded to the nearest double.</summary>
    internal static (double First, double Second) NearestOfRun(ExactSum g, ExactSum gx, in Moments set)
    {
        (BigInteger product, int exponent) = Product(g.Value, gx.Value, set);
        return (g.Round(), Nearest(product, BigInteger.One, exponent));
    }

    /// <summary>The two gradient sums of a run: sum g, and sum g (x - mean).</summary>
    /// <param name="m">How many elements.</param>
    /// <param name="g">The sum of g.</param>
    /// <param name="gx">The sum of g x.</param>
    /// <param name="gg">The sum of g^2.</param>
    /// <param name="set">The moments of the set that the run belongs to.</param>
    internal static (double First, double Second) OfRun(long m, ExactSum g, ExactSum gx, ExactSum gg, in Moments set)
    {
        (BigInteger square, int squareExponent) = gg.Value;
        double norm = ToDouble(Round(square, BigInteger.One, squareExponent));
        if (norm < Certainty.LeastSquares)
            return (0, 0);
        (BigInteger total, int totalExponent) = g.Value;
        double first = ToDouble(RoundToGrid(total, BigInteger.One, totalExponent, Half(m * norm) - SignificantBits));
        double scale = norm * set.M2;
        if (scale < Certainty.LeastScale)
            return (first, 0);
        (BigInteger product, int exponent) = Product((total, totalExponent), gx.Value, set);
        return (first, ToDouble(RoundToGrid(product, BigInteger.One, exponent, Half(scale) - SignificantBits)));
    }

    /// <summary>sum g (x - mean), exactly.</summary>
    private static (BigInteger Significand, int Exponent) Product((BigInteger Significand, int Exponent) g, (BigInteger Significand, int Exponent) gx, in Moments set)
    {
        (BigInteger mean, int meanExponent) = FromDouble(set.Mean);
        (BigInteger low, int lowExponent) = FromDouble(set.MeanLow);
        (mean, meanExponent) = Subtract((mean, meanExponent), (-low, lowExponent));
        return Subtract(gx, (mean * g.Significand, meanExponent + g.Exponent));
    }

    /// <summary>Moments with a mean as the sum of two doubles.</summary>
    private static Moments WithMean(long n, double m2, BigInteger numerator, BigInteger denominator, int exponent)
    {
        double high = Nearest(numerator, denominator, exponent);
        (BigInteger significand, int highExponent) = FromDouble(high);
        (BigInteger rest, int restExponent) = Subtract((numerator, exponent), (significand * denominator, highExponent));
        return new(n, high, m2) { MeanLow = Nearest(rest, denominator, restExponent) };
    }

    /// <summary>R of the definition: to 30 significant bits. The result is Significand * 2^Exponent.</summary>
    internal static (BigInteger Significand, int Exponent) Round(BigInteger numerator, BigInteger denominator, int exponent) =>
        numerator.IsZero
            ? (BigInteger.Zero, 0)
            : RoundToGrid(numerator, denominator, exponent, FloorLog2(BigInteger.Abs(numerator), denominator) + exponent - (SignificantBits - 1));

    /// <summary>G of the definition: to a multiple of 2^<paramref name="grid"/>. The result is Significand * 2^Exponent.</summary>
    internal static (BigInteger Significand, int Exponent) RoundToGrid(BigInteger numerator, BigInteger denominator, int exponent, int grid)
    {
        // floor(|v| / u + theta), with both terms over denominator * 2^29
        (BigInteger dividend, BigInteger divisor) = Shift(BigInteger.Abs(numerator), denominator, exponent - grid);
        BigInteger units = ((dividend << ThetaBits) + (ThetaNumerator * divisor)) / (divisor << ThetaBits);
        return (numerator.Sign * units, grid);
    }

    /// <summary>floor(log2(v) / 2) of a positive number: the exponent of its root.</summary>
    internal static int Half(double value) => Math.ILogB(value) >> 1;

    /// <summary>The double nearest to a rational, ties to even; infinite beyond the range of doubles.</summary>
    internal static double Nearest(BigInteger numerator, BigInteger denominator, int exponent)
    {
        if (numerator.IsZero)
            return 0;
        BigInteger magnitude = BigInteger.Abs(numerator);
        long unit = Math.Max((long)FloorLog2(magnitude, denominator) + exponent - 52, -1074);
        if (unit > 1023 - 52)
            return numerator.Sign * double.PositiveInfinity;
        (BigInteger dividend, BigInteger divisor) = Shift(magnitude, denominator, exponent - (int)unit);
        BigInteger quotient = BigInteger.DivRem(dividend, divisor, out BigInteger remainder);
        int middle = (remainder << 1).CompareTo(divisor);
        if (middle > 0 || (middle == 0 && !quotient.IsEven))
            quotient++;
        return numerator.Sign * Math.ScaleB((double)quotient, (int)unit);
    }

    /// <summary>The double nearest to the root of a rational that is not negative, ties to even.</summary>
    internal static double NearestRoot(BigInteger numerator, BigInteger denominator, int exponent)
    {
        if (numerator.IsZero)
            return 0;
        // An even power of two that leaves a quotient of 128 bits or more, so that its whole root has 64; one more bit says whether there was a rest.
        int unit = (FloorLog2(numerator, denominator) + exponent - 128) >> 1;
        (BigInteger dividend, BigInteger divisor) = Shift(numerator, denominator, exponent - (2 * unit));
        BigInteger quotient = BigInteger.DivRem(dividend, divisor, out BigInteger remainder);
        BigInteger root = FloorRoot(quotient);
        bool exact = remainder.IsZero && root * root == quotient;
        return Nearest((root << 1) + (exact ? 0 : 1), BigInteger.One, unit - 1);
    }

    /// <summary>A finite double as Significand * 2^Exponent.</summary>
    internal static (BigInteger Significand, int Exponent) FromDouble(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        long significand = bits & 0x000F_FFFF_FFFF_FFFF;
        int exponent = (int)(bits >> 52) & 0x7FF;
        if (exponent != 0)
            significand |= 0x0010_0000_0000_0000;
        return (bits < 0 ? -significand : significand, Math.Max(exponent, 1) - 1075);
    }

    /// <summary>a - b, where each is Significand * 2^Exponent.</summary>
    internal static (BigInteger Significand, int Exponent) Subtract((BigInteger Significand, int Exponent) a, (BigInteger Significand, int Exponent) b)
    {
        int exponent = Math.Min(a.Exponent, b.Exponent);
        return ((a.Significand << (a.Exponent - exponent)) - (b.Significand << (b.Exponent - exponent)), exponent);
    }

    private static double ToDouble((BigInteger Significand, int Exponent) value) => Nearest(value.Significand, BigInteger.One, value.Exponent);

    // The fraction numerator / denominator * 2^shift, as whole numbers.
    private static (BigInteger Dividend, BigInteger Divisor) Shift(BigInteger numerator, BigInteger denominator, int shift) =>
        shift >= 0 ? (numerator << shift, denominator) : (numerator, denominator << -shift);

    // Of a positive fraction.
    private static int FloorLog2(BigInteger numerator, BigInteger denominator)
    {
        int difference = (int)(numerator.GetBitLength() - denominator.GetBitLength());
        (BigInteger dividend, BigInteger divisor) = Shift(numerator, denominator, -difference);
        return dividend < divisor ? difference - 1 : difference;
    }

    // Newton's method from above: the first step that does not fall ends at the root.
    private static BigInteger FloorRoot(BigInteger value)
    {
        BigInteger root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = (root + (value / root)) >> 1;
            if (next >= root)
                return root;
            root = next;
        }
    }
}
