using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>
/// Elementary functions with the same bits on every machine: additions, multiplications, divisions, comparisons, selects and bit operations only. The C
/// runtime's functions, which <see cref="Math"/> calls, differ between platforms; a fused multiply-add rounds once where another machine rounds twice.
/// The overloads for one double give the bits of a lane.
/// </summary>
/// <remarks>
/// Largest errors found against series in hundreds of digits: 0.8 ulp; of Tanh 1.3, of Sigmoid 1.5, of Erfc 2.3. ElementaryTests holds the bounds.
/// Coefficients and reductions: fdlibm (Sun Microsystems 1993; e_exp.c, e_log.c, e_pow.c, s_erf.c), and Cephes (Moshier; tanh.c, after Cody and Waite,
/// "Software Manual for the Elementary Functions", 1980).
/// </remarks>
internal static partial class Elementary
{
    // ln 2 in two parts, the first with so few bits that its product with an exponent is exact (Cody and Waite).
    private const double Ln2High = 6.93147180369123816490e-01, Ln2Low = 1.90821492927058770002e-10;
    private const double Log2OfE = 1.44269504088896338700e+00;

    /// <summary>1.5 * 2^52: a number plus this is the nearest integer plus this, whose last bits are that integer's, of either sign.</summary>
    private const double ToInteger = 6755399441055744.0;

    private const long One = 0x3FF0_0000_0000_0000;
    private const int FractionBits = 52;

    /// <summary>e^x.</summary>
    public static double Exp(double x) => Exp(Vector256.Create(x)).ToScalar();

