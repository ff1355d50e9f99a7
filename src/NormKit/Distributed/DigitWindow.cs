using System.Diagnostics;

namespace NormKit;

/// <summary>
/// A double as some digits of <see cref="ExactSum"/> and a count of what digits cannot hold, so that the numbers of all ranks are added as whole numbers:
/// without rounding, in any order, with the same result on each rank.
/// </summary>
/// <param name="First">The first digit, which the least bits fall into.</param>
/// <param name="Digits">How many digits; the last one holds the sign.</param>
internal readonly record struct DigitWindow(int First, int Digits)
{
    // The count: of NaN, of both infinities, and of numbers with bits below the first digit, each of up to 65,535 ranks.
    private const int CountBits = 16;

    /// <summary>Sums of floats, of fewer than 2^63: from 2^-160 up to 2^192.</summary>
    public static DigitWindow Sum => new(63, 12);

    /// <summary>Sums of products of two floats: from 2^-320 up to 2^352.</summary>
    public static DigitWindow SumOfProducts => new(58, 22);

    /// <summary>The numbers that a message has of it.</summary>
    public int Length => Digits + 1;

    /// <summary>Writes a number.</summary>
    public void Write(double value, Span<long> at)
    {
        at[..Length].Clear();
        if (!double.IsFinite(value))
        {
            at[Digits] = 1L << (CountBits * (double.IsNaN(value) ? 0 : value > 0 ? 1 : 2));
            return;
        }
        (ulong significand, int exponent, long sign) = ExactSum.Split(value);
        int position = exponent + ExactSum.Bias - ExactSum.ExponentBias - (32 * First);
        if (position < 0)
        {
            int lost = Math.Min(-position, 63);
            if (significand != significand >> lost << lost)
                at[Digits] = 1L << (3 * CountBits);
            (significand, position) = (significand >> lost, 0);
        }
        int digit = position >> 5, shift = position & 31;
        Debug.Assert(digit + 2 < Digits, "No sum of floats is so large.");
        ulong low = significand << shift;
        at[digit] = ((long)(uint)low ^ sign) - sign;
        at[digit + 1] = ((long)(low >> 32) ^ sign) - sign;
        at[digit + 2] = ((long)(significand >> 1 >> (63 - shift)) ^ sign) - sign;
    }

    /// <summary>Returns the sum of the numbers of all ranks, to a unit in the last place; overwrites the digits.</summary>
    /// <param name="at">The digits, added up.</param>
    /// <param name="holdsAll">Whether none had bits below the first digit.</param>
    public double Read(Span<long> at, out bool holdsAll)
    {
        ulong count = (ulong)at[Digits];
        holdsAll = count >> (3 * CountBits) == 0;
        if (count << CountBits != 0)
        {
            const ulong Mask = (1UL << CountBits) - 1;
            bool hasNaN = (count & Mask) != 0, hasMost = (count >> CountBits & Mask) != 0, hasLeast = (count >> (2 * CountBits) & Mask) != 0;
            return hasNaN || (hasMost && hasLeast) ? double.NaN : hasMost ? double.PositiveInfinity : double.NegativeInfinity;
        }
        Span<long> digits = at[..Digits];
        ExactSum.Carry(digits);
        bool isNegative = digits[^1] < 0;
        if (isNegative)
        {
            for (int i = 0; i < digits.Length; i++)
                digits[i] = -digits[i];
            ExactSum.Carry(digits);
        }
        int top = digits.LastIndexOfAnyExcept(0);
        if (top < 0)
            return 0;
        // Three digits have 65 bits at least; what is below is less than a unit of these.
        UInt128 head = (UInt128)(ulong)digits[top] << 64;
        if (top > 0)
            head |= (UInt128)(ulong)digits[top - 1] << 32;
        if (top > 1)
            head |= (ulong)digits[top - 2];
        double size = Math.ScaleB((double)head, (32 * (First + top - 2)) - ExactSum.Bias);
        return isNegative ? -size : size;
    }
}
