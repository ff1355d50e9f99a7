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
    void At<TCount>(nint index, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount;
}

/// <summary>One or two numbers to be summed down each column of a matrix.</summary>
internal interface IColumnTerms<T> where T : unmanaged
{
    static abstract bool HasSecond { get; }

    void At<TCount>(int row, int column, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount;
}

/// <summary>
/// The two reductions of the library: along a run and down columns. Both add four terms to one before they add that to a running sum, and start
/// a new running sum after sixteen such steps. The tree hides the latency of an addition, and it bounds the rounding: at most sixteen additions
/// of one sign in a chain, so that even equal terms (all |d| alike, as in a two-coloured picture) sum to 2.4e-7 of the truth.
/// Multiply, then add: a fused multiply-add rounds once where a machine without it rounds twice.
/// </summary>
internal static class Sums
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

    /// <summary>
    /// Sums the terms down each of the columns into <paramref name="first"/> and <paramref name="second"/>, which it overwrites. Rows are taken in their
    /// order, as they lie in memory, and sums wait in the cache.
    /// </summary>
    [SkipLocalsInit]
    public static void DownColumns<T, TTerms>(int rows, Span<T> first, Span<T> second, scoped in TTerms terms)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
        where TTerms : IColumnTerms<T>, allows ref struct
    {
        Span<T> firstRoom = stackalloc T[ColumnTiles.Width], secondRoom = stackalloc T[ColumnTiles.Width];
        for (int origin = 0; origin < first.Length; origin += ColumnTiles.Width)
        {
            int width = Math.Min(ColumnTiles.Width, first.Length - origin);
            Span<T> firstChain = firstRoom[..width], firstSums = first.Slice(origin, width);
            Span<T> secondChain = TTerms.HasSecond ? secondRoom[..width] : default, secondSums = TTerms.HasSecond ? second.Slice(origin, width) : default;
            InChains<T, TermSteps<T, TTerms>>(rows, firstSums, secondSums, firstChain, secondChain, new(origin, in terms));
        }
    }

    /// <summary>Adds rows to sums for each column, which it overwrites: four to one, and these to a running sum that ends after so many steps.</summary>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="first">Takes the sums of the first terms.</param>
    /// <param name="second">Takes those of the second terms, where there are any.</param>
    /// <param name="firstChain">Room for a running sum of each column.</param>
    /// <param name="secondChain">The same for the second terms.</param>
    /// <param name="step">What adds rows.</param>
    public static void InChains<T, TStep>(int rows, Span<T> first, Span<T> second, Span<T> firstChain, Span<T> secondChain, scoped in TStep step)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
        where TStep : IRowStep<T>, allows ref struct
    {
        first.Clear();
        second.Clear();
        int row = 0;
        while (rows - row >= FourRows.Count)
        {
            int end = row + (Math.Min((rows - row) / FourRows.Count, Steps) * FourRows.Count);
            firstChain.Clear();
            secondChain.Clear();
            step.Add<FourRows>(row, end, firstChain, secondChain);
            row = end;
            RowMaps.Add(first, firstChain, first);
            RowMaps.Add(second, secondChain, second);
        }
        step.Add<OneRow>(row, rows, first, second);
    }

    /// <summary>
    /// Adds the terms of rows, one at a time or four added to one, to a sum for each column from <paramref name="origin"/> on.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void AddRows<T, TTerms, TRows>(int row, int end, int origin, Span<T> first, Span<T> second, scoped in TTerms given)
        where T : unmanaged
        where TTerms : IColumnTerms<T>, allows ref struct
        where TRows : struct, IRowsAtOnce
    {
        TTerms terms = given;
        ref T firstSums = ref MemoryMarshal.GetReference(first);
        ref T secondSums = ref MemoryMarshal.GetReference(second);
        int whole = first.Length - (first.Length & (Vector256<T>.Count - 1));
        for (; row < end; row += TRows.Count)
        {
            for (int column = 0; column < whole; column += Vector256<T>.Count)
            {
                TRows.Of(row, origin + column, default(Whole), in terms, out Vector256<T> a, out Vector256<T> b);
                (Vector256.LoadUnsafe(ref firstSums, (nuint)column) + a).StoreUnsafe(ref firstSums, (nuint)column);
                if (TTerms.HasSecond)
                    (Vector256.LoadUnsafe(ref secondSums, (nuint)column) + b).StoreUnsafe(ref secondSums, (nuint)column);
            }
            if (whole < first.Length)
                LastColumns<T, TTerms, TRows>(row, origin, whole, new Part(first.Length - whole), ref firstSums, ref secondSums, in given);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LastColumns<T, TTerms, TRows>(int row, int origin, int column, Part count, ref T firstSums, ref T secondSums, scoped in TTerms terms)
        where T : unmanaged
        where TTerms : IColumnTerms<T>, allows ref struct
        where TRows : struct, IRowsAtOnce
    {
        TRows.Of(row, origin + column, count, in terms, out Vector256<T> a, out Vector256<T> b);
        count.Store(count.Load(ref firstSums, column) + a, ref firstSums, column);
        if (TTerms.HasSecond)
            count.Store(count.Load(ref secondSums, column) + b, ref secondSums, column);
    }

    /// <summary>Adds rows, as many at a time as make one term, to sums for each column.</summary>
    internal interface IRowStep<T> where T : unmanaged
    {
        void Add<TRows>(int row, int end, Span<T> first, Span<T> second) where TRows : struct, IRowsAtOnce;
    }

    private readonly ref struct TermSteps<T, TTerms>(int origin, ref readonly TTerms terms) : IRowStep<T>
        where T : unmanaged
        where TTerms : IColumnTerms<T>, allows ref struct
    {
        private readonly TTerms terms = terms;

        public void Add<TRows>(int row, int end, Span<T> first, Span<T> second) where TRows : struct, IRowsAtOnce =>
            AddRows<T, TTerms, TRows>(row, end, origin, first, second, in terms);
    }

    /// <summary>How many rows make one term.</summary>
    internal interface IRowsAtOnce
    {
        static abstract int Count { get; }

        static abstract void Of<T, TTerms, TCount>(int row, int column, TCount count, scoped in TTerms terms, out Vector256<T> first, out Vector256<T> second)
            where T : unmanaged
            where TTerms : IColumnTerms<T>, allows ref struct
            where TCount : struct, ICount;
    }

    internal readonly struct OneRow : IRowsAtOnce
    {
        public static int Count => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Of<T, TTerms, TCount>(int row, int column, TCount count, scoped in TTerms terms, out Vector256<T> first, out Vector256<T> second)
            where T : unmanaged
            where TTerms : IColumnTerms<T>, allows ref struct
            where TCount : struct, ICount => terms.At(row, column, count, out first, out second);
    }

    internal readonly struct FourRows : IRowsAtOnce
    {
        public static int Count => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Of<T, TTerms, TCount>(int row, int column, TCount count, scoped in TTerms terms, out Vector256<T> first, out Vector256<T> second)
            where T : unmanaged
            where TTerms : IColumnTerms<T>, allows ref struct
            where TCount : struct, ICount
        {
            terms.At(row, column, count, out Vector256<T> a0, out Vector256<T> b0);
            terms.At(row + 1, column, count, out Vector256<T> a1, out Vector256<T> b1);
            a0 += a1;
            b0 += b1;
            terms.At(row + 2, column, count, out a1, out b1);
            terms.At(row + 3, column, count, out Vector256<T> a3, out Vector256<T> b3);
            first = a0 + (a1 + a3);
            second = b0 + (b1 + b3);
        }
    }
}