    /// <inheritdoc cref="Exp(double)"/>
    public static Vector256<double> Exp(Vector256<double> x)
    {
        // Beyond these the result is infinite or 0 all the same; within them its exponent can be put together from two.
        Vector256<double> clamped = Clamp(x, -750, 710);
        Vector256<double> n = ((clamped * Log2OfE) + Vector256.Create(ToInteger)) - Vector256.Create(ToInteger);
        Vector256<double> high = clamped - (n * Ln2High), low = n * Ln2Low;
        Vector256<double> r = high - low, c = r - Odd(r * r);
        return Scale(Vector256<double>.One - ((low - (r * c / (Vector256.Create(2.0) - c))) - high), n);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    public static double Sigmoid(double x) => Sigmoid(Vector256.Create(x)).ToScalar();

    /// <inheritdoc cref="Sigmoid(double)"/>
    public static Vector256<double> Sigmoid(Vector256<double> x) => Sigmoid(x, out _);

    /// <inheritdoc cref="Sigmoid(double)"/>
    /// <param name="x">The arguments.</param>
    /// <param name="derivative">s (1 - s), without the cancellation for large x.</param>
    public static Vector256<double> Sigmoid(Vector256<double> x, out Vector256<double> derivative)
    {
        // e is at most 1, so neither tail overflows on the way.
        Vector256<double> e = Exp(x | Vector256.Create(-0.0)), sum = Vector256<double>.One + e;
        derivative = e / sum / sum;
        return Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256<double>.Zero), e, Vector256<double>.One) / sum;
    }

    /// <summary>The hyperbolic tangent.</summary>
    public static double Tanh(double x) => Tanh(Vector256.Create(x)).ToScalar();

    /// <inheritdoc cref="Tanh(double)"/>
    public static Vector256<double> Tanh(Vector256<double> x)
    {
        Vector256<double> magnitude = Vector256.Abs(x), square = x * x;
        Vector256<double> p = (((square * -9.64399179425052238628e-1) - Vector256.Create(9.92877231001918586564e1)) * square) - Vector256.Create(1.61468768441708447952e3);
        Vector256<double> q = ((((square + Vector256.Create(1.12811678491632931402e2)) * square) + Vector256.Create(2.23548839060100448583e3)) * square)
            + Vector256.Create(4.84406305325125486048e3);
        Vector256<double> near = x + (x * square * (p / q));
        Vector256<double> far = Vector256<double>.One - (Vector256.Create(2.0) / (Exp(magnitude + magnitude) + Vector256<double>.One));
        return Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(0.625)), near, far) | Sign(x);
    }

    /// <summary>The natural logarithm: -infinity at 0, NaN below.</summary>
    public static double Log(double x) => Log(Vector256.Create(x)).ToScalar();

    /// <inheritdoc cref="Log(double)"/>
    public static Vector256<double> Log(Vector256<double> x)
    {
        Vector256<double> f = Fraction(x, Vector256.Create(0x3FE6_A09E_0000_0000), out Vector256<double> n) - Vector256<double>.One;
        Vector256<double> s = f / (Vector256.Create(2.0) + f), z = s * s, w = z * z, half = f * 0.5 * f;
        Vector256<double> r = (z * (Vector256.Create(6.666666666666735130e-01) + (w * (Vector256.Create(2.857142874366239149e-01)
                + (w * (Vector256.Create(1.818357216161805012e-01) + (w * 1.479819860511658591e-01)))))))
            + (w * (Vector256.Create(3.999999999940941908e-01) + (w * (Vector256.Create(2.222219843214978396e-01) + (w * 1.531383769920937332e-01)))));
        Vector256<double> result = (n * Ln2High) - ((half - ((s * (half + r)) + (n * Ln2Low))) - f);
        return AtTheEnds(x, result, atZero: double.NegativeInfinity, atInfinity: double.PositiveInfinity);
    }

    /// <summary>r^2/6 - r^4/360 + ..., the even part of e^r's rational approximation, from r^2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Odd(Vector256<double> square) =>
        square * (Vector256.Create(1.66666666666666019037e-01) + (square * (Vector256.Create(-2.77777777770155933842e-03)
            + (square * (Vector256.Create(6.61375632143793436117e-05) + (square * (Vector256.Create(-1.65339022054652515390e-06)
            + (square * 4.13813679705723846039e-08))))))));

    /// <summary>value * 2^n for whole n between -1,100 and 1,100: in two steps, of which only the second one may round, into the subnormal numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Scale(Vector256<double> value, Vector256<double> n)
    {
        Vector256<double> half = (n * 0.5) + Vector256.Create(ToInteger);
        Vector256<double> rest = (n - (half - Vector256.Create(ToInteger))) + Vector256.Create(ToInteger);
        return value * PowerOfTwo(half) * PowerOfTwo(rest);
    }

    /// <summary>2^n from n + <see cref="ToInteger"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> PowerOfTwo(Vector256<double> shifted) => ((shifted.AsInt64() << FractionBits) + Vector256.Create(One)).AsDouble();

    /// <summary>
    /// x = 2^n * fraction for positive finite x, the fraction between <paramref name="least"/> (as bits) and twice that.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Fraction(Vector256<double> x, Vector256<long> least, out Vector256<double> n)
    {
        Vector256<double> isSmall = Vector256.LessThan(x, Vector256.Create(2.2250738585072014e-308));
        Vector256<long> bits = Vector256.ConditionalSelect(isSmall, x * (1L << 54), x).AsInt64() + (Vector256.Create(One) - least);
        // The exponent as the last bits of 2^52 is a double without a conversion.
        Vector256<double> exponent = ((bits >>> FractionBits) | Vector256.Create((1023L + FractionBits) << FractionBits)).AsDouble();
        n = exponent - Vector256.ConditionalSelect(isSmall, Vector256.Create((double)(1L << 52) + 1023 + 54), Vector256.Create((double)(1L << 52) + 1023));
        return ((bits & Vector256.Create((1L << FractionBits) - 1)) + least).AsDouble();
    }

    /// <summary>The result where x is positive and finite; NaN below 0 and of NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> AtTheEnds(Vector256<double> x, Vector256<double> result, double atZero, double atInfinity)
    {
        result = Vector256.ConditionalSelect(Vector256.Equals(x, Vector256<double>.Zero), Vector256.Create(atZero), result);
        result = Vector256.ConditionalSelect(Vector256.Equals(x, Vector256.Create(double.PositiveInfinity)), Vector256.Create(atInfinity), result);
        Vector256<double> none = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256<double>.Zero), Vector256.Create(double.NaN), x + x);
        return Vector256.ConditionalSelect(Vector256.GreaterThanOrEqual(x, Vector256<double>.Zero), result, none);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Sign(Vector256<double> x) => x & Vector256.Create(-0.0);

    /// <summary>Between two bounds; NaN stays NaN, as minima and maxima do not have it on every machine.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<double> Clamp(Vector256<double> x, double least, double most)
    {
        x = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(least)), Vector256.Create(least), x);
        return Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256.Create(most)), Vector256.Create(most), x);
    }

    /// <summary>Half of the significant bits, so that a product with another such number is exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> UpperHalf(Vector256<double> x) => (x.AsInt64() & Vector256.Create(~0xFFFF_FFFFL)).AsDouble();
}
