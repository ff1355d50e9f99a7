namespace NormKit.Kernels;

/// <summary>The exact sums of a run for backward: of the gradients, of these times the inputs, and of their squares.</summary>
internal sealed class ExactGradients
{
    private readonly ExactSum gradients = new(), products = new(), squares = new();
    private long count;

    // Elements that have no place in the sums: gradients of NaN and both infinities, and inputs that are not finite.
    private long nanCount, positiveInfinityCount, negativeInfinityCount, oddInputCount;

    /// <summary>Room for <see cref="WriteTo"/>: five counts and the digits of three sums.</summary>
    public const int Digits = Counts + (3 * ExactSum.DigitCount);

    private const int Counts = 5;

    public void Add(double gradient, double x)
    {
        count++;
        if (!double.IsFinite(gradient))
        {
            ref long counter = ref double.IsNaN(gradient) ? ref nanCount : ref gradient > 0 ? ref positiveInfinityCount : ref negativeInfinityCount;
            counter++;
            return;
        }
        if (!double.IsFinite(x))
        {
            oddInputCount++;
            gradients.Add(gradient);
            return;
        }
        gradients.Add(gradient);
        products.AddProduct(gradient, x);
        squares.AddProduct(gradient, gradient);
    }

    /// <summary>Writes the counts and sums so that those of several parts can be added number by number.</summary>
    public void WriteTo(Span<long> digits)
    {
        (digits[0], digits[1], digits[2], digits[3], digits[4]) = (count, nanCount, positiveInfinityCount, negativeInfinityCount, oddInputCount);
        gradients.WriteTo(digits[Counts..]);
        products.WriteTo(digits[(Counts + ExactSum.DigitCount)..]);
        squares.WriteTo(digits[(Counts + (2 * ExactSum.DigitCount))..]);
    }

    /// <summary>The two sums of what several parts have written, added up.</summary>
    /// <param name="digits">The numbers of <see cref="WriteTo"/>, added up.</param>
    /// <param name="set">The moments of the set.</param>
    /// <param name="toNearest">Whether each is rounded to the nearest double, which is for elements of double; else as the definition has it.</param>
    public static Pair PairOf(ReadOnlySpan<long> digits, in Moments set, bool toNearest)
    {
        ExactGradients sums = new() { count = digits[0] };
        sums.gradients.AddDigits(digits[Counts..]);
        bool isNaN = digits[1] > 0 || (digits[2] > 0 && digits[3] > 0);
        if (isNaN || digits[2] > 0 || digits[3] > 0)
            return new(isNaN ? double.NaN : digits[2] > 0 ? double.PositiveInfinity : double.NegativeInfinity, double.NaN);
        if (digits[4] > 0 || !double.IsFinite(set.M2))
            return new(sums.gradients.Round(), double.NaN);
        sums.products.AddDigits(digits[(Counts + ExactSum.DigitCount)..]);
        sums.squares.AddDigits(digits[(Counts + (2 * ExactSum.DigitCount))..]);
        return toNearest ? sums.NearestOf(set) : sums.PairOf(set);
    }

    private Pair NearestOf(in Moments set)
    {
        (double first, double second) = ExactRounding.NearestOfRun(gradients, products, set);
        return new(first, second);
    }

    public Pair PairOf(in Moments set)
    {
        (double first, double second) = ExactRounding.OfRun(count, gradients, products, squares, set);
        return new(first, second);
    }
}

/// <summary>A sum of doubles, or of their products, with the rounding error of each addition added up beside it: as good as one rounded at the end alone.
/// Ogita, Rump, Oishi 2005, "Accurate sum and dot product".</summary>
internal struct CompensatedSum
{
    private double sum, rest;

    public readonly double Value => sum + rest;

    public void Add(double value)
    {
        double total = sum + value, back = total - sum;
        rest += (sum - (total - back)) + (value - back);
        sum = total;
    }

    public void AddProduct(double a, double b)
    {
        double product = a * b;
        Add(product);
        rest += Math.FusedMultiplyAdd(a, b, -product);
    }
}

/// <summary>Sums of a few products, each exact and rounded once, so that the order of the terms decides no bit.</summary>
internal static class RoundedOnce
{
    /// <summary>The sums over some runs of their weights times their two sums.</summary>
    public static Pair Total(ReadOnlySpan<double> weights, ReadOnlySpan<Pair> pairs)
    {
        // Plus 0: a sum of nothing but zeros has no sign.
        if (pairs.Length == 1)
            return new((weights[0] * pairs[0].First) + 0.0, (weights[0] * pairs[0].Second) + 0.0);
        Product first = default, second = default;
        for (int i = 0; i < pairs.Length; i++)
        {
            first.Add(weights[i], pairs[i].First);
            second.Add(weights[i], pairs[i].Second);
        }
        return new(
            first.TryRound(out double ofFirst) ? ofFirst : Exact(weights, pairs, second: false),
            second.TryRound(out double ofSecond) ? ofSecond : Exact(weights, pairs, second: true));
    }

    private static double Exact(ReadOnlySpan<double> weights, ReadOnlySpan<Pair> pairs, bool second)
    {
        ExactSum sum = new();
        for (int i = 0; i < pairs.Length; i++)
            sum.AddProduct(weights[i], second ? pairs[i].Second : pairs[i].First);
        return sum.Round();
    }

    /// <summary>A sum in twice the digits of a double, with a bound on its error. Ogita, Rump, Oishi 2005, "Accurate sum and dot product".</summary>
    private ref struct Product
    {
        private double high, low, error;

        public void Add(double a, double b)
        {
            double product = a * b, rest = Math.FusedMultiplyAdd(a, b, -product);
            high = Sum(high, product, out double ofSum);
            low = Sum(low, ofSum, out double lost);
            low = Sum(low, rest, out double lostToo);
            error += 1.01 * (Math.Abs(lost) + Math.Abs(lostToo));
        }

        /// <summary>Knuth's exact sum of two doubles.</summary>
        private static double Sum(double a, double b, out double rest)
        {
            double sum = a + b, back = sum - a;
            rest = (a - (sum - back)) + (b - back);
            return sum;
        }

        /// <summary>The sum, rounded once, unless the error may reach the middle between two doubles.</summary>
        public readonly bool TryRound(out double rounded)
        {
            rounded = high + low;
            double size = Math.Abs(rounded), rest = Math.Abs((high - rounded) + low);
            return error == 0 || !double.IsFinite(rounded) || rest + error < (size - Math.BitDecrement(size)) / 2;
        }
    }
}
