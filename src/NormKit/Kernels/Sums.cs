using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>One to three numbers to be summed for each element of a run.</summary>
internal interface IRunTerms
{
    /// <summary>How many; the JIT drops the sums of the others.</summary>
    static abstract int Count { get; }

    /// <summary>The terms of the elements from <paramref name="index"/> on.</summary>
    void At<TLanes>(nint index, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>;
}

/// <summary>The same for one or two numbers and functions that are written for 256 bits.</summary>
internal interface IRowTerms
{
    static abstract bool HasSecond { get; }

    void At<TCount>(nint index, TCount count, out Vector256<double> first, out Vector256<double> second) where TCount : struct, ICount;
}

/// <summary>One to three numbers to be summed for each element of a column.</summary>
internal interface IColumnTerms<T> where T : unmanaged
{
    static abstract int Count { get; }

    void At<TLanes>(int row, nint column, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, T>;
}

/// <summary>What a block of a set, or a run of it, sums to.</summary>
/// <param name="Count">How many elements took part.</param>
/// <param name="First">In forward the sum of deviations from a centre, in backward that of the gradients.</param>
/// <param name="Second">In forward the sum of their squares, in backward that of gradients times deviations.</param>
/// <param name="Third">In backward the sum of the squared gradients.</param>
internal readonly record struct BlockSums(long Count, double First, double Second, double Third)
{
    /// <summary>How many parts are added to one another before that sum is added to the total: chains of additions stay short.</summary>
    private const int Together = 16;

    public static BlockSums operator +(BlockSums a, BlockSums b) => new(a.Count + b.Count, a.First + b.First, a.Second + b.Second, a.Third + b.Third);

    public static BlockSums Of(ReadOnlySpan<BlockSums> parts)
    {
        BlockSums total = parts[0];
        if (parts.Length <= Together)
        {
            foreach (ref readonly BlockSums part in parts[1..])
                total += part;
            return total;
        }
        total = default;
        for (; !parts.IsEmpty; parts = parts[Math.Min(Together, parts.Length)..])
            total += Of(parts[..Math.Min(Together, parts.Length)]);
        return total;
    }

    /// <summary>The longest chain of additions in a total of so many parts, each a sum of <see cref="Sums"/> over a block.</summary>
    public static int Chain(nint parts) => Sums.Chain + Together + (int)(parts / Together);
}

/// <summary>
/// The two reductions of the library: along a run, and down columns. Sums along a run are in double. Their shape is fixed (256 bits on every machine, multiply,
/// then add) unless the caller allows any: sums of floats need no shape, for what is made of them is certain to be that of the exact sums (<see cref="Certainty"/>).
/// </summary>
internal static class Sums
{
    /// <summary>The longest chain of additions in a sum over a block: one a step of 32, one for each second of sixteen running sums, and some twenty
    /// for what is left and for the lanes. Down columns it is one a row of a few, and one for each such few of a block.</summary>
    public const int Chain = 96;

    /// <summary>After so many steps a running sum is added to one of two totals, in turn.</summary>
    private const int Steps = 32;

    /// <summary>How many rows are summed down columns before the next columns are: few, so that memory is read along the rows, but enough that the sums of
    /// the columns are not taken into registers for too few elements.</summary>
    public static int RowsAtOnce(nint columns) => (int)Math.Clamp(2048 / columns, 8, 64);

    /// <summary>Sums the terms of <paramref name="length"/> elements.</summary>
    /// <param name="length">How many elements.</param>
    /// <param name="terms">What is summed.</param>
    /// <param name="anyShape">Whether the order of additions may differ between machines.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static BlockSums AlongRun<TTerms>(int length, scoped in TTerms terms, bool anyShape) where TTerms : IRunTerms, allows ref struct =>
        anyShape && Lanes512<double>.IsSupported ? AlongRun<Lanes512<double>, TTerms>(length, in terms) : AlongRun<Lanes256<double>, TTerms>(length, in terms);

