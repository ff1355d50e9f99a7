using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit;

/// <summary>
/// Sums of up to 4,096 floats and of their squares, in vectors of doubles, without a rounding. Where the largest and the smallest magnitude are at most
/// 2^20 apart, all numbers are multiples of one power of two, and so few of its units that no partial sum has more than 53 bits. A square is cut in
/// two first, as in <see cref="ExactBlock"/>. A few smaller numbers are added one by one.
/// </summary>
internal static class ExactRun
{
    /// <summary>The most numbers in a run.</summary>
    internal const int Length = 4096;

    /// <summary>From here on a run is faster than its numbers one by one.</summary>
    internal const int Shortest = 64;

    // A lane takes 2 of 16 numbers: 512 of 4,096.
    private const int LaneBits = 9;

    private const int SignificandBits = 23, ExponentBias = 127, MagnitudeMask = 0x7FFF_FFFF, InfinityBits = 0x7F80_0000;

    // Bits from a number's last to above its first, in one lane's sum: Window + 24 + LaneBits = 53.
    private const int Window = 53 - LaneBits - SignificandBits - 1;

    /// <summary>The extremes of some floats, by their values and by their magnitudes.</summary>
    /// <param name="Least">The smallest number.</param>
    /// <param name="Most">The largest number.</param>
    /// <param name="SmallestBits">The bits of the smallest magnitude that is not 0; uint.MaxValue if all are 0.</param>
    /// <param name="LargestBits">The bits of the largest magnitude.</param>
    internal readonly record struct Range(float Least, float Most, uint SmallestBits, uint LargestBits)
    {
        /// <summary>Whether no number is NaN or infinite; Least and Most mean something only then.</summary>
        public bool IsFinite => LargestBits < InfinityBits;
    }

    /// <summary>Finds the extremes.</summary>
    internal static Range RangeOf(ReadOnlySpan<float> run)
    {
        ReadOnlySpan<Vector512<float>> vectors = MemoryMarshal.Cast<float, Vector512<float>>(run);
        Vector512<float> low = Vector512.Create(float.PositiveInfinity), high = Vector512.Create(float.NegativeInfinity);
        Vector512<uint> smallest = Vector512<uint>.AllBitsSet, largest = Vector512<uint>.Zero;
        foreach (Vector512<float> x in vectors)
        {
            Vector512<uint> magnitude = x.AsUInt32() & Vector512.Create((uint)MagnitudeMask);
            low = Vector512.MinNative(low, x);
            high = Vector512.MaxNative(high, x);
            largest = Vector512.Max(largest, magnitude);
            smallest = Vector512.Min(smallest, magnitude - Vector512<uint>.One);     // 0 becomes the largest number: it does not count
        }
        (float least, float most) = (Least(low), -Least(-high));
        (uint below, uint top) = (Least(smallest), ~Least(~largest));
        foreach (float x in run[(vectors.Length * Vector512<float>.Count)..])
        {
            uint magnitude = BitConverter.SingleToUInt32Bits(x) & MagnitudeMask;
            least = Math.Min(least, x);
            most = Math.Max(most, x);
            below = Math.Min(below, magnitude - 1);
            top = Math.Max(top, magnitude);
        }
        return new(least, most, below == uint.MaxValue ? uint.MaxValue : below + 1, top);
    }

    /// <summary>Adds the sums of finite numbers and of their squares; where they differ too much in size, adds nothing and returns false.</summary>
    /// <param name="run">The numbers.</param>
    /// <param name="range">Their extremes.</param>
    /// <param name="sum">Takes the sum of the numbers.</param>
    /// <param name="squares">Takes the sum of the squares.</param>
    internal static bool TryAddMoments(ReadOnlySpan<float> run, in Range range, ExactSum sum, ExactSum squares)
    {
        Debug.Assert(run.Length <= Length && range.IsFinite);
        if (range.LargestBits == 0)
            return true;
        int top = ExponentOf(range.LargestBits);
        // Also where no square, nor the last bit of one, leaves a double's range: always, for floats.
        if (top - ExponentOf(range.SmallestBits) > Window)
            return AddWithoutSmall(run, range, sum, squares);
        AddVectors(run, top, sum, squares);
        return true;
    }

