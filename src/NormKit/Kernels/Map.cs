using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>The value of each element of a run.</summary>
internal interface IRunValues<T> where T : unmanaged
{
    TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, T>;
}

/// <summary>The same by functions that are written for 256 bits.</summary>
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
    /// <param name="destination">Where results go, stored as the type computed in or as another (see <see cref="Stored"/>).</param>
    /// <param name="values">What is written.</param>
    /// <param name="past">Whether results are written with non-temporal stores, which pays where they do not fit in the caches.</param>
    public static void Run<TStored, T, TValues>(Span<TStored> destination, scoped in TValues values, bool past = false)
        where TStored : unmanaged
        where T : unmanaged, INumberBase<T>
        where TValues : IRunValues<T>, allows ref struct
    {
        if (Lanes512<T>.IsSupported)
            Run<TStored, T, Lanes512<T>, TValues>(destination, in values, past);
        else
            Run<TStored, T, Lanes256<T>, TValues>(destination, in values, past);
    }

    /// <summary>The same for values that are written for 256 bits.</summary>
    public static void Row<T, TValues>(Span<T> destination, scoped in TValues values)
        where T : unmanaged, INumberBase<T>
        where TValues : IRowValues<T>, allows ref struct =>
        Run<T, T, Lanes256<T>, FixedValues<T, TValues>>(destination, new(in values), past: false);

    private static void Run<TStored, T, TLanes, TValues>(Span<TStored> destination, scoped in TValues values, bool past)
        where TStored : unmanaged
        where T : unmanaged, INumberBase<T>
        where TLanes : struct, ILanes<TLanes, T>
        where TValues : IRunValues<T>, allows ref struct
    {
        ref TStored y = ref MemoryMarshal.GetReference(destination);
        if (!past)
        {
            Run<TStored, T, TLanes, TValues, Ordinary>(ref y, 0, destination.Length, in values);
            return;
        }
        // Whole cache lines: a line that is written both ways is written twice.
        int start = Math.Min(ToNext(ref y, CacheSizes.Line), destination.Length);
        int end = destination.Length - ((destination.Length - start) % (CacheSizes.Line / Unsafe.SizeOf<TStored>()));
        if (start > 0)
            Run<TStored, T, TLanes, TValues, Ordinary>(ref y, 0, start, in values);
        Run<TStored, T, TLanes, TValues, NonTemporal>(ref y, start, end, in values);
        if (end < destination.Length)
            Run<TStored, T, TLanes, TValues, Ordinary>(ref y, end, destination.Length, in values);
    }

    /// <summary>Not inlined: the JIT would then have no budget left to inline what this is made of.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Run<TStored, T, TLanes, TValues, TStore>(ref TStored y, int start, int end, scoped in TValues given)
        where TStored : unmanaged
        where T : unmanaged, INumberBase<T>
        where TLanes : struct, ILanes<TLanes, T>
        where TValues : IRunValues<T>, allows ref struct
        where TStore : struct, IStore
    {
        InRegisters<TValues> held = new(in given);
        int lanes = TLanes.Count;
        if (end - start < lanes)
        {
            if (TLanes.Count > Lanes256<T>.Count)
                Run<TStored, T, Lanes256<T>, TValues, Ordinary>(ref y, start, end, in given);
            else
                Few<TStored, T, TValues>(ref y, start, end, in given);
            return;
        }
        int i = start + ToNext(ref Unsafe.Add(ref y, start), lanes * Unsafe.SizeOf<TStored>()), last = end - lanes;
        bool isWhole = ((end - i) & (lanes - 1)) == 0, isAligned = i == start;
        TLanes atStart = isAligned ? default : held.Value.At<TLanes>(start), atEnd = isWhole ? default : held.Value.At<TLanes>(last);
        for (; i <= last; i += lanes)
            TStore.Store<TStored, T, TLanes>(held.Value.At<TLanes>(i), ref y, i);
        if (!isAligned)
            atStart.Store(ref y, start);
        if (!isWhole)
            atEnd.Store(ref y, last);
    }

    /// <summary>How many elements lie before the next multiple of so many bytes. Where the garbage collector moves a buffer meanwhile, which tensors are
    /// safe from, stores are no longer aligned and as right as before; non-temporal stores go to tensors alone.</summary>
    private static unsafe int ToNext<T>(ref T y, int bytes) where T : unmanaged => (int)(-(nint)Unsafe.AsPointer(ref y) & (bytes - 1)) / sizeof(T);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Few<TStored, T, TValues>(ref TStored y, int start, int end, scoped in TValues values)
        where TStored : unmanaged
        where T : unmanaged, INumberBase<T>
        where TValues : IRunValues<T>, allows ref struct
    {
        for (int i = start; i < end; i++)
            values.At<Lane<T>>(i).Store(ref y, i);
    }

    private interface IStore
    {
        static abstract void Store<TStored, T, TLanes>(TLanes value, ref TStored y, nint index)
            where TStored : unmanaged
            where T : unmanaged
            where TLanes : struct, ILanes<TLanes, T>;
    }

    private readonly struct Ordinary : IStore
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store<TStored, T, TLanes>(TLanes value, ref TStored y, nint index)
            where TStored : unmanaged
            where T : unmanaged
            where TLanes : struct, ILanes<TLanes, T> => value.Store(ref y, index);
    }

    private readonly struct NonTemporal : IStore
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store<TStored, T, TLanes>(TLanes value, ref TStored y, nint index)
            where TStored : unmanaged
            where T : unmanaged
            where TLanes : struct, ILanes<TLanes, T> => value.StoreNonTemporal(ref y, index);
    }

    private readonly ref struct FixedValues<T, TValues>(ref readonly TValues values) : IRunValues<T>
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct
    {
        private readonly TValues values = values;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, T> =>
            FixedLanes.As<TLanes, T>(TLanes.Count == 1 ? values.At(index, default(First)) : values.At(index, default(Whole)));
    }
}
