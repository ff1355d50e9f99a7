using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace NormKit.Kernels;

/// <summary>
/// Asks for an element that will be wanted soon, where a stream of addresses is too short or too wide apart for the processor to see. An address
/// beyond the tensor is no error: nothing is read. Where the processor has no such instruction, nothing is asked for.
/// </summary>
internal interface IPrefetch
{
    static abstract void Fetch<T>(ref T start, nint index) where T : unmanaged;
}

/// <summary>Into the first cache: for the next row of a few KiB, which would have to be waited for at its beginning.</summary>
internal readonly struct IntoFirstCache : IPrefetch
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Fetch<T>(ref T start, nint index) where T : unmanaged
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.Add(ref start, index)));
    }
}

/// <summary>Into the second cache: for what the first has no room for beside what is being worked on.</summary>
internal readonly struct IntoSecondCache : IPrefetch
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Fetch<T>(ref T start, nint index) where T : unmanaged
    {
        if (Sse.IsSupported)
            Sse.Prefetch1(Unsafe.AsPointer(ref Unsafe.Add(ref start, index)));
    }
}

/// <summary>Not at all.</summary>
internal readonly struct Nowhere : IPrefetch
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch<T>(ref T start, nint index) where T : unmanaged
    {
    }
}
