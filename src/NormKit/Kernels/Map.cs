using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using NormKit.Threading;

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
    public static void Row<T, TValues>(Span<T> destination, scoped in TValues values, bool past = false)
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct =>
        Row<T, T, TValues>(destination, in values, past);

    /// <summary>The same where results are stored as another type (see <see cref="Stored"/>).</summary>
    public static void Row<TStored, T, TValues>(Span<TStored> destination, scoped in TValues values, bool past)
        where TStored : unmanaged
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct
    {
        ref TStored y = ref MemoryMarshal.GetReference(destination);
        if (!past)
        {
            Row<TStored, T, TValues, ThroughCaches>(ref y, 0, destination.Length, in values);
            return;
        }
        // Whole cache lines: a line that is written both ways is written twice.
        int start = Math.Min(ToNext(ref y, CacheSizes.Line), destination.Length);
        int end = destination.Length - ((destination.Length - start) % (CacheSizes.Line / Unsafe.SizeOf<TStored>()));
        if (start > 0)
            Row<TStored, T, TValues, ThroughCaches>(ref y, 0, start, in values);
        Row<TStored, T, TValues, PastCaches>(ref y, start, end, in values);
        if (end < destination.Length)
            Row<TStored, T, TValues, ThroughCaches>(ref y, end, destination.Length, in values);
    }

    /// <summary>Not inlined: the JIT would then have no budget left to inline what this is made of.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Row<TStored, T, TValues, TStore>(ref TStored y, int start, int end, scoped in TValues given)
        where TStored : unmanaged
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct
        where TStore : struct, IStore
    {
        int lanes = Vector256<T>.Count;
        if (end - start < lanes)
        {
            if (start < end)
                Few<TStored, T, TValues>(ref y, start, new Part(end - start), in given);
            return;
        }
        TValues values = given;
        int i = start + ToNext(ref Unsafe.Add(ref y, start), lanes * Unsafe.SizeOf<TStored>()), last = end - lanes;
        bool isWhole = ((end - i) & (lanes - 1)) == 0, isAligned = i == start;
        Vector256<T> atStart = isAligned ? default : values.At(start, default(Whole)), atEnd = isWhole ? default : values.At(last, default(Whole));
        for (; i <= last; i += lanes)
            TStore.Store(values.At(i, default(Whole)), ref y, i);
        if (!isAligned)
            default(Whole).Store(atStart, ref y, start);
        if (!isWhole)
            default(Whole).Store(atEnd, ref y, last);
    }

    /// <summary>How many elements lie before the next multiple of so many bytes. Where the garbage collector moves a buffer meanwhile, which tensors are
    /// safe from, stores are no longer aligned and as right as before; past the caches only tensors are written.</summary>
    private static unsafe int ToNext<T>(ref T y, int bytes) where T : unmanaged => (int)(-(nint)Unsafe.AsPointer(ref y) & (bytes - 1)) / sizeof(T);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Few<TStored, T, TValues>(ref TStored y, int index, Part count, scoped in TValues values)
        where TStored : unmanaged
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct =>
        count.Store(values.At(index, count), ref y, index);

    private interface IStore
    {
        static abstract void Store<TStored, T>(Vector256<T> value, ref TStored y, int index)
            where TStored : unmanaged
            where T : unmanaged;
    }

    private readonly struct ThroughCaches : IStore
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store<TStored, T>(Vector256<T> value, ref TStored y, int index)
            where TStored : unmanaged
            where T : unmanaged => default(Whole).Store(value, ref y, index);
    }

    private readonly struct PastCaches : IStore
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static unsafe void Store<TStored, T>(Vector256<T> value, ref TStored y, int index)
            where TStored : unmanaged
            where T : unmanaged
        {
            TStored* to = (TStored*)Unsafe.AsPointer(ref Unsafe.Add(ref y, index));
            Debug.Assert((nint)to % (Vector256<T>.Count * sizeof(TStored)) == 0);
            if (typeof(TStored) == typeof(T))
            {
                if (Vector256.IsHardwareAccelerated)
                {
                    value.StoreAlignedNonTemporal((T*)to);
                    return;
                }
                // In software that would be an ordinary store.
                value.GetLower().StoreAlignedNonTemporal((T*)to);
                value.GetUpper().StoreAlignedNonTemporal((T*)to + Vector128<T>.Count);
                return;
            }
            SixteenBit.Rounded(value.As<T, float>()).StoreAlignedNonTemporal((ushort*)to);
        }
    }
}
