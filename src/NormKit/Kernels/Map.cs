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
    /// <summary>Writes a value for each element of <paramref name="destination"/>.</summary>
    /// <param name="destination">Where results go.</param>
    /// <param name="values">What is written.</param>
    /// <param name="past">Whether results are written past the caches, which pays where they do not fit in.</param>
    public static void Row<T, TValues>(Span<T> destination, TValues values, bool past = false)
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct
    {
        if (past)
            Row<T, TValues, PastCaches>(ref MemoryMarshal.GetReference(destination), destination.Length, values);
        else
            Row<T, TValues, ThroughCaches>(ref MemoryMarshal.GetReference(destination), destination.Length, values);
    }

    /// <summary>Not inlined: the JIT would then have no budget left to inline what this is made of.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Row<T, TValues, TStore>(ref T y, int length, TValues values)
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct
        where TStore : struct, IStore
    {
        int lanes = Vector256<T>.Count;
        if (length < lanes)
        {
            if (length > 0)
                Few(ref y, new Part(length), values);
            return;
        }
        Vector256<T> first = values.At(0, default(Whole)), last = values.At(length - lanes, default(Whole));
        for (int i = ToNextVector(ref y); i <= length - lanes; i += lanes)
            TStore.Store(values.At(i, default(Whole)), ref y, i);
        first.StoreUnsafe(ref y);
        last.StoreUnsafe(ref y, (nuint)(length - lanes));
    }

    /// <summary>How many elements lie before the next multiple of a vector's size; memory here is pinned, so the answer holds.</summary>
    private static unsafe int ToNextVector<T>(ref T y) where T : unmanaged =>
        (int)(-(nint)Unsafe.AsPointer(ref y) & (Vector256<byte>.Count - 1)) / sizeof(T);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Few<T, TValues>(ref T y, Part count, TValues values)
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct =>
        count.Store(values.At(0, count), ref y, 0);

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
