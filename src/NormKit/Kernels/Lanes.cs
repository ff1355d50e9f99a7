using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NormKit.Kernels;

/// <summary>
/// Loads and stores of eight floats or four doubles, whole or in part, and sums over lanes. 256 bits on every machine: where registers are narrower the
/// JIT splits them, so the lane that an element falls into, and with it every bit of a sum, does not depend on the CPU. (512 bits are no faster where
/// memory decides, and without AVX-512 cost twice the registers, of which there are then sixteen.)
/// </summary>
internal static class Lanes
{
    /// <summary>Zeroes the lanes from <paramref name="count"/> on, whatever they hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Keep<T>(Vector256<T> value, int count) where T : unmanaged =>
        Vector256.ConditionalSelect(Masks<T>.First(count), value, Vector256<T>.Zero);

    /// <summary>
    /// Asks for an element that will be wanted soon, where a stream of addresses is too short or too wide apart for the processor to see. An address
    /// beyond the tensor is no error: nothing is read.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Prefetch<T>(ref T start, nint index) where T : unmanaged
    {
        if (Sse.IsSupported)
            Sse.Prefetch1(Unsafe.AsPointer(ref Unsafe.Add(ref start, index)));
    }

    /// <summary>Adds the lanes of two vectors in one fixed order; <see cref="Vector256.Sum"/> leaves its order to the platform.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum<T>(Vector256<T> lower, Vector256<T> upper) where T : unmanaged, System.Numerics.INumberBase<T>
    {
        Vector256<T> eight = lower + upper;
        Vector128<T> four = eight.GetLower() + eight.GetUpper();
        return Vector128<T>.Count == 4
            ? (four.GetElement(0) + four.GetElement(1)) + (four.GetElement(2) + four.GetElement(3))
            : four.GetElement(0) + four.GetElement(1);
    }

    private static class Masks<T> where T : unmanaged
    {
        // Sliding a window over ones followed by zeros gives each mask without a comparison of indices.
        private static readonly byte[] OnesThenZeros =
            [.. Enumerable.Repeat((byte)0xFF, Vector256<byte>.Count), .. new byte[Vector256<byte>.Count]];

        public static Vector256<T> First(int count) =>
            Vector256.LoadUnsafe(ref OnesThenZeros[Vector256<byte>.Count - (count * Unsafe.SizeOf<T>())]).As<byte, T>();
    }
}

/// <summary>
/// How many lanes of a vector are meant. Two types, so that the JIT compiles a loop over whole vectors without a trace of the other case.
/// </summary>
internal interface ICount
{
    /// <summary>The elements from <paramref name="index"/> on; zero in the lanes that are not meant.</summary>
    Vector256<T> Load<T>(ref T start, nint index) where T : unmanaged;

    /// <summary>Writes the lanes that are meant.</summary>
    void Store<T>(Vector256<T> value, ref T start, nint index) where T : unmanaged;
}

/// <summary>All lanes.</summary>
internal readonly struct Whole : ICount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<T> Load<T>(ref T start, nint index) where T : unmanaged => Vector256.LoadUnsafe(ref start, (nuint)index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<T>(Vector256<T> value, ref T start, nint index) where T : unmanaged => value.StoreUnsafe(ref start, (nuint)index);
}

/// <summary>The first few lanes, at least one and not all.</summary>
internal readonly struct Part(int lanes) : ICount
{
    public int Lanes { get; } = lanes;

    public Vector256<T> Load<T>(ref T start, nint index) where T : unmanaged
    {
        Debug.Assert(Lanes > 0 && Lanes < Vector256<T>.Count);
        Vector256<T> value = Vector256<T>.Zero;
        MemoryMarshal.CreateSpan(ref Unsafe.Add(ref start, index), Lanes)
            .CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.As<Vector256<T>, T>(ref value), Vector256<T>.Count));
        return value;
    }

    public void Store<T>(Vector256<T> value, ref T start, nint index) where T : unmanaged
    {
        Debug.Assert(Lanes > 0 && Lanes < Vector256<T>.Count);
        MemoryMarshal.CreateSpan(ref Unsafe.As<Vector256<T>, T>(ref value), Lanes)
            .CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.Add(ref start, index), Lanes));
    }
}
