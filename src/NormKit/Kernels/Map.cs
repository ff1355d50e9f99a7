using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>The value of each element of a run.</summary>
internal interface IRowValues<T> where T : unmanaged
{
    Vector512<T> At<TCount>(nint index, TCount count) where TCount : struct, ICount;
}

/// <summary>The one loop that writes results. An element's value depends on its own inputs alone, so the destination may be an input.</summary>
internal static class Map
{
    public static void Row<T, TValues>(Span<T> destination, TValues values)
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct
    {
        ref T y = ref MemoryMarshal.GetReference(destination);
        int i = 0;
        int head = ToNextLine(ref y);
        if (head > 0 && destination.Length >= 2 * Vector512<T>.Count)
        {
            // The second vector overlaps the first and begins a cache line, as then do all others: a store across two lines costs twice.
            // Both are computed before either is stored, for y may be x.
            Vector512<T> first = values.At(0, default(Whole)), second = values.At(head, default(Whole));
            first.StoreUnsafe(ref y);
            second.StoreUnsafe(ref y, (nuint)head);
            i = head + Vector512<T>.Count;
        }
        for (; destination.Length - i >= Vector512<T>.Count; i += Vector512<T>.Count)
            values.At(i, default(Whole)).StoreUnsafe(ref y, (nuint)i);
        if (i < destination.Length)
            Tail(ref y, i, new Part(destination.Length - i), values);
    }

    /// <summary>How many elements lie before the next multiple of a vector's size; memory here is pinned, so the answer holds.</summary>
    private static unsafe int ToNextLine<T>(ref T y) where T : unmanaged =>
        (int)(-(nint)Unsafe.AsPointer(ref y) & (Vector512<byte>.Count - 1)) / sizeof(T);

    /// <summary>Apart from the loop, whose registers its calls would cost.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tail<T, TValues>(ref T y, int index, Part count, TValues values)
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct =>
        count.Store(values.At(index, count), ref y, index);
}
