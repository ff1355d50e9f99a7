using System.Numerics;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Count, mean and sum of squared deviations of a set of numbers: all that a normalization needs, and what parts of a set merge by.</summary>
/// <param name="Count">How many numbers.</param>
/// <param name="Mean">Their mean, rounded to double.</param>
/// <param name="M2">The sum of the squared deviations from the mean: <c>n</c> times the biased variance.</param>
public readonly record struct Moments(long Count, double Mean, double M2)
{
    /// <summary>What rounding took from <see cref="Mean"/>: the mean is the unevaluated sum of both, so no offset costs it digits.</summary>
    public double MeanLow { get; init; }

    /// <summary>The population variance, divided by n: what normalizes. NaN for no numbers.</summary>
    public double Variance => M2 / Count;

    /// <summary>The sample variance, divided by n - 1: what running statistics keep. NaN for fewer than two numbers.</summary>
    public double SampleVariance => Count < 2 ? double.NaN : M2 / (Count - 1);

    /// <summary>The moments of <paramref name="values"/>: two passes over blocks of 4,096, merged in double, in order.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither float nor double.</exception>
    public static unsafe Moments Of<T>(ReadOnlySpan<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Normalizer.RequireSupported<T>();
        if (values.IsEmpty)
            return default;
        fixed (T* start = values)
            return SetMoments.OfRun(new TensorView<T>(start, values.Length));
    }

    /// <summary>
    /// Merges two parts of a set. Not associative to the last bit: merge in one fixed order for repeatable results.
    /// Source: Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances".
    /// </summary>
    public static Moments Combine(Moments a, Moments b)
    {
        if (a.Count == 0)
            return b;
        if (b.Count == 0)
            return a;
        double share = (double)b.Count / (a.Count + b.Count);
        double delta = (b.Mean - a.Mean) + (b.MeanLow - a.MeanLow);
        return Shifted(a.Count + b.Count, a.Mean, a.MeanLow + (delta * share), a.M2 + b.M2 + (delta * delta * a.Count * share));
    }

    /// <summary>Merges parts of one size: without a division for each.</summary>
    internal static Moments CombineEqual(ReadOnlySpan<Moments> parts)
    {
        Moments origin = parts[0];
        if (parts.Length == 1 || origin.Count == 0)
            return origin;
        double shifts = 0, squares = 0, m2 = 0;
        foreach (Moments part in parts)
        {
            double shift = (part.Mean - origin.Mean) + (part.MeanLow - origin.MeanLow);
            shifts += shift;
            squares += shift * shift;
            m2 += part.M2;
        }
        double mean = shifts / parts.Length, between = Math.Max(0, squares - (shifts * mean));
        return Shifted(origin.Count * parts.Length, origin.Mean, origin.MeanLow + mean, m2 + (between * origin.Count));
    }

    /// <summary>Moments whose mean is <paramref name="origin"/> + <paramref name="shift"/>. Knuth's exact sum of two doubles.</summary>
    internal static Moments Shifted(long count, double origin, double shift, double m2)
    {
        double mean = origin + shift;
        double back = mean - origin;
        double low = (origin - (mean - back)) + (shift - back);
        return new(count, mean, m2) { MeanLow = low };
    }
}
