using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>What the elements of a set are divided by.</summary>
internal enum Spread
{
    /// <summary>Deviations from the mean by <c>sqrt(variance + eps)</c>.</summary>
    StandardDeviation,

    /// <summary>The elements themselves by <c>sqrt(mean(x^2) + eps)</c>.</summary>
    RootMeanSquare,

    /// <summary>The elements themselves by <c>max(sqrt(sum(x^2)), eps)</c>.</summary>
    Length,
}

/// <summary>How the moments of a set become the factor that its elements are multiplied by. Without a centre the moments are about 0.</summary>
internal readonly record struct Scaling(Spread Spread, double Eps)
{
    public bool IsCentred => Spread == Spread.StandardDeviation;

    /// <summary>
    /// The factor; 0 where all that is to be scaled is 0, as PyTorch's batch norm has it, so that constants give the bias, and where a mask leaves nothing.
    /// </summary>
    public double Factor(in Moments moments)
    {
        if (moments.Count == 0)
            return 0;
        double spread = Spread == Spread.Length ? Math.Max(Math.Sqrt(moments.M2), Eps) : Math.Sqrt(moments.Variance + Eps);
        return spread == 0 ? 0 : 1 / spread;
    }

    /// <summary>
    /// The shares in each dx of the sums of g and of g * d, where g is the gradient of what was scaled and d what was scaled: what is subtracted, and
    /// what times d is. The factor f falls as elements grow, by f^3 / n for a mean of squares and f^3 for a sum; a clamped length does not.
    /// </summary>
    public Pair Coefficients(Pair sums, in Moments moments, double factor)
    {
        if (Spread == Spread.Length)
            return new(0, Math.Sqrt(moments.M2) < Eps ? 0 : sums.Second * factor * factor * factor);
        // The cube of the factor alone might overflow.
        return new(IsCentred ? sums.First / moments.Count * factor : 0, sums.Second / moments.Count * factor * factor * factor);
    }

    /// <summary>
    /// Whether a factor is so large or small that floats would not hold what is made of it, or of its square in backward: results are then computed in
    /// double and rounded once. So no scale of finite input overflows.
    /// </summary>
    public static bool NeedsDouble<T>(double factor) => typeof(T) == typeof(float) && IsOutside(factor, 1.0 / (1L << 50));

    /// <summary>The same of a factor times a weight.</summary>
    public static bool ScaleNeedsDouble<T>(double scale) => typeof(T) == typeof(float) && IsOutside(scale, 1.0 / (1L << 50) / (1L << 50));

    /// <summary>Whether four factors, and these times weights, need no double, and none is 0.</summary>
    public static bool HoldInFloats(Vector256<double> factors, Vector256<double> scales)
    {
        Vector256<double> least = Vector256.Create(1.0 / (1L << 50)), scaleSize = Vector256.Abs(scales);
        return Vector256.GreaterThanOrEqualAll(factors, least) && Vector256.LessThanOrEqualAll(factors, Vector256<double>.One / least)
            && Vector256.GreaterThanOrEqualAll(scaleSize, least * least) && Vector256.LessThanOrEqualAll(scaleSize, Vector256<double>.One / (least * least));
    }

    private static bool IsOutside(double value, double least) => value != 0 && (Math.Abs(value) < least || Math.Abs(value) > 1 / least);
}
