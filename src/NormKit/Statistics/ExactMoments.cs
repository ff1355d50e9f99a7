using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NormKit.Kernels;

namespace NormKit;

/// <summary>
/// Statistics of a set of numbers without rounding errors: adding and merging are exact, so the order, the split into parts and the order of merging
/// change nothing. Each statistic is the exact value, rounded once to the nearest double.
/// </summary>
/// <remarks>
/// Counts NaN and infinities apart; every other statistic is that of the finite numbers. Not thread-safe, not even for reading: give each thread its
/// own and merge them.
/// docs/exact-moments.md describes the bytes of <see cref="ToArray"/>.
/// </remarks>
/// <example><code>
/// ExactMoments all = new(), part = new();
/// all.Add([1.5f, 2.5f]);
/// part.Add([1e300, -1e300, 4]);
/// all.Merge(part);
/// Console.WriteLine($"{all.Count} numbers, mean {all.Mean}");      // 5 numbers, mean 1.6
/// </code></example>
public sealed partial class ExactMoments
{
    private const long MostMerged = 1L << 62;

    private readonly ExactSum sum = new(), squares = new();
    private long count, nanCount, positiveInfinityCount, negativeInfinityCount;
    private double minimum = double.PositiveInfinity, maximum = double.NegativeInfinity;

    // Numbers that wait until they are a block, so that short spans are as fast as long ones. Every member that reads calls Flush.
    private double[] waiting = [];
    private int waitingCount;
    private bool waitingHasDoubles;

    /// <summary>Creates the statistics of no numbers.</summary>
    public ExactMoments()
    {
    }

    /// <summary>Gets how many finite numbers were added.</summary>
    public long Count => Flushed.count;

    /// <summary>Gets how many NaN were added.</summary>
    public long NaNCount => Flushed.nanCount;

    /// <summary>Gets how many positive infinities were added.</summary>
    public long PositiveInfinityCount => Flushed.positiveInfinityCount;

    /// <summary>Gets how many negative infinities were added.</summary>
    public long NegativeInfinityCount => Flushed.negativeInfinityCount;

    /// <summary>Gets the smallest finite number; 0 for both zeros. NaN for no numbers.</summary>
    public double Minimum => Flushed.count == 0 ? double.NaN : minimum;

    /// <summary>Gets the largest finite number; 0 for both zeros. NaN for no numbers.</summary>
    public double Maximum => Flushed.count == 0 ? double.NaN : maximum;

    /// <summary>Gets the mean. NaN for no numbers.</summary>
    public double Mean
    {
        get
        {
            if (Flushed.count == 0)
                return double.NaN;
            (BigInteger total, int exponent) = sum.Value;
            return ExactRounding.Nearest(total, count, exponent);
        }
    }

    /// <summary>Gets the variance divided by n. NaN for no numbers; infinite where it exceeds the range of doubles.</summary>
    public double PopulationVariance => Spread(0, ExactRounding.Nearest);

    /// <summary>Gets the variance divided by n - 1. NaN for fewer than two numbers; infinite where it exceeds the range of doubles.</summary>
    public double SampleVariance => Spread(1, ExactRounding.Nearest);

    /// <summary>Gets the root of the exact population variance. NaN for no numbers.</summary>
    public double PopulationStandardDeviation => Spread(0, ExactRounding.NearestRoot);

    /// <summary>Gets the root of the exact sample variance. NaN for fewer than two numbers; infinite where it exceeds the range of doubles.</summary>
    public double SampleStandardDeviation => Spread(1, ExactRounding.NearestRoot);

    // This, once nothing waits.
    private ExactMoments Flushed
    {
        get
        {
            if (waitingCount > 0)
                Flush();
            return this;
        }
    }

    // Numbers of every kind. Only merging can make them many: no machine adds 2^62 numbers one by one.
    private long Total => count + nanCount + positiveInfinityCount + negativeInfinityCount + waitingCount;

    /// <summary>Adds a number.</summary>
    public void Add(double value)
    {
        if (waiting.Length == 0)
            waiting = new double[ExactBlock.Length];
        waiting[waitingCount++] = value;
        waitingHasDoubles |= value != (float)value;
        if (waitingCount == waiting.Length)
            Flush();
    }

    /// <summary>Adds numbers.</summary>
    public void Add(ReadOnlySpan<double> values)
    {
        while (waitingCount == 0 && values.Length >= ExactBlock.Length)
        {
            AddBlock<ExactBlock.LongSquare>(values[..ExactBlock.Length]);
            values = values[ExactBlock.Length..];
        }
        waitingHasDoubles |= !values.IsEmpty;
        Wait(values);
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{double})"/>
    public void Add(ReadOnlySpan<float> values) => Wait(AddRuns(values));