    /// <summary>The same in the fixed shape, for terms that are written for 256 bits.</summary>
    public static (double First, double Second) AlongRow<TTerms>(int length, scoped in TTerms terms) where TTerms : IRowTerms, allows ref struct
    {
        BlockSums sums = AlongRun<Lanes256<double>, FixedTerms<TTerms>>(length, new(in terms));
        return (sums.First, sums.Second);
    }

    private static BlockSums AlongRun<TLanes, TTerms>(int length, scoped in TTerms terms)
        where TLanes : struct, ILanes<TLanes, double>
        where TTerms : IRunTerms, allows ref struct
    {
        TLanes first = default, second = default, third = default;
        nint done = length >= 2 * TLanes.Count ? InSteps(length, in terms, ref first, ref second, ref third) : 0;
        return done < length ? Rest(done, length, in terms, first, second, third) : new(length, first.Sum(), second.Sum(), third.Sum());
    }

    /// <summary>Two vectors a step, as many as there are. No more, and alone in its method: the JIT keeps nothing in registers once it has inlined too much.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint InSteps<TLanes, TTerms>(nint length, scoped in TTerms given, ref TLanes first, ref TLanes second, ref TLanes third)
        where TLanes : struct, ILanes<TLanes, double>
        where TTerms : IRunTerms, allows ref struct
    {
        InRegisters<TTerms> held = new(in given);
        nint i = 0, step = 2 * TLanes.Count;
        TLanes even = default, evenSecond = default, evenThird = default;
        bool isOdd = false;
        while (length - i >= step)
        {
            TLanes first0 = default, first1 = default, second0 = default, second1 = default, third0 = default, third1 = default;
            nint end = i + (Math.Min((length - i) / step, Steps) * step);
            for (; i < end; i += step)
            {
                held.Value.At(i, out TLanes a, out TLanes b, out TLanes c);
                first0 += a;
                if (TTerms.Count > 1)
                    second0 += b;
                if (TTerms.Count > 2)
                    third0 += c;
                held.Value.At(i + TLanes.Count, out a, out b, out c);
                first1 += a;
                if (TTerms.Count > 1)
                    second1 += b;
                if (TTerms.Count > 2)
                    third1 += c;
            }
            first0 += first1;
            second0 += second1;
            third0 += third1;
            if (isOdd)
            {
                first += first0;
                second += second0;
                third += third0;
            }
            else
            {
                even += first0;
                evenSecond += second0;
                evenThird += third0;
            }
            isOdd = !isOdd;
        }
        first += even;
        second += evenSecond;
        third += evenThird;
        return i;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static BlockSums Rest<TLanes, TTerms>(nint i, int length, scoped in TTerms terms, TLanes first, TLanes second, TLanes third)
        where TLanes : struct, ILanes<TLanes, double>
        where TTerms : IRunTerms, allows ref struct
    {
        for (; length - i >= TLanes.Count; i += TLanes.Count)
        {
            terms.At(i, out TLanes a, out TLanes b, out TLanes c);
            first += a;
            second += b;
            third += c;
        }
        double sum = first.Sum(), sum2 = second.Sum(), sum3 = third.Sum();
        for (; i < length; i++)
        {
            terms.At(i, out Lane<double> a, out Lane<double> b, out Lane<double> c);
            sum += a.Value;
            sum2 += b.Value;
            sum3 += c.Value;
        }
        return new(length, sum, sum2, sum3);
    }

    /// <summary>
    /// Adds the terms down each column to the sums of that column. Each column is a sum of its own, in the order of the rows, so its shape is the same
    /// whatever the width. A few columns at a time stay in registers from the first row to the last.
    /// </summary>
    /// <param name="rows">How many rows.</param>
    /// <param name="columns">How many columns.</param>
    /// <param name="first">Takes the first sums.</param>
    /// <param name="second">Takes the second ones, where there are any.</param>
    /// <param name="third">Takes the third ones.</param>
    /// <param name="terms">What is summed.</param>
    public static void DownColumns<T, TTerms>(int rows, int columns, ref T first, ref T second, ref T third, scoped in TTerms terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTerms : IColumnTerms<T>, allows ref struct
    {
        int column = 0;
        if (Lanes512<T>.IsSupported && columns >= 2 * Lanes512<T>.Count)
            column = ByTwo<T, Lanes512<T>, TTerms>(rows, column, columns, ref first, ref second, ref third, in terms);
        if (columns - column >= 2 * Lanes256<T>.Count)
            column = ByTwo<T, Lanes256<T>, TTerms>(rows, column, columns, ref first, ref second, ref third, in terms);
        if (columns - column >= Lanes256<T>.Count)
            column = ByOne<T, Lanes256<T>, TTerms>(rows, column, columns, ref first, ref second, ref third, in terms);
        if (column < columns)
            ByOne<T, Lane<T>, TTerms>(rows, column, columns, ref first, ref second, ref third, in terms);
    }

    /// <summary>Two vectors of columns at a time.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ByTwo<T, TLanes, TTerms>(int rows, int column, int columns, ref T first, ref T second, ref T third, scoped in TTerms given)
        where T : unmanaged
        where TLanes : struct, ILanes<TLanes, T>
        where TTerms : IColumnTerms<T>, allows ref struct
    {
        InRegisters<TTerms> held = new(in given);
        for (; columns - column >= 2 * TLanes.Count; column += 2 * TLanes.Count)
        {
            TLanes first0 = default, first1 = default, second0 = default, second1 = default, third0 = default, third1 = default;
            for (int row = 0; row < rows; row++)
            {
                held.Value.At(row, column, out TLanes a, out TLanes b, out TLanes c);
                first0 += a;
                if (TTerms.Count > 1)
                    second0 += b;
                if (TTerms.Count > 2)
                    third0 += c;
                held.Value.At(row, column + TLanes.Count, out a, out b, out c);
                first1 += a;
                if (TTerms.Count > 1)
                    second1 += b;
                if (TTerms.Count > 2)
                    third1 += c;
            }
            Add(first0, ref first, column);
            Add(first1, ref first, column + TLanes.Count);
            if (TTerms.Count > 1)
            {
                Add(second0, ref second, column);
                Add(second1, ref second, column + TLanes.Count);
            }
            if (TTerms.Count > 2)
            {
                Add(third0, ref third, column);
                Add(third1, ref third, column + TLanes.Count);
            }
        }
        return column;

        static void Add(TLanes sum, ref T to, nint column) => (TLanes.Load(ref to, column) + sum).Store(ref to, column);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ByOne<T, TLanes, TTerms>(int rows, int column, int columns, ref T first, ref T second, ref T third, scoped in TTerms given)
        where T : unmanaged
        where TLanes : struct, ILanes<TLanes, T>
        where TTerms : IColumnTerms<T>, allows ref struct
    {
        InRegisters<TTerms> held = new(in given);
        for (; columns - column >= TLanes.Count; column += TLanes.Count)
        {
            TLanes first0 = default, second0 = default, third0 = default;
            for (int row = 0; row < rows; row++)
            {
                held.Value.At(row, column, out TLanes a, out TLanes b, out TLanes c);
                first0 += a;
                if (TTerms.Count > 1)
                    second0 += b;
                if (TTerms.Count > 2)
                    third0 += c;
            }
            Add(first0, ref first, column);
            if (TTerms.Count > 1)
                Add(second0, ref second, column);
            if (TTerms.Count > 2)
                Add(third0, ref third, column);
        }
        return column;

        static void Add(TLanes sum, ref T to, nint column) => (TLanes.Load(ref to, column) + sum).Store(ref to, column);
    }

    private readonly ref struct FixedTerms<TTerms>(ref readonly TTerms terms) : IRunTerms where TTerms : IRowTerms, allows ref struct
    {
        private readonly TTerms terms = terms;

        public static int Count => TTerms.HasSecond ? 2 : 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(nint index, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            Vector256<double> a, b;
            if (TLanes.Count == 1)
                terms.At(index, default(First), out a, out b);
            else
                terms.At(index, default(Whole), out a, out b);
            first = FixedLanes.As<TLanes, double>(a);
            second = FixedLanes.As<TLanes, double>(b);
            third = default;
        }
    }
}
