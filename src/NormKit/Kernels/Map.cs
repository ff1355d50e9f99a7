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
        for (; destination.Length - i >= Vector512<T>.Count; i += Vector512<T>.Count)
            values.At(i, default(Whole)).StoreUnsafe(ref y, (nuint)i);
        if (i < destination.Length)
            Tail(ref y, i, new Part(destination.Length - i), values);
    }

    /// <summary>Apart from the loop, whose registers its calls would cost.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tail<T, TValues>(ref T y, int index, Part count, TValues values)
        where T : unmanaged
        where TValues : IRowValues<T>, allows ref struct =>
        count.Store(values.At(index, count), ref y, index);
}