    /// <inheritdoc cref="Add(ReadOnlySpan{double})"/>
    public void Add(ReadOnlySpan<Half> values) => Wait(AddWidened(values));

    /// <inheritdoc cref="Add(ReadOnlySpan{double})"/>
    public void Add(ReadOnlySpan<BFloat16> values) => Wait(AddWidened(values));

    /// <summary>Adds numbers, of which none waits: an object that takes only these has no room for numbers that wait.</summary>
    internal void AddNow<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        if (typeof(T) == typeof(double))
            AddBlocks<double, ExactBlock.LongSquare>(MemoryMarshal.Cast<T, double>(values));
        else if (typeof(T) == typeof(float))
            AddBlocks<float, ExactBlock.ShortSquare>(AddRuns(MemoryMarshal.Cast<T, float>(values)));
        else
            AddBlocks<T, ExactBlock.ShortSquare>(AddWidened(values));
    }

    /// <summary>Adds all numbers that <paramref name="other"/> has. It may be this one: then each number counts twice.</summary>
    /// <exception cref="OverflowException">Together there are more than 2^62 numbers; nothing has changed.</exception>
    public void Merge(ExactMoments other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (checked(Total + other.Total) > MostMerged)
            throw new OverflowException("ExactMoments.Merge: together there are more than 2^62 numbers; keep them apart.");
        Flush();
        other.Flush();
        count += other.count;
        nanCount += other.nanCount;
        positiveInfinityCount += other.positiveInfinityCount;
        negativeInfinityCount += other.negativeInfinityCount;
        minimum = Math.Min(minimum, other.minimum);
        maximum = Math.Max(maximum, other.maximum);
        sum.Merge(other.sum);
        squares.Merge(other.squares);
    }

    /// <summary>Room for <see cref="WriteTo"/>.</summary>
    internal const int Digits = 2 + (2 * ExactSum.DigitCount);

    /// <summary>Writes how many finite and other numbers there are and the two sums, so that those of several parts can be added number by number.</summary>
    internal void WriteTo(Span<long> digits)
    {
        Flush();
        (digits[0], digits[1]) = (count, nanCount + positiveInfinityCount + negativeInfinityCount);
        sum.WriteTo(digits[2..]);
        squares.WriteTo(digits[(2 + ExactSum.DigitCount)..]);
    }

    /// <summary>The moments of the numbers of several parts.</summary>
    /// <param name="digits">The numbers of <see cref="WriteTo"/>, added up.</param>
    /// <param name="toNearest">Whether they are rounded to the nearest doubles, which is for elements of double; else as docs/numerics.md defines.</param>
    internal static Moments MomentsOf(ReadOnlySpan<long> digits, bool toNearest)
    {
        if (digits[1] > 0)
            return new(digits[0] + digits[1], double.NaN, double.NaN);
        ExactSum total = new(), ofSquares = new();
        total.AddDigits(digits[2..]);
        ofSquares.AddDigits(digits[(2 + ExactSum.DigitCount)..]);
        return toNearest ? ExactRounding.NearestOfSet(digits[0], total, ofSquares) : ExactRounding.OfSet(digits[0], total, ofSquares, centred: true);
    }

    /// <summary>Replaces these statistics by those of <paramref name="other"/>.</summary>
    internal void Assign(ExactMoments other)
    {
        other.Flush();
        waitingCount = 0;
        (count, nanCount, positiveInfinityCount, negativeInfinityCount) = (other.count, other.nanCount, other.positiveInfinityCount, other.negativeInfinityCount);
        (minimum, maximum) = (other.minimum, other.maximum);
        sum.Clear();
        squares.Clear();
        sum.Merge(other.sum);
        squares.Merge(other.squares);
    }

    // The sum of the squared deviations from the mean over n - lost, or its root, rounded once. NaN without degrees of freedom.
    private double Spread(long lost, Func<BigInteger, BigInteger, int, double> nearest)
    {
        if (Flushed.count <= lost)
            return double.NaN;
        (BigInteger deviations, int exponent) = Deviations();
        return nearest(deviations, (BigInteger)count * (count - lost), exponent);
    }

    // n times the sum of the squared deviations from the mean.
    private (BigInteger Significand, int Exponent) Deviations()
    {
        (BigInteger total, int exponent) = sum.Value;
        (BigInteger squareTotal, int squareExponent) = squares.Value;
        return ExactRounding.Subtract((count * squareTotal, squareExponent), (total * total, 2 * exponent));
    }

    private void Wait<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        if (values.IsEmpty)
            return;
        if (waiting.Length == 0)
            waiting = new double[ExactBlock.Length];
        while (!values.IsEmpty)
        {
            int length = Math.Min(values.Length, waiting.Length - waitingCount);
            Span<double> end = waiting.AsSpan(waitingCount, length);
            if (typeof(T) == typeof(double))
                MemoryMarshal.Cast<T, double>(values[..length]).CopyTo(end);
            else
                Elements.Convert(values[..length], end);
            values = values[length..];
            waitingCount += length;
            if (waitingCount == waiting.Length)
            {
                bool hasDoubles = waitingHasDoubles;
                Flush();
                waitingHasDoubles = hasDoubles && typeof(T) == typeof(double);
            }
        }
    }

    private void Flush()
    {
        Span<double> block = waiting.AsSpan(0, waitingCount);
        if (waitingHasDoubles)
            AddBlock<ExactBlock.LongSquare>(block);
        else
            AddBlock<ExactBlock.ShortSquare>(block);
        waitingCount = 0;
        waitingHasDoubles = false;
    }

    // Adds the numbers but for a rest that is too short to be a run, and returns that.
    private ReadOnlySpan<float> AddRuns(ReadOnlySpan<float> values)
    {
        while (values.Length >= ExactRun.Shortest)
        {
            ReadOnlySpan<float> run = values[..Math.Min(values.Length, ExactRun.Length)];
            values = values[run.Length..];
            ExactRun.Range range = ExactRun.RangeOf(run);
            if (!range.IsFinite || !ExactRun.TryAddMoments(run, range, sum, squares))
            {
                AddBlocks<float, ExactBlock.ShortSquare>(run);
                continue;
            }
            count += run.Length;
            Widen(range.Least, range.Most);
        }
        return values;
    }

    [SkipLocalsInit]
    private ReadOnlySpan<T> AddWidened<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        Span<float> floats = stackalloc float[ExactRun.Length];
        while (values.Length >= ExactRun.Shortest)
        {
            int length = Math.Min(values.Length, floats.Length);
            Elements.Convert(values[..length], floats[..length]);
            AddRuns(floats[..length]);
            values = values[length..];
        }
        return values;
    }

    [SkipLocalsInit]
    private void AddBlocks<T, TSquare>(ReadOnlySpan<T> values) where T : unmanaged where TSquare : struct, ExactBlock.ISquare
    {
        Span<double> block = stackalloc double[ExactBlock.Length];
        while (!values.IsEmpty)
        {
            int length = Math.Min(values.Length, block.Length);
            if (typeof(T) == typeof(double))
            {
                AddBlock<TSquare>(MemoryMarshal.Cast<T, double>(values[..length]));
            }
            else
            {
                Elements.Convert(values[..length], block[..length]);
                AddBlock<TSquare>(block[..length]);
            }
            values = values[length..];
        }
    }

    // -0 + 0 is 0: neither extreme depends on which zero came first.
    private void Widen(double least, double most)
    {
        minimum = Math.Min(minimum, least + 0.0);
        maximum = Math.Max(maximum, most + 0.0);
    }

    private void AddBlock<TSquare>(ReadOnlySpan<double> block) where TSquare : struct, ExactBlock.ISquare
    {
        if (block.IsEmpty)
            return;
        if (!ExactBlock.TryGetRange(block, out double least, out double most))
        {
            AddFinite<TSquare>(block);
            return;
        }
        count += block.Length;
        Widen(least, most);
        if (!ExactBlock.TryAddMoments<TSquare>(block, Math.Max(Math.Abs(least), Math.Abs(most)), sum, squares))
            ExactBlock.AddOneByOne<TSquare>(block, sum, squares);
    }

    // Counts what is not finite and adds the others.
    private void AddFinite<TSquare>(ReadOnlySpan<double> block) where TSquare : struct, ExactBlock.ISquare
    {
        Span<double> finite = stackalloc double[ExactBlock.Length];
        int length = 0;
        foreach (double value in block)
        {
            if (double.IsFinite(value))
                finite[length++] = value;
            else if (double.IsNaN(value))
                nanCount++;
            else if (value > 0)
                positiveInfinityCount++;
            else
                negativeInfinityCount++;
        }
        AddBlock<TSquare>(finite[..length]);
    }
}
