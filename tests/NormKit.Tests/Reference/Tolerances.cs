namespace NormKit.Tests.Reference;

/// <summary>
/// Every tolerance of the suite: the largest error over the largest true value. u is half a unit in the last place, 2^-24 or 2^-53. The float figures are
/// the contract in docs, at every offset from 0 to 1e6 standard deviations and in every layout; the double figures are the same contract.
/// </summary>
internal static class Tolerances
{
    /// <summary>Five roundings: x - hi, - lo, times scale, the scale itself, plus bias. The mean and the variance must cost next to nothing.</summary>
    public const double ForwardFloat = 3e-7;

    /// <summary>Sums of a few thousand float products, with no error in common.</summary>
    public const double ParameterGradientFloat = 5e-6;

    /// <summary>Nine roundings of three terms, and the two means of the set.</summary>
    public const double InputGradientFloat = 1e-6;

    /// <summary>The five roundings are 5.6e-16; chains of sixteen additions and the merging of blocks are now in the same precision: 13 u more.</summary>
    public const double ForwardDouble = 2e-15;

    /// <summary>5e-6 is 84 u; so is this.</summary>
    public const double ParameterGradientDouble = 1e-14;

    /// <summary>1e-6 is 17 u, and the sums are in the same precision: 36 u.</summary>
    public const double InputGradientDouble = 4e-15;

    /// <summary>Means and variances of sets, in double on float input: sums in float lanes merged in double.</summary>
    public const double MomentsFloat = 3e-7;

    /// <summary>The same on double input.</summary>
    public const double MomentsDouble = 2e-15;

    /// <summary>A running statistic is one rounding of a mix of the old value and of a moment.</summary>
    public const double RunningFloat = 3e-7;

    /// <summary>Central differences in double: h^2 of truncation and u / h of cancellation, with h = 1e-5.</summary>
    public const double FiniteDifference = 1e-8;

    /// <summary>The golden files hold PyTorch's float64: fused or reordered sums of up to 33,333 terms, at offsets up to 3e4 standard deviations.</summary>
    public const double PyTorchDouble = 1e-10;

    public static double Forward<T>() => typeof(T) == typeof(float) ? ForwardFloat : ForwardDouble;

    public static double InputGradient<T>() => typeof(T) == typeof(float) ? InputGradientFloat : InputGradientDouble;

    public static double ParameterGradient<T>() => typeof(T) == typeof(float) ? ParameterGradientFloat : ParameterGradientDouble;

    public static double Moments<T>() => typeof(T) == typeof(float) ? MomentsFloat : MomentsDouble;
}
