using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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

/// <summary>Which element types kernels take into registers as they lie; others go through a copy.</summary>
internal static class Stored
{
    /// <summary>What is computed in, and BFloat16, which is the upper half of a float.</summary>
    public static bool LoadsAs<TStored, T>() => typeof(TStored) == typeof(T) || (typeof(TStored) == typeof(BFloat16) && typeof(T) == typeof(float));
}

/// <summary>
/// How many lanes of a vector are meant. Two types, so that the JIT compiles a loop over whole vectors without a trace of the other case.
/// </summary>
internal interface ICount
{
    /// <summary>The elements from <paramref name="index"/> on; zero in the lanes that are not meant.</summary>
    Vector256<T> Load<T>(ref T start, nint index) where T : unmanaged;

    /// <summary>Elements of a type that <see cref="Stored"/> takes into registers, as what is computed in.</summary>
    Vector256<T> Load<TStored, T>(ref TStored start, nint index)
        where TStored : unmanaged
        where T : unmanaged;

    /// <summary>Writes the lanes that are meant, each rounded once where they are stored as another type.</summary>
    void Store<TStored, T>(Vector256<T> value, ref TStored start, nint index)
        where TStored : unmanaged
        where T : unmanaged;
}

/// <summary>All lanes.</summary>
internal readonly struct Whole : ICount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<T> Load<T>(ref T start, nint index) where T : unmanaged => Vector256.LoadUnsafe(ref start, (nuint)index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<T> Load<TStored, T>(ref TStored start, nint index)
        where TStored : unmanaged
        where T : unmanaged =>
        typeof(TStored) == typeof(T)
            ? Vector256.LoadUnsafe(ref Unsafe.As<TStored, T>(ref start), (nuint)index)
            : SixteenBit.Floats(ref Unsafe.As<TStored, ushort>(ref start), index).As<float, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TStored, T>(Vector256<T> value, ref TStored start, nint index)
        where TStored : unmanaged
        where T : unmanaged
    {
        if (typeof(TStored) == typeof(T))
            value.StoreUnsafe(ref Unsafe.As<TStored, T>(ref start), (nuint)index);
        else
            SixteenBit.Rounded(value.As<T, float>()).StoreUnsafe(ref Unsafe.As<TStored, ushort>(ref start), (nuint)index);
    }
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

    public Vector256<T> Load<TStored, T>(ref TStored start, nint index)
        where TStored : unmanaged
        where T : unmanaged
    {
        if (typeof(TStored) == typeof(T))
            return Load(ref Unsafe.As<TStored, T>(ref start), index);
        Vector128<ushort> bits = Vector128<ushort>.Zero;
        MemoryMarshal.CreateSpan(ref Unsafe.As<TStored, ushort>(ref Unsafe.Add(ref start, index)), Lanes)
            .CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.As<Vector128<ushort>, ushort>(ref bits), Vector128<ushort>.Count));
        return SixteenBit.Floats(ref Unsafe.As<Vector128<ushort>, ushort>(ref bits), 0).As<float, T>();
    }

    public void Store<TStored, T>(Vector256<T> value, ref TStored start, nint index)
        where TStored : unmanaged
        where T : unmanaged
    {
        Debug.Assert(Lanes > 0 && Lanes < Vector256<T>.Count);
        if (typeof(TStored) == typeof(T))
        {
            MemoryMarshal.CreateSpan(ref Unsafe.As<Vector256<T>, TStored>(ref value), Lanes).CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.Add(ref start, index), Lanes));
            return;
        }
        Vector128<ushort> bits = SixteenBit.Rounded(value.As<T, float>());
        MemoryMarshal.CreateSpan(ref Unsafe.As<Vector128<ushort>, ushort>(ref bits), Lanes)
            .CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.As<TStored, ushort>(ref Unsafe.Add(ref start, index)), Lanes));
    }
}
