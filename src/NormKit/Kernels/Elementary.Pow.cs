using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

internal static partial class Elementary
{
    /// <summary>
    /// x^y for x >= 0, all y: the logarithm is taken in about 70 bits, so large exponents cost no digits. Special values as <see cref="Math.Pow"/>: 1 where y is
    /// 0 or x is 1, even with NaN. NaN for x below 0, whole y included; -0 counts as 0.
    /// </summary>
    public static double Pow(double x, double y) => Pow(Vector256.Create(x), Vector256.Create(y)).ToScalar();

    /// <inheritdoc cref="Pow(double, double)"/>
    public static Vector256<double> Pow(Vector256<double> x, Vector256<double> y)
    {
        Log2(x, out Vector256<double> high, out Vector256<double> low);
        // (yHigh + yLow) (high + low) as a sum of two; the upper product is exact.
        Vector256<double> yHigh = UpperHalf(y);
        Vector256<double> lower = ((y - yHigh) * high) + (y * low), upper = yHigh * high, sum = upper + lower;
        Vector256<double> result = PowerOfTwo(sum, upper, lower);
        // Far outside the range (and where an infinite y has made NaN of the parts), the sign of the logarithm says all.
        Vector256<double> grows = Vector256.Xor(Sign(high), Sign(y));
        Vector256<double> isFar = Vector256.GreaterThan(Vector256.Abs(y * high), Vector256.Create(1090.0));
        result = Vector256.ConditionalSelect(
            isFar, Vector256.ConditionalSelect(Vector256.Equals(grows.AsInt64(), Vector256<long>.Zero).AsDouble(), Vector256.Create(double.PositiveInfinity), Vector256<double>.Zero), result);
        Vector256<double> falls = Vector256.LessThan(y, Vector256<double>.Zero);
        Vector256<double> infinity = Vector256.Create(double.PositiveInfinity);
        result = Vector256.ConditionalSelect(
            Vector256.Equals(x, Vector256<double>.Zero), Vector256.ConditionalSelect(falls, infinity, Vector256<double>.Zero), result);
        result = Vector256.ConditionalSelect(Vector256.Equals(x, infinity), Vector256.ConditionalSelect(falls, Vector256<double>.Zero, infinity), result);
        result = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256<double>.Zero), Vector256.Create(double.NaN), result);
        result = Vector256.ConditionalSelect(Vector256.Equals(y, y), result, y + y);
        result = Vector256.ConditionalSelect(Vector256.Equals(x, x), result, x + x);
        Vector256<double> isOne = Vector256.Equals(x, Vector256<double>.One) | Vector256.Equals(y, Vector256<double>.Zero);
        return Vector256.ConditionalSelect(isOne, Vector256<double>.One, result);
    }

    /// <summary>log2(x), x positive and finite, as the sum of a number of half as many bits and of a rest. fdlibm's e_pow.c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Log2(Vector256<double> x, out Vector256<double> high, out Vector256<double> low)
    {
        // The fraction lies near 1 or near 1.5: (f - b) / (f + b) is small around either base b.
        Vector256<double> f = Fraction(x, Vector256.Create(0x3FEB_B67A_0000_0000), out Vector256<double> n);
        Vector256<double> isUpper = Vector256.GreaterThan(f, Vector256.Create(1.2247447967529297));
        Vector256<double> b = Vector256.ConditionalSelect(isUpper, Vector256.Create(1.5), Vector256<double>.One);
        Vector256<double> logOfBHigh = isUpper & Vector256.Create(5.84962487220764160156e-01), logOfBLow = isUpper & Vector256.Create(1.35003920212974897128e-08);

        // s = (f - b) / (f + b) in two parts.
        Vector256<double> difference = f - b, inverse = Vector256<double>.One / (f + b);
        Vector256<double> s = difference * inverse, sHigh = UpperHalf(s);
        Vector256<double> sumHigh = UpperHalf(f + b), sumLow = f - (sumHigh - b);
        Vector256<double> sLow = inverse * ((difference - (sHigh * sumHigh)) - (sHigh * sumLow));

        // 3/2 log((1 + s) / (1 - s)) = s (3 + s^2 + r), in two parts.
        Vector256<double> square = s * s;
        Vector256<double> r = square * square * (Vector256.Create(5.99999999999994648725e-01) + (square * (Vector256.Create(4.28571428578550184252e-01)
            + (square * (Vector256.Create(3.33333329818377432918e-01) + (square * (Vector256.Create(2.72728123808534006489e-01)
            + (square * (Vector256.Create(2.30660745775561754067e-01) + (square * 2.06975017800338417784e-01))))))))));
        r += sLow * (sHigh + s);
        square = sHigh * sHigh;
        Vector256<double> three = Vector256.Create(3.0);
        Vector256<double> factorHigh = UpperHalf(three + square + r), factorLow = r - ((factorHigh - three) - square);
        Vector256<double> upper = sHigh * factorHigh, lower = (sLow * factorHigh) + (factorLow * s);
        Vector256<double> productHigh = UpperHalf(upper + lower), productLow = lower - (productHigh - upper);

        // Times 2 / (3 ln 2), also in two parts, plus the logarithms of b and of 2^n.
        Vector256<double> zHigh = productHigh * 9.61796700954437255859e-01;
        Vector256<double> zLow = (productHigh * -7.02846165095275826516e-09) + (productLow * 9.61796693925975554329e-01) + logOfBLow;
        high = UpperHalf(((zHigh + zLow) + logOfBHigh) + n);
        low = zLow - (((high - n) - logOfBHigh) - zHigh);
    }

    /// <summary>2^(upper + lower), where their sum is less than 1,100 in magnitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> PowerOfTwo(Vector256<double> sum, Vector256<double> upper, Vector256<double> lower)
    {
        Vector256<double> n = (sum + Vector256.Create(ToInteger)) - Vector256.Create(ToInteger);
        upper -= n;
        Vector256<double> high = UpperHalf(lower + upper);
        Vector256<double> u = high * 6.93147182464599609375e-01;
        Vector256<double> v = ((lower - (high - upper)) * 6.93147180559945286227e-01) + (high * -1.90465429995776804525e-09);
        Vector256<double> z = u + v, w = v - (z - u), c = z - Odd(z * z);
        Vector256<double> r = (z * c / (c - Vector256.Create(2.0))) - (w + (z * w));
        return Scale(Vector256<double>.One - (r - z), n);
    }
}
