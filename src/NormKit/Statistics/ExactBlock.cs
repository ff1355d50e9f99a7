using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NormKit;

/// <summary>
/// Sums of up to 1,024 numbers in vectors of doubles, without a rounding: each number is cut at the same few bits, so that the parts above a cut are
/// multiples of one power of two and their sum fits 53 bits. Where a number reaches below the last cut, nothing is added and the caller adds one by one.
/// Source: Demmel and Nguyen 2015, "Parallel reproducible summation".
/// </summary>
internal static class ExactBlock
{
    /// <summary>The most numbers in a block.</summary>
    internal const int Length = 1024;

    // Below this, one by one is as fast.
    private const int Shortest = 32;

    // Bits between two cuts. A part is at most 2^42 units of its cut, 1,024 of them 2^52.
    private const int Step = 42;

    /// <summary>Adds the sum of finite numbers, or nothing.</summary>
    internal static bool TryAdd(ReadOnlySpan<float> block, ExactSum sum)
    {
        Debug.Assert(block.Length <= Length);
        if (block.Length < Shortest)
            return false;
        float largest = Largest(block);
        if (largest == 0)
            return true;
        Cuts cuts = new(Math.ILogB(largest) + 1);
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(block);
        Vector<double> first = default, second = default, rest = default;
        foreach (Vector<float> vector in vectors)
        {
            Vector.Widen(vector, out Vector<double> low, out Vector<double> high);
            low = cuts.Second(cuts.First(low, ref first), ref second);
            high = cuts.Second(cuts.First(high, ref first), ref second);
            rest += Vector.Abs(low) + Vector.Abs(high);
        }
        if (rest != Vector<double>.Zero)
            return false;
        sum.Add(Vector.Sum(first));
        sum.Add(Vector.Sum(second));
        foreach (float tail in block[(vectors.Length * Vector<float>.Count)..])
            sum.Add(tail);
        return true;
    }

    /// <summary>Adds the sum of products of finite numbers, or nothing.</summary>
    internal static bool TryAddProducts(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ExactSum sum)
    {
        Debug.Assert(a.Length <= Length && a.Length == b.Length);
        if (a.Length < Shortest)
            return false;
        float largestA = Largest(a), largestB = a == b ? largestA : Largest(b);
        if (largestA == 0 || largestB == 0)
            return true;
        Cuts cuts = new(Math.ILogB(largestA) + Math.ILogB(largestB) + 2);
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(a);
        ReadOnlySpan<Vector<float>> others = MemoryMarshal.Cast<float, Vector<float>>(b);
        Vector<double> first = default, second = default, third = default, rest = default;
        for (int i = 0; i < vectors.Length; i++)
        {
            Vector.Widen(vectors[i], out Vector<double> low, out Vector<double> high);
            Vector.Widen(others[i], out Vector<double> otherLow, out Vector<double> otherHigh);
            low = cuts.Third(cuts.Second(cuts.First(low * otherLow, ref first), ref second), ref third);
            high = cuts.Third(cuts.Second(cuts.First(high * otherHigh, ref first), ref second), ref third);
            rest += Vector.Abs(low) + Vector.Abs(high);
        }
        if (rest != Vector<double>.Zero)
            return false;
        sum.Add(Vector.Sum(first));
        sum.Add(Vector.Sum(second));
        sum.Add(Vector.Sum(third));
        for (int i = vectors.Length * Vector<float>.Count; i < a.Length; i++)
            sum.Add((double)a[i] * b[i]);
        return true;
    }

    /// <summary>Adds the sums of finite numbers and of their squares, or nothing.</summary>
    /// <param name="block">The numbers.</param>
    /// <param name="largest">The largest magnitude among them.</param>
    /// <param name="sum">Takes the sum of the numbers.</param>
    /// <param name="squares">Takes the sum of the squares.</param>
    /// <typeparam name="TSquare">Whether a square fits a double.</typeparam>
    internal static bool TryAddMoments<TSquare>(ReadOnlySpan<double> block, double largest, ExactSum sum, ExactSum squares) where TSquare : struct, ISquare
    {
        Debug.Assert(block.Length <= Length);
        if (largest == 0)
            return true;
        // Within these exponents neither a square nor its last cut leaves a double's range.
        int exponent = Math.ILogB(largest);
        if (block.Length < Shortest || exponent is < -400 or > 400)
            return false;
        Cuts cuts = new(exponent + 1), squareCuts = new((2 * exponent) + 2);
        ReadOnlySpan<Vector<double>> vectors = MemoryMarshal.Cast<double, Vector<double>>(block);
        Vector<double> first = default, second = default, rest = default;
        Vector<double> firstSquares = default, secondSquares = default, thirdSquares = default, fourthSquares = default;
        foreach (Vector<double> x in vectors)
        {
            Vector<double> square = x * x;
            rest += Vector.Abs(cuts.Second(cuts.First(x, ref first), ref second));
            if (!TSquare.FitsDouble)
            {
                // Exact where rest stays 0: x is then a multiple of 2^-484 at least.
                Vector<double> error = Vector.FusedMultiplyAdd(x, x, -square);
                error = squareCuts.Third(squareCuts.Second(error, ref secondSquares), ref thirdSquares);
                rest += Vector.Abs(squareCuts.Fourth(error, ref fourthSquares));
            }
            square = squareCuts.Second(squareCuts.First(square, ref firstSquares), ref secondSquares);
            rest += Vector.Abs(squareCuts.Third(square, ref thirdSquares));
        }
        if (rest != Vector<double>.Zero)
            return false;
        sum.Add(Vector.Sum(first));
        sum.Add(Vector.Sum(second));
        squares.Add(Vector.Sum(firstSquares));
        squares.Add(Vector.Sum(secondSquares));
        squares.Add(Vector.Sum(thirdSquares));
        squares.Add(Vector.Sum(fourthSquares));
        AddOneByOne<TSquare>(block[(vectors.Length * Vector<double>.Count)..], sum, squares);
        return true;
    }

