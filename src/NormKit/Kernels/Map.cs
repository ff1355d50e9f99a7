using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>The value of each element of a run.</summary>
internal interface IRowValues<T> where T : unmanaged
{
    Vector256<T> At<TCount>(nint index, TCount count) where TCount : struct, ICount;
}

/// <summary>
/// The one loop that writes results. An element's value depends on its own inputs alone, so the destination may be an input, and vectors at either
/// end may overlap their neighbours: they are computed first and stored last. The others begin at multiples of their size, for a store across two
/// cache lines costs twice.
/// </summary>
internal static class Map
{
    private const int Line = 64;

    /// <summary>Writes a value for each element of <paramref name="destination"/>.</summary>
    /// <param name="destination">Where results go.</param>
    /// <param name="values">What is written.</param>
    /// <param name="past">Whether results are written past the caches, which pays where they do not fit in.</param>
    public static void Row<T, TValues>(Span<T> destination, scoped in TValues values, bool past = false)
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct
    {
        ref T y = ref MemoryMarshal.GetReference(destination);
        if (!past)
        {
            Row<T, TValues, ThroughCaches>(ref y, 0, destination.Length, in values);
            return;
        }
        // Whole cache lines: a line that is written both ways is written twice.
        int start = Math.Min(ToNext(ref y, Line), destination.Length);
        int end = destination.Length - ((destination.Length - start) % (Line / Unsafe.SizeOf<T>()));
        if (start > 0)
            Row<T, TValues, ThroughCaches>(ref y, 0, start, in values);
        Row<T, TValues, PastCaches>(ref y, start, end, in values);
        if (end < destination.Length)
            Row<T, TValues, ThroughCaches>(ref y, end, destination.Length, in values);
    }

    /// <summary>Not inlined: the JIT would then have no budget left to inline what this is made of.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Row<T, TValues, TStore>(ref T y, int start, int end, scoped in TValues given)
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct
        where TStore : struct, IStore
    {
        int lanes = Vector256<T>.Count;
        if (end - start < lanes)
        {
            if (start < end)
                Few(ref y, start, new Part(end - start), in given);
            return;
        }
        TValues values = given;
        int i = start + ToNext(ref Unsafe.Add(ref y, start), Vector256<byte>.Count), last = end - lanes;
        bool isWhole = ((end - i) & (lanes - 1)) == 0, isAligned = i == start;
        Vector256<T> atStart = isAligned ? default : values.At(start, default(Whole)), atEnd = isWhole ? default : values.At(last, default(Whole));
        for (; i <= last; i += lanes)
            TStore.Store(values.At(i, default(Whole)), ref y, i);
        if (!isAligned)
            atStart.StoreUnsafe(ref y, (nuint)start);
        if (!isWhole)
            atEnd.StoreUnsafe(ref y, (nuint)last);
    }

    /// <summary>How many elements lie before the next multiple of so many bytes; memory here is pinned, so the answer holds.</summary>
    private static unsafe int ToNext<T>(ref T y, int bytes) where T : unmanaged => (int)(-(nint)Unsafe.AsPointer(ref y) & (bytes - 1)) / sizeof(T);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Few<T, TValues>(ref T y, int index, Part count, scoped in TValues values)
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct =>
        count.Store(values.At(index, count), ref y, index);

    private interface IStore
    {
        static abstract void Store<T>(Vector256<T> value, ref T y, int index) where T : unmanaged;
    }

    private readonly struct ThroughCaches : IStore
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store<T>(Vector256<T> value, ref T y, int index) where T : unmanaged => value.StoreUnsafe(ref y, (nuint)index);
    }

    private readonly struct PastCaches : IStore
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static unsafe void Store<T>(Vector256<T> value, ref T y, int index) where T : unmanaged =>
            value.StoreAlignedNonTemporal((T*)Unsafe.AsPointer(ref Unsafe.Add(ref y, index)));
    }
}
