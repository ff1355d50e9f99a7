using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>One or two numbers to be summed for each element of a run.</summary>
internal interface IRowTerms<T> where T : unmanaged
{
    /// <summary>False where <c>second</c> is of no interest; the JIT then drops its sums.</summary>
    static abstract bool HasSecond { get; }

    /// <summary>The terms of the elements from <paramref name="index"/> on; lanes past <paramref name="count"/> may hold anything.</summary>
    void At<TCount>(nint index, TCount count, out Vector512<T> first, out Vector512<T> second) where TCount : struct, ICount;
}

/// <summary>One or two numbers to be summed down each column of a matrix.</summary>
internal interface IColumnTerms<T> where T : unmanaged
{
    static abstract bool HasSecond { get; }

    void At<TCount>(int row, int column, TCount count, out Vector512<T> first, out Vector512<T> second) where TCount : struct, ICount;
}

/// <summary>
/// The two reductions of the library: along a run and down columns. Both add four vectors to one before they add that to a running sum, and start
/// a new running sum after sixteen such steps. The tree hides the latency of an addition, and it bounds the rounding: at most sixteen additions
/// of one sign in a chain, so that even equal terms (all |d| alike, as in a two-coloured picture) sum to 2.4e-7 of the truth.
/// Multiply, then add: a fused multiply-add rounds once where a machine without it rounds twice.
/// </summary>
internal static class Sums
{
    private const int Steps = 16;

    /// <summary>Sums the terms of <paramref name="length"/> elements.</summary>
    public static (T First, T Second) AlongRow<T, TTerms>(int length, TTerms terms)
        where T : unmanaged, System.Numerics.INumberBase<T>
        where TTerms : IRowTerms<T>, allows ref struct
    {
        int lanes = Vector512<T>.Count;
        Whole whole = default;
        Vector512<T> first = Vector512<T>.Zero, second = Vector512<T>.Zero;
        int i = 0;
        while (length - i >= 4 * lanes)
        {
            Vector512<T> firstChain = Vector512<T>.Zero, secondChain = Vector512<T>.Zero;
            int end = i + (Math.Min((length - i) / (4 * lanes), Steps) * 4 * lanes);
            for (; i < end; i += 4 * lanes)
            {
                terms.At(i, whole, out Vector512<T> a0, out Vector512<T> b0);
                terms.At(i + lanes, whole, out Vector512<T> a1, out Vector512<T> b1);
                terms.At(i + (2 * lanes), whole, out Vector512<T> a2, out Vector512<T> b2);
                terms.At(i + (3 * lanes), whole, out Vector512<T> a3, out Vector512<T> b3);
                firstChain += (a0 + a1) + (a2 + a3);
                if (TTerms.HasSecond)
                    secondChain += (b0 + b1) + (b2 + b3);
            }
            first += firstChain;
            second += secondChain;
        }
        for (; length - i >= lanes; i += lanes)
        {
            terms.At(i, whole, out Vector512<T> a, out Vector512<T> b);
            first += a;
            if (TTerms.HasSecond)
                second += b;
        }
        if (i < length)
        {
            Tail(i, new Part(length - i), terms, out Vector512<T> a, out Vector512<T> b);
            first += a;
            second += b;
        }
        return (Lanes.Sum(first), TTerms.HasSecond ? Lanes.Sum(second) : default);
    }

    /// <summary>The terms of the last few elements, zero in the other lanes. Apart from the loop, whose registers its calls would cost.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tail<T, TTerms>(int index, Part count, TTerms terms, out Vector512<T> first, out Vector512<T> second)
        where T : unmanaged
        where TTerms : IRowTerms<T>, allows ref struct
    {
        terms.At(index, count, out first, out second);
        first = Lanes.Keep(first, count.Lanes);
        second = TTerms.HasSecond ? Lanes.Keep(second, count.Lanes) : Vector512<T>.Zero;
    }

    /// <summary>Sums the terms down each of the columns into <paramref name="first"/> and <paramref name="second"/>, which it overwrites.</summary>
    public static void DownColumns<T, TTerms>(int rows, Span<T> first, Span<T> second, TTerms terms)
        where T : unmanaged, System.Numerics.INumberBase<T>
        where TTerms : IColumnTerms<T>, allows ref struct
    {
        ref T firstSums = ref MemoryMarshal.GetReference(first);
        ref T secondSums = ref MemoryMarshal.GetReference(second);
        int column = 0;
        for (; first.Length - column >= Vector512<T>.Count; column += Vector512<T>.Count)
            OneVector(rows, column, default(Whole), ref firstSums, ref secondSums, terms);
        if (column < first.Length)
            OneVector(rows, column, new Part(first.Length - column), ref firstSums, ref secondSums, terms);
    }

    /// <summary>Not inlined: the two kinds of count are compiled apart.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void OneVector<T, TTerms, TCount>(int rows, int column, TCount count, ref T firstSums, ref T secondSums, TTerms terms)
        where T : unmanaged, System.Numerics.INumberBase<T>
        where TTerms : IColumnTerms<T>, allows ref struct
        where TCount : struct, ICount
    {
        Vector512<T> first = Vector512<T>.Zero, second = Vector512<T>.Zero;
        int row = 0;
        while (rows - row >= 4)
        {
            Vector512<T> firstChain = Vector512<T>.Zero, secondChain = Vector512<T>.Zero;
            int end = row + (Math.Min((rows - row) / 4, Steps) * 4);
            for (; row < end; row += 4)
            {
                terms.At(row, column, count, out Vector512<T> a0, out Vector512<T> b0);
                terms.At(row + 1, column, count, out Vector512<T> a1, out Vector512<T> b1);
                terms.At(row + 2, column, count, out Vector512<T> a2, out Vector512<T> b2);
                terms.At(row + 3, column, count, out Vector512<T> a3, out Vector512<T> b3);
                firstChain += (a0 + a1) + (a2 + a3);
                if (TTerms.HasSecond)
                    secondChain += (b0 + b1) + (b2 + b3);
            }
            first += firstChain;
            second += secondChain;
        }
        for (; row < rows; row++)
        {
            terms.At(row, column, count, out Vector512<T> a, out Vector512<T> b);
            first += a;
            if (TTerms.HasSecond)
                second += b;
        }
        count.Store(first, ref firstSums, column);
        if (TTerms.HasSecond)
            count.Store(second, ref secondSums, column);
    }
}
