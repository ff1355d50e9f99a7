namespace NormKit.Tests.Reference;

/// <summary>A number as the sum of two doubles, about 106 bits: what a reference for double input at an offset of 1e6 needs. No FMA, so the same and as quick on each SIMD tier.</summary>
internal readonly record struct DoubleDouble(double High, double Low)
{
    public static implicit operator DoubleDouble(double value) => new(value, 0);

    public static explicit operator double(DoubleDouble value) => value.High + value.Low;

    public static DoubleDouble operator -(DoubleDouble a) => new(-a.High, -a.Low);

    public static DoubleDouble operator +(DoubleDouble a, DoubleDouble b)
    {
        DoubleDouble high = TwoSum(a.High, b.High), low = TwoSum(a.Low, b.Low);
        DoubleDouble sum = QuickTwoSum(high.High, high.Low + low.High);
        return QuickTwoSum(sum.High, sum.Low + low.Low);
    }

    public static DoubleDouble operator -(DoubleDouble a, DoubleDouble b) => a + -b;

    public static DoubleDouble operator *(DoubleDouble a, DoubleDouble b)
    {
        DoubleDouble product = TwoProduct(a.High, b.High);
        return QuickTwoSum(product.High, product.Low + ((a.High * b.Low) + (a.Low * b.High)));
    }

    public static DoubleDouble operator /(DoubleDouble a, DoubleDouble b)
    {
        double first = a.High / b.High;
        DoubleDouble rest = a - (b * first);
        double second = rest.High / b.High;
        rest -= b * second;
        return QuickTwoSum(first, second) + (rest.High / b.High);
    }

    public static DoubleDouble Sqrt(DoubleDouble a)
    {
        if (a.High == 0)
            return 0;
        double root = Math.Sqrt(a.High);
        return QuickTwoSum(root, (double)(a - ((DoubleDouble)root * root)) / (2 * root));
    }

    private static DoubleDouble QuickTwoSum(double a, double b)
    {
        double sum = a + b;
        return new(sum, b - (sum - a));
    }

    private static DoubleDouble TwoSum(double a, double b)
    {
        double sum = a + b, shadow = sum - a;
        return new(sum, (a - (sum - shadow)) + (b - shadow));
    }

    private static DoubleDouble TwoProduct(double a, double b)
    {
        (double aHigh, double aLow) = Split(a);
        (double bHigh, double bLow) = Split(b);
        double product = a * b;
        return new(product, (((aHigh * bHigh) - product) + (aHigh * bLow) + (aLow * bHigh)) + (aLow * bLow));
    }

    /// <summary>Dekker's split into two halves of 26 bits.</summary>
    private static (double High, double Low) Split(double a)
    {
        double c = 134217729.0 * a;
        double high = c - (c - a);
        return (high, a - high);
    }
}
