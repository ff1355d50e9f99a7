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
    /// Whether deviations or scales of this size leave the range in which floats keep all their digits: then the set is computed in double and
    /// rounded once. So no scale of finite input overflows, and a set with NaN or infinity gives the NaN of double arithmetic.
    /// </summary>
    public bool NeedsDouble<T>(in Moments moments) =>
        typeof(T) == typeof(float) && moments.Count > 0
        && !(IsOrdinary(moments.M2, moments.Count) && IsOrdinary(moments.M2 + (Eps * moments.Count), moments.Count) && double.IsFinite(moments.Mean));

    /// <summary>Whether a factor or its products with ordinary deviations leave that range: weight / std may where std does not.</summary>
    public static bool ScaleNeedsDouble<T>(double scale) => typeof(T) == typeof(float) && scale != 0 && !(Math.Abs(scale) is > 1e-30 and < 1e30);

    /// <summary>Whether a variance of m2 / n is. Zero is: a constant set has no digits to lose.</summary>
    private static bool IsOrdinary(double m2, long n) => m2 == 0 || (m2 > 1e-28 * n && m2 < 1e34 * n);
}
