using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>
/// From sums in double, added in any order, to the numbers of docs/numerics.md, which are those of the exact sums, rounded once: an interval that holds the
/// exact value is rounded at both ends, and where the ends differ the answer is that it is in doubt. Rounding is to the nearest but for a threshold off
/// the middle, where the means and variances of a few numbers never lie.
/// </summary>
/// <remarks>Error bounds: Higham 2002, "Accuracy and Stability of Numerical Algorithms", chapter 4, with Cauchy-Schwarz in place of sums of magnitudes.</remarks>
internal static class Certainty
{
    /// <summary>The significant bits of a sum of squares, and those of a mean or sum by its scale.</summary>
    public const int Bits = 30;

    /// <summary>What is added before a number is rounded down, times 2^29.</summary>
    public const int ThetaNumerator = 324508639;

    private const double Theta = ThetaNumerator / (double)(1 << 29);

    /// <summary>Half a unit in the last place of 1, and a bit for terms of higher order.</summary>
    private const double Unit = 1.02 / (1L << 53);

    /// <summary>The chain of additions that a compensated sum is as good as.</summary>
    public const int Compensated = 4;

    /// <summary>2^-960: below it squared gradients sum to nothing, for they leave no float a digit, and a little further down squares underflow.</summary>
    public const double LeastSquares = 1.0261342003245941e-289;

    /// <summary>2^-1022: below it a double has no exponent to take a step from.</summary>
    public const double LeastScale = 2.2250738585072014e-308;

    /// <summary>For tests: 2 or 3 puts every set in doubt until that level, 1 none.</summary>
    internal static int ForcedLevel { get; set; } = 1;

    /// <summary>The moments of a set, if it is certain what they are.</summary>
    /// <param name="sums">Its count, the sum of deviations from a centre, and that of their squares.</param>
    /// <param name="centre">The centre, a float; 0 where the moments are to be about 0.</param>
    /// <param name="isCentred">Whether they are to be about the mean.</param>
    /// <param name="chain">How many additions followed one another.</param>
    /// <param name="moments">The moments.</param>
    public static bool TryMoments(in BlockSums sums, double centre, bool isCentred, int chain, out Moments moments)
    {
        double n = sums.Count, squares = sums.Second, k = (chain + 4) * Unit;
        if (!isCentred)
        {
            moments = new(sums.Count, 0, squares);
            return !double.IsFinite(squares) || TryRound(squares, k * squares, out moments, sums.Count);
        }
        double shift = sums.First / n, spread = squares / n;
        if (squares == 0 || !double.IsFinite(squares))
        {
            // All are the centre, or one is NaN or infinite.
            moments = squares == 0 ? new(sums.Count, centre + 0.0, 0) : new(sums.Count, double.NaN, double.NaN);
            return true;
        }
        double m2 = squares - (sums.First * shift), error = 3 * k * squares;
        if (!(m2 > 2 * error) || !TryRound(m2, error, out moments, sums.Count))
        {
            moments = new(sums.Count, centre + shift, Math.Max(0, m2));
            return false;
        }
        double step = Step(moments.Variance);
        return TryMean(ref moments, centre, shift, (k * Math.Sqrt(spread)) + (2 * Unit * Math.Abs(shift)), step);
    }

