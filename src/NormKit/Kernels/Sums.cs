using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>One or two numbers to be summed for each element of a run.</summary>
internal interface IRowTerms<T> where T : unmanaged
{
    /// <summary>False where <c>second</c> is of no interest; the JIT then drops its sums.</summary>
    static abstract bool HasSecond { get; }

    /// <summary>The terms of the elements from <paramref name="index"/> on; lanes past <paramref name="count"/> may hold anything.</summary>
    void At<TCount>(nint index, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount;
}

/// <summary>
/// The two reductions of the library: along a run and down columns. Both add four terms to one before they add that to a running sum, and start
/// a new running sum after sixteen such steps. The tree hides the latency of an addition, and it bounds the rounding: at most sixteen additions
/// of one sign in a chain, so that even equal terms (all |d| alike, as in a two-coloured picture) sum to 2.4e-7 of the truth.
/// Multiply, then add: a fused multiply-add rounds once where a machine without it rounds twice.
/// </summary>
internal static partial class Sums
{
    /// <summary>The steps of a running sum, of four terms each.</summary>
    public const int Steps = 16;

    /// <summary>Sums the terms of <paramref name="length"/> elements. Element i falls into lane i modulo twice a vector.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static (T First, T Second) AlongRow<T, TTerms>(int length, scoped in TTerms given)
        where T : unmanaged, System.Numerics.INumberBase<T>
        where TTerms : IRowTerms<T>, allows ref struct
    {
        TTerms terms = given;
        int half = Vector256<T>.Count, lanes = 2 * half;
        Vector256<T> firstLower = Vector256<T>.Zero, firstUpper = Vector256<T>.Zero;
        Vector256<T> secondLower = Vector256<T>.Zero, secondUpper = Vector256<T>.Zero;
        int i = 0;
        while (length - i >= 4 * lanes)
        {
            Vector256<T> firstChain0 = Vector256<T>.Zero, firstChain1 = Vector256<T>.Zero;
            Vector256<T> secondChain0 = Vector256<T>.Zero, secondChain1 = Vector256<T>.Zero;
            int end = i + (Math.Min((length - i) / (4 * lanes), Steps) * 4 * lanes);
            for (; i < end; i += 4 * lanes)
            {
                // The lower lanes of all four first: half as many numbers are under way at a time.
                FourAlong(i, lanes, in terms, out Vector256<T> a, out Vector256<T> b);
                firstChain0 += a;
                if (TTerms.HasSecond)
                    secondChain0 += b;
                FourAlong(i + half, lanes, in terms, out a, out b);
                firstChain1 += a;
                if (TTerms.HasSecond)
                    secondChain1 += b;
            }
            firstLower += firstChain0;
            firstUpper += firstChain1;
            secondLower += secondChain0;
            secondUpper += secondChain1;
        }
        if (i < length)
            Rest(i, length, in given, ref firstLower, ref firstUpper, ref secondLower, ref secondUpper);
        return (Lanes.Sum(firstLower, firstUpper), TTerms.HasSecond ? Lanes.Sum(secondLower, secondUpper) : default);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourAlong<T, TTerms>(nint index, int step, scoped in TTerms terms, out Vector256<T> first, out Vector256<T> second)
        where T : unmanaged
        where TTerms : IRowTerms<T>, allows ref struct
    {
        terms.At(index, default(Whole), out Vector256<T> a0, out Vector256<T> b0);
        terms.At(index + step, default(Whole), out Vector256<T> a1, out Vector256<T> b1);
        a0 += a1;
        b0 += b1;
        terms.At(index + (2 * step), default(Whole), out a1, out b1);
        terms.At(index + (3 * step), default(Whole), out Vector256<T> a3, out Vector256<T> b3);
        first = a0 + (a1 + a3);
        second = b0 + (b1 + b3);
    }

    /// <summary>Adds the terms of the elements that four steps are too long for. Apart from the loop, in which the JIT keeps nothing in registers once
    /// it has inlined too much.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rest<T, TTerms>(
        int i, int length, scoped in TTerms given, ref Vector256<T> firstLower, ref Vector256<T> firstUpper, ref Vector256<T> secondLower,
        ref Vector256<T> secondUpper)
        where T : unmanaged
        where TTerms : IRowTerms<T>, allows ref struct
    {
        TTerms terms = given;
        int half = Vector256<T>.Count, lanes = 2 * half;
        for (; length - i >= lanes; i += lanes)
        {
            terms.At(i, default(Whole), out Vector256<T> a, out Vector256<T> b);
            firstLower += a;
            if (TTerms.HasSecond)
                secondLower += b;
            terms.At(i + half, default(Whole), out a, out b);
            firstUpper += a;
            if (TTerms.HasSecond)
                secondUpper += b;
        }
        if (length - i >= half)
        {
            terms.At(i, default(Whole), out Vector256<T> a, out Vector256<T> b);
            firstLower += a;
            if (TTerms.HasSecond)
                secondLower += b;
            i += half;
            if (i < length)
            {
                Tail(i, new Part(length - i), in given, out a, out b);
                firstUpper += a;
                secondUpper += b;
            }
        }
        else if (i < length)
        {
            Tail(i, new Part(length - i), in given, out Vector256<T> a, out Vector256<T> b);
            firstLower += a;
            secondLower += b;
        }
    }

    /// <summary>The terms of the last few elements, zero in the other lanes. Apart from the loop, whose registers its calls would cost.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tail<T, TTerms>(int index, Part count, scoped in TTerms terms, out Vector256<T> first, out Vector256<T> second)
        where T : unmanaged
        where TTerms : IRowTerms<T>, allows ref struct
    {
        terms.At(index, count, out first, out second);
        first = Lanes.Keep(first, count.Lanes);
        second = TTerms.HasSecond ? Lanes.Keep(second, count.Lanes) : Vector256<T>.Zero;
    }
}
