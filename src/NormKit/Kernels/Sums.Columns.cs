using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>One or two numbers to be summed down each column of a matrix.</summary>
internal interface IColumnTerms<T> where T : unmanaged
{
    static abstract bool HasSecond { get; }

    void At<TCount>(int row, int column, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount;
}

/// <content>Down columns.</content>
internal static partial class Sums
{
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