    /// <summary>Adds the sums of finite numbers and of their squares.</summary>
    internal static void AddOneByOne<TSquare>(ReadOnlySpan<double> block, ExactSum sum, ExactSum squares) where TSquare : struct, ISquare
    {
        foreach (double value in block)
        {
            sum.Add(value);
            if (TSquare.FitsDouble)
                squares.Add(value * value);
            else
                squares.AddProduct(value, value);
        }
    }

    /// <summary>Finds the smallest and the largest of some numbers; false where one is not finite.</summary>
    internal static bool TryGetRange(ReadOnlySpan<double> block, out double least, out double most)
    {
        ReadOnlySpan<Vector<double>> vectors = MemoryMarshal.Cast<double, Vector<double>>(block);
        Vector<double> low = new(double.PositiveInfinity), high = new(double.NegativeInfinity), differences = default;
        foreach (Vector<double> x in vectors)
        {
            low = Vector.MinNative(low, x);
            high = Vector.MaxNative(high, x);
            differences += x - x;       // NaN for NaN and infinities
        }
        double difference = Vector.Sum(differences);
        (least, most) = (double.PositiveInfinity, double.NegativeInfinity);
        for (int i = 0; i < Vector<double>.Count; i++)
        {
            least = Math.Min(least, low[i]);
            most = Math.Max(most, high[i]);
        }
        foreach (double x in block[(vectors.Length * Vector<double>.Count)..])
        {
            least = Math.Min(least, x);
            most = Math.Max(most, x);
            difference += x - x;
        }
        return difference == 0;
    }

    /// <summary>What is known of the squares of a block's numbers, at compile time.</summary>
    internal interface ISquare
    {
        /// <summary>True for numbers of 26 significant bits or fewer: all of float, Half and BFloat16.</summary>
        static abstract bool FitsDouble { get; }
    }

    internal readonly struct ShortSquare : ISquare
    {
        public static bool FitsDouble => true;
    }

    internal readonly struct LongSquare : ISquare
    {
        public static bool FitsDouble => false;
    }

    // The bits of magnitudes are ordered as the magnitudes are, and comparing whole numbers is faster.
    private static float Largest(ReadOnlySpan<float> block)
    {
        ReadOnlySpan<Vector<int>> vectors = MemoryMarshal.Cast<float, Vector<int>>(block);
        Vector<int> lanes = default;
        foreach (Vector<int> vector in vectors)
            lanes = Vector.Max(lanes, vector & new Vector<int>(int.MaxValue));
        int largest = 0;
        for (int i = 0; i < Vector<int>.Count; i++)
            largest = Math.Max(largest, lanes[i]);
        foreach (float tail in block[(vectors.Length * Vector<int>.Count)..])
            largest = Math.Max(largest, BitConverter.SingleToInt32Bits(tail) & int.MaxValue);
        return BitConverter.Int32BitsToSingle(largest);
    }

    /// <summary>Cuts below 2^<paramref name="top"/>, which all numbers stay under. Adding 1.5 * 2^52 units and taking them away rounds to whole units.</summary>
    internal readonly struct Cuts(int top)
    {
        private readonly Vector<double> first = Anchor(top - Step);
        private readonly Vector<double> second = Anchor(top - (2 * Step));
        private readonly Vector<double> third = Anchor(top - (3 * Step));
        private readonly Vector<double> fourth = Anchor(top - (4 * Step));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal Vector<double> First(Vector<double> values, ref Vector<double> sum) => Cut(values, first, ref sum);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal Vector<double> Second(Vector<double> values, ref Vector<double> sum) => Cut(values, second, ref sum);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal Vector<double> Third(Vector<double> values, ref Vector<double> sum) => Cut(values, third, ref sum);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal Vector<double> Fourth(Vector<double> values, ref Vector<double> sum) => Cut(values, fourth, ref sum);

        private static Vector<double> Anchor(int unit) => new(Math.ScaleB(1.5, unit + 52));

        // Adds the part above the cut to sum and returns the part below it, which is at most half a unit.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector<double> Cut(Vector<double> values, Vector<double> anchor, ref Vector<double> sum)
        {
            Vector<double> above = values + anchor - anchor;
            sum += above;
            return values - above;
        }
    }
}
