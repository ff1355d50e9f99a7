using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

internal static partial class Elementary
{
    /// <summary>
    /// x^y for x >= 0, all y: the logarithm is taken in about 70 bits, so large exponents cost no digits. Special values as <see cref="Math.Pow"/>: 1 where y is
    /// 0 or x is 1, even with NaN. NaN for x below 0, whole y included; -0 counts as 0.
    /// </summary>
    public static double Pow(double x, double y) => Pow(Vector512.Create(x), Vector512.Create(y)).ToScalar();

    /// <inheritdoc cref="Pow(double, double)"/>
    public static Vector512<double> Pow(Vector512<double> x, Vector512<double> y)
    {
        Log2(x, out Vector512<double> high, out Vector512<double> low);
        // (yHigh + yLow) (high + low) as a sum of two; the upper product is exact.
        Vector512<double> yHigh = UpperHalf(y);
        Vector512<double> lower = ((y - yHigh) * high) + (y * low), upper = yHigh * high, sum = upper + lower;
        Vector512<double> result = PowerOfTwo(sum, upper, lower);
        // Far outside the range (and where an infinite y has made NaN of the parts), the sign of the logarithm says all.
        Vector512<double> grows = Vector512.Xor(Sign(high), Sign(y));
        Vector512<double> isFar = Vector512.GreaterThan(Vector512.Abs(y * high), Vector512.Create(1090.0));
        result = Vector512.ConditionalSelect(
            isFar, Vector512.ConditionalSelect(Vector512.Equals(grows.AsInt64(), Vector512<long>.Zero).AsDouble(), Vector512.Create(double.PositiveInfinity), Vector512<double>.Zero), result);
        Vector512<double> falls = Vector512.LessThan(y, Vector512<double>.Zero);
        Vector512<double> infinity = Vector512.Create(double.PositiveInfinity);
        result = Vector512.ConditionalSelect(
            Vector512.Equals(x, Vector512<double>.Zero), Vector512.ConditionalSelect(falls, infinity, Vector512<double>.Zero), result);
        result = Vector512.ConditionalSelect(Vector512.Equals(x, infinity), Vector512.ConditionalSelect(falls, Vector512<double>.Zero, infinity), result);
        result = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<double>.Zero), Vector512.Create(double.NaN), result);
        result = Vector512.ConditionalSelect(Vector512.Equals(y, y), result, y + y);
        result = Vector512.ConditionalSelect(Vector512.Equals(x, x), result, x + x);
        Vector512<double> isOne = Vector512.Equals(x, Vector512<double>.One) | Vector512.Equals(y, Vector512<double>.Zero);
        return Vector512.ConditionalSelect(isOne, Vector512<double>.One, result);
    }

    /// <summary>log2(x), x positive and finite, as the sum of a number of half as many bits and of a rest. fdlibm's e_pow.c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Log2(Vector512<double> x, out Vector512<double> high, out Vector512<double> low)
    {
        // The fraction lies near 1 or near 1.5: (f - b) / (f + b) is small around either base b.
        Vector512<double> f = Fraction(x, Vector512.Create(0x3FEB_B67A_0000_0000), out Vector512<double> n);
        Vector512<double> isUpper = Vector512.GreaterThan(f, Vector512.Create(1.2247447967529297));
        Vector512<double> b = Vector512.ConditionalSelect(isUpper, Vector512.Create(1.5), Vector512<double>.One);
        Vector512<double> logOfBHigh = isUpper & Vector512.Create(5.84962487220764160156e-01), logOfBLow = isUpper & Vector512.Create(1.35003920212974897128e-08);

        // s = (f - b) / (f + b) in two parts.
        Vector512<double> difference = f - b, inverse = Vector512<double>.One / (f + b);
        Vector512<double> s = difference * inverse, sHigh = UpperHalf(s);
        Vector512<double> sumHigh = UpperHalf(f + b), sumLow = f - (sumHigh - b);
        Vector512<double> sLow = inverse * ((difference - (sHigh * sumHigh)) - (sHigh * sumLow));

        // 3/2 log((1 + s) / (1 - s)) = s (3 + s^2 + r), in two parts.
        Vector512<double> square = s * s;
        Vector512<double> r = square * square * (Vector512.Create(5.99999999999994648725e-01) + (square * (Vector512.Create(4.28571428578550184252e-01)
            + (square * (Vector512.Create(3.33333329818377432918e-01) + (square * (Vector512.Create(2.72728123808534006489e-01)
            + (square * (Vector512.Create(2.30660745775561754067e-01) + (square * 2.06975017800338417784e-01))))))))));
        r += sLow * (sHigh + s);
        square = sHigh * sHigh;
        Vector512<double> three = Vector512.Create(3.0);
        Vector512<double> factorHigh = UpperHalf(three + square + r), factorLow = r - ((factorHigh - three) - square);
        Vector512<double> upper = sHigh * factorHigh, lower = (sLow * factorHigh) + (factorLow * s);
        Vector512<double> productHigh = UpperHalf(upper + lower), productLow = lower - (productHigh - upper);

        // Times 2 / (3 ln 2), also in two parts, plus the logarithms of b and of 2^n.
        Vector512<double> zHigh = productHigh * 9.61796700954437255859e-01;
        Vector512<double> zLow = (productHigh * -7.02846165095275826516e-09) + (productLow * 9.61796693925975554329e-01) + logOfBLow;
        high = UpperHalf(((zHigh + zLow) + logOfBHigh) + n);
        low = zLow - (((high - n) - logOfBHigh) - zHigh);
    }

    /// <summary>2^(upper + lower), where their sum is less than 1,100 in magnitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> PowerOfTwo(Vector512<double> sum, Vector512<double> upper, Vector512<double> lower)
    {
        Vector512<double> n = (sum + Vector512.Create(ToInteger)) - Vector512.Create(ToInteger);
        upper -= n;
        Vector512<double> high = UpperHalf(lower + upper);
        Vector512<double> u = high * 6.93147182464599609375e-01;
        Vector512<double> v = ((lower - (high - upper)) * 6.93147180559945286227e-01) + (high * -1.90465429995776804525e-09);
        Vector512<double> z = u + v, w = v - (z - u), c = z - Odd(z * z);
        Vector512<double> r = (z * c / (c - Vector512.Create(2.0))) - (w + (z * w));
        return Scale(Vector512<double>.One - (r - z), n);
    }
}