    /// <summary>The moments of four sets at once, by the same operations.</summary>
    /// <param name="first">The sums of deviations.</param>
    /// <param name="squares">The sums of their squares.</param>
    /// <param name="centre">The centres.</param>
    /// <param name="count">The count of each.</param>
    /// <param name="chain">How many additions followed one another.</param>
    /// <param name="isCentred">Whether they are to be about the mean.</param>
    /// <param name="mean">The means, and what these lack.</param>
    /// <param name="low">What the means lack.</param>
    /// <param name="m2">The sums of squared deviations.</param>
    /// <returns>Whether all four are certain; sets without a deviation, or with NaN or infinity, are not.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFour(
        Vector256<double> first, Vector256<double> squares, Vector256<double> centre, double count, int chain, bool isCentred,
        out Vector256<double> mean, out Vector256<double> low, out Vector256<double> m2)
    {
        Vector256<double> n = Vector256.Create(count), k = Vector256.Create((chain + 4) * Unit), theta = Vector256.Create(Theta);
        mean = low = Vector256<double>.Zero;
        if (!isCentred)
        {
            Vector256<double> half = k * squares;
            m2 = Rounded(squares + half);
            return Vector256.EqualsAll(Rounded(squares - half), m2) && Vector256.LessThanAll(squares, Vector256.Create(double.PositiveInfinity));
        }
        Vector256<double> shift = first / n, rest = squares - (first * shift), error = 3.0 * k * squares;
        m2 = Rounded(rest + error);
        if (!(Vector256.EqualsAll(Rounded(rest - error), m2) && Vector256.GreaterThanAll(rest, 2.0 * error) && Vector256.LessThanAll(squares, Vector256.Create(double.PositiveInfinity))))
            return false;
        Vector256<double> step = Step(m2 / n), steps = Inverse(step);
        Vector256<double> sign = (centre + shift) & Vector256.Create(-0.0);
        centre ^= sign;
        shift ^= sign;
        Vector256<double> inSteps = centre * steps, whole = Vector256.Floor(inSteps), above = (inSteps - whole) + (shift * steps);
        Vector256<double> width = (((k * Vector256.Sqrt(squares / n)) + (2 * Unit * Vector256.Abs(shift))) * steps) + (1e-15 * Vector256.Abs(above)) + Vector256.Create(1e-15);
        Vector256<double> upper = Vector256.Floor(above + width + theta);
        if (!Vector256.EqualsAll(Vector256.Floor(above - width + theta), upper))
            return false;
        // Knuth's exact sum of two doubles, as Moments.Shifted has it.
        Vector256<double> origin = (whole * step) ^ sign, more = (upper * step) ^ sign;
        mean = origin + more;
        Vector256<double> back = mean - origin;
        low = (origin - (mean - back)) + (more - back);
        // A mean of 0 has no sign.
        Vector256<double> isZero = Vector256.Equals(mean, Vector256<double>.Zero);
        mean = Vector256.AndNot(mean, isZero);
        low = Vector256.AndNot(low, isZero);
        return true;
    }

    /// <summary>The two sums of a run for backward, if it is certain what they are: of the gradients, and of these times the deviations from the mean.</summary>
    /// <param name="sums">Of the run's gradients g, of g times the deviations from the mean's high part, and of g squared.</param>
    /// <param name="set">The moments of its set, about 0 where there is no mean.</param>
    /// <param name="low">What the mean is above its high part.</param>
    /// <param name="chain">How many additions followed one another.</param>
    /// <param name="pair">The two sums.</param>
    public static bool TryPair(in BlockSums sums, in Moments set, double low, int chain, out Pair pair)
    {
        double squares = sums.Third, k = (chain + 4) * Unit, product = sums.Second - (low * sums.First);
        pair = new(sums.First, product);
        if (squares < LeastSquares / 2)
        {
            pair = default;
            return true;
        }
        if (!double.IsFinite(squares) || !double.IsFinite(set.M2))
            return true;
        if (!TryRound(squares, k * squares, out Moments rounded, 1))
            return false;
        if (rounded.M2 < LeastSquares)
        {
            pair = default;
            return true;
        }
        // Both by Cauchy-Schwarz; deviations from the high part have squares that sum to that of deviations from the mean and n times the low part's.
        double ofSum = k * Math.Sqrt(sums.Count * squares);
        double ofProduct = (k * Math.Sqrt(squares * (set.M2 + (set.Count * low * low)) * 1.01)) + (Math.Abs(low) * ofSum) + (2 * Unit * (Math.Abs(sums.Second) + Math.Abs(product)));
        bool isSure = TryGrid(sums.First, ofSum, Step(sums.Count * rounded.M2), out double first);
        double second = 0, scale = rounded.M2 * set.M2;
        if (scale >= LeastScale)
            isSure &= TryGrid(product, ofProduct, Step(scale), out second);
        pair = new(first, second);
        return isSure;
    }

    /// <summary>The two sums of four runs at once, by the same operations.</summary>
    /// <param name="first">The sums of the gradients.</param>
    /// <param name="second">Of these times the deviations from the high parts.</param>
    /// <param name="third">Of the squared gradients.</param>
    /// <param name="m2">The sums of squared deviations of their sets.</param>
    /// <param name="low">What the means are above their high parts.</param>
    /// <param name="count">The count of each run, which is its set.</param>
    /// <param name="chain">How many additions followed one another.</param>
    /// <param name="ofGradients">The sums of the gradients, rounded.</param>
    /// <param name="ofProducts">Those of the gradients times the deviations from the mean.</param>
    /// <returns>Whether all four are certain; runs of zeros, or with NaN or infinity, are not.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFourPairs(
        Vector256<double> first, Vector256<double> second, Vector256<double> third, Vector256<double> m2, Vector256<double> low, double count, int chain,
        out Vector256<double> ofGradients, out Vector256<double> ofProducts)
    {
        Vector256<double> n = Vector256.Create(count), k = Vector256.Create((chain + 4) * Unit), product = second - (low * first), size = Vector256.Abs(low);
        Vector256<double> squares = Rounded(third + (k * third)), infinity = Vector256.Create(double.PositiveInfinity);
        ofGradients = ofProducts = Vector256<double>.Zero;
        if (!(Vector256.EqualsAll(Rounded(third - (k * third)), squares) && Vector256.GreaterThanAll(third, Vector256<double>.Zero)
            && Vector256.LessThanAll(third, infinity) && Vector256.GreaterThanAll(m2, Vector256<double>.Zero) && Vector256.LessThanAll(m2, infinity)))
        {
            return false;
        }
        Vector256<double> ofSum = k * Vector256.Sqrt(n * third);
        Vector256<double> ofProduct = (k * Vector256.Sqrt(third * (m2 + (n * low * low)) * 1.01)) + (size * ofSum) + (2 * Unit * (Vector256.Abs(second) + Vector256.Abs(product)));
        return TryGrid(first, ofSum, Step(n * squares), out ofGradients) & TryGrid(product, ofProduct, Step(squares * m2), out ofProducts);
    }

    /// <summary>Moments about 0 or about a mean that is not known yet, with a sum of squares rounded to <see cref="Bits"/> bits, if it is certain to which.</summary>
    private static bool TryRound(double value, double error, out Moments moments, long count)
    {
        double lower = Rounded(value - error), upper = Rounded(value + error);
        moments = new(count, 0, upper);
        return lower == upper;
    }

    /// <summary>The step of a grid for numbers whose squares are about <paramref name="square"/>, which is no subnormal: a power of two.</summary>
    private static double Step(double square)
    {
        int exponent = (int)(BitConverter.DoubleToInt64Bits(square) >> 52) - 1023;
        return BitConverter.Int64BitsToDouble((long)((exponent >> 1) - Bits + 1023) << 52);
    }

    private static Vector256<double> Step(Vector256<double> squares) =>
        // Half of the exponent, rounded down, less the bits.
        (((((squares.AsInt64() >>> 52) + Vector256<long>.One) >>> 1) + Vector256.Create(1023L - 512 - Bits)) << 52).AsDouble();

    private static Vector256<double> Inverse(Vector256<double> steps) => (Vector256.Create(2046L << 52) - steps.AsInt64()).AsDouble();

    /// <summary>1 / step, exactly.</summary>
    private static double Inverse(double step) => BitConverter.Int64BitsToDouble((2046L << 52) - BitConverter.DoubleToInt64Bits(step));

    private static double Rounded(double value)
    {
        const int Dropped = 53 - Bits;
        // What is added carries into the bits that are kept where the rest is above the threshold, and into the exponent where these are all ones.
        return BitConverter.Int64BitsToDouble((BitConverter.DoubleToInt64Bits(value) + (ThetaNumerator >> (29 - Dropped))) & -(1L << Dropped));
    }

    private static Vector256<double> Rounded(Vector256<double> values)
    {
        const int Dropped = 53 - Bits;
        return ((values.AsInt64() + Vector256.Create((long)(ThetaNumerator >> (29 - Dropped)))) & Vector256.Create(-(1L << Dropped))).AsDouble();
    }

    private static bool TryGrid(double value, double error, double step, out double rounded)
    {
        double steps = Inverse(step), size = Math.Abs(value) * steps, width = (error * steps) + (1e-15 * size) + 1e-15;
        double lower = Math.Floor(size - width + Theta), upper = Math.Floor(size + width + Theta);
        rounded = upper == 0 ? 0 : Math.CopySign(upper * step, value);
        return lower == upper;
    }

    private static bool TryGrid(Vector256<double> values, Vector256<double> errors, Vector256<double> step, out Vector256<double> rounded)
    {
        Vector256<double> steps = Inverse(step), size = Vector256.Abs(values) * steps, width = (errors * steps) + (1e-15 * size) + Vector256.Create(1e-15), theta = Vector256.Create(Theta);
        Vector256<double> upper = Vector256.Floor(size + width + theta);
        rounded = Vector256.AndNot((upper * step) | (values & Vector256.Create(-0.0)), Vector256.Equals(upper, Vector256<double>.Zero));
        return Vector256.EqualsAll(Vector256.Floor(size - width + theta), upper);
    }

    /// <summary>Rounds a mean, given as a float and a shift, to the grid; it may need more digits than a double has.</summary>
    private static bool TryMean(ref Moments moments, double centre, double shift, double error, double step)
    {
        bool isNegative = centre + shift < 0;
        if (isNegative)
            (centre, shift) = (-centre, -shift);
        // A float by a power of two is exact, and so is what is left of it below a step.
        double steps = Inverse(step), inSteps = centre * steps, whole = Math.Floor(inSteps), rest = (inSteps - whole) + (shift * steps);
        double width = (error * steps) + (1e-15 * Math.Abs(rest)) + 1e-15;
        double lower = Math.Floor(rest - width + Theta), upper = Math.Floor(rest + width + Theta);
        double origin = whole * step, above = upper * step;
        moments = origin + above == 0
            ? new(moments.Count, 0, moments.M2)
            : Moments.Shifted(moments.Count, isNegative ? -origin : origin, isNegative ? -above : above, moments.M2);
        return lower == upper;
    }
}
