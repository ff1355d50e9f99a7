using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>
/// Loads and stores of sixteen floats or eight doubles, whole or in part. 512 bits on every machine: where registers are narrower the JIT splits
/// them, so the lane that an element falls into, and with it every bit of a sum, does not depend on the CPU.
/// </summary>
internal static class Lanes
{
    /// <summary>The elements from <paramref name="index"/> on; lanes past <paramref name="count"/> are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load<T, TCount>(ref readonly T start, nint index, TCount count) where T : unmanaged where TCount : struct, ICount =>
        typeof(TCount) == typeof(Whole)
            ? Vector512.LoadUnsafe(in start, (nuint)index)
            : LoadPart(ref Unsafe.Add(ref Unsafe.AsRef(in start), index), count.Lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T, TCount>(Vector512<T> value, ref T start, nint index, TCount count) where T : unmanaged where TCount : struct, ICount
    {
        if (typeof(TCount) == typeof(Whole))
            value.StoreUnsafe(ref start, (nuint)index);
        else
            StorePart(value, ref Unsafe.Add(ref start, index), count.Lanes);
    }

    /// <summary>Zeroes the lanes from <paramref name="count"/> on, whatever they hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Keep<T>(Vector512<T> value, int count) where T : unmanaged =>
        Vector512.ConditionalSelect(Masks<T>.First(count), value, Vector512<T>.Zero);

    /// <summary>Adds the lanes in one fixed order; <see cref="Vector512.Sum"/> leaves its order to the platform.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum<T>(Vector512<T> lanes) where T : unmanaged, System.Numerics.INumberBase<T>
    {
        Vector256<T> eight = lanes.GetLower() + lanes.GetUpper();
        Vector128<T> four = eight.GetLower() + eight.GetUpper();
        return Vector128<T>.Count == 4
            ? (four.GetElement(0) + four.GetElement(1)) + (four.GetElement(2) + four.GetElement(3))
            : four.GetElement(0) + four.GetElement(1);
    }

    private static Vector512<T> LoadPart<T>(ref T start, int count) where T : unmanaged
    {
        Debug.Assert(count > 0 && count < Vector512<T>.Count);
        Vector512<T> value = Vector512<T>.Zero;
        MemoryMarshal.CreateSpan(ref start, count).CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.As<Vector512<T>, T>(ref value), Vector512<T>.Count));
        return value;
    }

    private static void StorePart<T>(Vector512<T> value, ref T start, int count) where T : unmanaged
    {
        Debug.Assert(count > 0 && count < Vector512<T>.Count);
        MemoryMarshal.CreateSpan(ref Unsafe.As<Vector512<T>, T>(ref value), count).CopyTo(MemoryMarshal.CreateSpan(ref start, count));
    }

    private static class Masks<T> where T : unmanaged
    {
        // Sliding a window over ones followed by zeros gives each mask without a comparison of indices.
        private static readonly byte[] OnesThenZeros = [.. Enumerable.Repeat((byte)0xFF, 64), .. new byte[64]];

        public static Vector512<T> First(int count) =>
            Vector512.LoadUnsafe(ref OnesThenZeros[64 - (count * Unsafe.SizeOf<T>())]).As<byte, T>();
    }
}

/// <summary>How many lanes of a vector are meant. A type, so that the JIT compiles whole vectors without a trace of the other case.</summary>
internal interface ICount
{
    int Lanes { get; }
}

/// <summary>All of them.</summary>
internal readonly struct Whole : ICount
{
    public int Lanes => throw new UnreachableException();
}

/// <summary>The first few.</summary>
internal readonly struct Part(int lanes) : ICount
{
    public int Lanes { get; } = lanes;
}