    // The exponent of a magnitude; that of the subnormal numbers is the smallest normal one's: their last bit is the same.
    private static int ExponentOf(uint magnitude) => Math.Max((int)(magnitude >> SignificandBits), 1) - ExponentBias;

    // All numbers are smaller than 2^(top + 1).
    [SkipLocalsInit]
    private static void AddVectors(ReadOnlySpan<float> run, int top, ExactSum sum, ExactSum squares)
    {
        // Squares are less than 2^(2 top + 2), and 2^LaneBits of them at most 2^53 units. What is below a unit has 2^-(2 Window + 2 * 23) of the top
        // as its last bit: at most 2^52 of these in 2^LaneBits halves of a unit.
        int unit = (2 * top) + 2 + LaneBits - 53;
        Vector512<double> anchor = Vector512.Create(Math.ScaleB(1.5, unit + 52));
        ReadOnlySpan<Vector512<float>> vectors = MemoryMarshal.Cast<float, Vector512<float>>(run);
        Vector512<double> sumLow = default, sumHigh = default, aboveLow = default, aboveHigh = default, belowLow = default, belowHigh = default;
        foreach (Vector512<float> x in vectors)
        {
            (Vector512<double> low, Vector512<double> high) = Vector512.Widen(x);
            sumLow += low;
            sumHigh += high;
            low *= low;
            high *= high;
            Vector512<double> above = low + anchor - anchor;
            aboveLow += above;
            belowLow += low - above;
            above = high + anchor - anchor;
            aboveHigh += above;
            belowHigh += high - above;
        }
        sumLow += sumHigh;
        aboveLow += aboveHigh;
        belowLow += belowHigh;
        int last = top - Window - SignificandBits;
        sum.Add(Total(sumLow, last), last);
        squares.Add(Total(aboveLow, unit), unit);
        squares.Add(Total(belowLow, 2 * last), 2 * last);
        AddOneByOne(run[(vectors.Length * Vector512<float>.Count)..], sum, squares);
    }

    // The sum of lanes that have up to 53 bits above 2^unit, in that unit.
    private static long Total(Vector512<double> lanes, int unit) => Vector512.Sum(Vector512.ConvertToInt64Native(lanes * Math.ScaleB(1, -unit)));

    private static T Least<T>(Vector512<T> lanes)
    {
        Vector256<T> eight = Vector256.MinNative(lanes.GetLower(), lanes.GetUpper());
        Vector128<T> four = Vector128.MinNative(eight.GetLower(), eight.GetUpper());
        four = Vector128.MinNative(four, Vector128.Create(four.GetUpper(), four.GetUpper()));
        return Vector128.MinNative(four, Vector128.Create(four[1]))[0];
    }

    // Of numbers about 0 some are much smaller than the rest.
    [SkipLocalsInit]
    private static bool AddWithoutSmall(ReadOnlySpan<float> run, in Range range, ExactSum sum, ExactSum squares)
    {
        const int mostSmall = 64;
        Span<float> small = stackalloc float[mostSmall], others = stackalloc float[Length];
        others = others[..run.Length];
        float limit = BitConverter.UInt32BitsToSingle(range.LargestBits & InfinityBits) / (1 << Window);
        int count = 0;
        for (int i = 0; i < run.Length; i++)
        {
            float x = run[i];
            bool isSmall = Math.Abs(x) < limit && x != 0;
            others[i] = isSmall ? 0 : x;
            if (!isSmall)
                continue;
            if (count == mostSmall)
                return false;
            small[count++] = x;
        }
        AddVectors(others, ExponentOf(range.LargestBits), sum, squares);
        AddOneByOne(small[..count], sum, squares);
        return true;
    }

    private static void AddOneByOne(ReadOnlySpan<float> numbers, ExactSum sum, ExactSum squares)
    {
        foreach (float x in numbers)
        {
            sum.Add(x);
            squares.Add((double)x * x);     // 48 bits
        }
    }
}
