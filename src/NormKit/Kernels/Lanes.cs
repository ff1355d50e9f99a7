using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NormKit.Kernels;

/// <summary>
/// Some numbers that are computed on together: 512 bits, 256 bits or one number. Loops and operators are written once, for any of them; the width is a
/// type parameter. Loads widen what is stored (float or BFloat16) to what is computed in, stores round once.
/// </summary>
internal interface ILanes<TSelf, T> where TSelf : struct, ILanes<TSelf, T> where T : unmanaged
{
    static abstract int Count { get; }

    static abstract TSelf Create(T value);

    static abstract TSelf Load<TStored>(ref TStored start, nint index) where TStored : unmanaged;

    void Store<TStored>(ref TStored start, nint index) where TStored : unmanaged;

    /// <summary>Stores without the caches, to an address that is a multiple of the vector's bytes.</summary>
    void StoreNonTemporal<TStored>(ref TStored start, nint index) where TStored : unmanaged;

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    /// <summary>The sum of the lanes, in one order on every machine.</summary>
    T Sum();
}

/// <summary>Which element types kernels take into registers as they lie; others go through a copy.</summary>
internal static class Stored
{
    /// <summary>The type that is computed in, and BFloat16, which is the upper half of a float.</summary>
    public static bool LoadsAs<TStored, T>() => typeof(TStored) == typeof(T) || (typeof(TStored) == typeof(BFloat16) && typeof(T) == typeof(float));
}

/// <summary>512 bits, where the processor has them.</summary>
internal readonly struct Lanes512<T>(Vector512<T> value) : ILanes<Lanes512<T>, T> where T : unmanaged
{
    private readonly Vector512<T> value = value;

    /// <summary>Whether these are the widest lanes to use.</summary>
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated && Avx512F.IsSupported;
    }

    public static int Count => Vector512<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Create(T value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Load<TStored>(ref TStored start, nint index) where TStored : unmanaged
    {
        if (typeof(TStored) == typeof(T))
            return new(Vector512.LoadUnsafe(ref Unsafe.As<TStored, T>(ref start), (nuint)index));
        if (typeof(T) == typeof(double))
            return new(Avx512F.ConvertToVector512Double(Lanes256<float>.Load(ref start, index).Value).As<double, T>());
        Vector256<ushort> bits = Vector256.LoadUnsafe(ref Unsafe.As<TStored, ushort>(ref start), (nuint)index);
        return new((Avx512F.ConvertToVector512UInt32(bits) << 16).As<uint, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TStored>(ref TStored start, nint index) where TStored : unmanaged
    {
        if (typeof(TStored) == typeof(T))
            value.StoreUnsafe(ref Unsafe.As<TStored, T>(ref start), (nuint)index);
        else
            SixteenBit.Rounded(value.As<T, float>()).StoreUnsafe(ref Unsafe.As<TStored, ushort>(ref start), (nuint)index);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void StoreNonTemporal<TStored>(ref TStored start, nint index) where TStored : unmanaged
    {
        TStored* to = (TStored*)Unsafe.AsPointer(ref Unsafe.Add(ref start, index));
        Debug.Assert((nint)to % (Count * sizeof(TStored)) == 0);
        if (typeof(TStored) == typeof(T))
            value.StoreAlignedNonTemporal((T*)to);
        else
            SixteenBit.Rounded(value.As<T, float>()).StoreAlignedNonTemporal((ushort*)to);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> operator +(Lanes512<T> a, Lanes512<T> b) => new(a.value + b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> operator -(Lanes512<T> a, Lanes512<T> b) => new(a.value - b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> operator *(Lanes512<T> a, Lanes512<T> b) => new(a.value * b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Sum() => new Lanes256<T>(value.GetLower() + value.GetUpper()).Sum();
}

/// <summary>256 bits on every machine: where registers are narrower the JIT splits them, so lanes are the same and so are sums of a fixed shape.</summary>
internal readonly struct Lanes256<T>(Vector256<T> value) : ILanes<Lanes256<T>, T> where T : unmanaged
{
    public readonly Vector256<T> Value = value;

    public static int Count => Vector256<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Create(T value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Load<TStored>(ref TStored start, nint index) where TStored : unmanaged
    {
        if (typeof(TStored) == typeof(T))
            return new(Vector256.LoadUnsafe(ref Unsafe.As<TStored, T>(ref start), (nuint)index));
        if (typeof(T) == typeof(float))
            return new(SixteenBit.Floats(ref Unsafe.As<TStored, ushort>(ref start), index).As<float, T>());
        Vector128<float> four = typeof(TStored) == typeof(float)
            ? Vector128.LoadUnsafe(ref Unsafe.As<TStored, float>(ref start), (nuint)index)
            : SixteenBit.FourFloats(ref Unsafe.As<TStored, ushort>(ref start), index);
        return new((Avx.IsSupported
            ? Avx.ConvertToVector256Double(four)
            : Vector256.Create(Vector128.WidenLower(four), Vector128.WidenUpper(four))).As<double, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TStored>(ref TStored start, nint index) where TStored : unmanaged
    {
        if (typeof(TStored) == typeof(T))
            Value.StoreUnsafe(ref Unsafe.As<TStored, T>(ref start), (nuint)index);
        else
            SixteenBit.Rounded(Value.As<T, float>()).StoreUnsafe(ref Unsafe.As<TStored, ushort>(ref start), (nuint)index);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void StoreNonTemporal<TStored>(ref TStored start, nint index) where TStored : unmanaged
    {
        TStored* to = (TStored*)Unsafe.AsPointer(ref Unsafe.Add(ref start, index));
        Debug.Assert((nint)to % (Count * sizeof(TStored)) == 0);
        if (typeof(TStored) != typeof(T))
        {
            SixteenBit.Rounded(Value.As<T, float>()).StoreAlignedNonTemporal((ushort*)to);
            return;
        }
        if (Vector256.IsHardwareAccelerated)
        {
            Value.StoreAlignedNonTemporal((T*)to);
            return;
        }
        // In software that would be an ordinary store.
        Value.GetLower().StoreAlignedNonTemporal((T*)to);
        Value.GetUpper().StoreAlignedNonTemporal((T*)to + Vector128<T>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> operator +(Lanes256<T> a, Lanes256<T> b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> operator -(Lanes256<T> a, Lanes256<T> b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> operator *(Lanes256<T> a, Lanes256<T> b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Sum()
    {
        // Vector256.Sum leaves its order to the platform.
        Vector128<T> half = Value.GetLower() + Value.GetUpper();
        if (typeof(T) == typeof(double))
            return (T)(object)(half.As<T, double>().GetElement(0) + half.As<T, double>().GetElement(1));
        Vector128<float> four = half.As<T, float>();
        return (T)(object)((four.GetElement(0) + four.GetElement(1)) + (four.GetElement(2) + four.GetElement(3)));
    }
}

/// <summary>One number: what is left of a run behind the last vector.</summary>
internal readonly struct Lane<T>(T value) : ILanes<Lane<T>, T> where T : unmanaged, INumberBase<T>
{
    public readonly T Value = value;

    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane<T> Create(T value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane<T> Load<TStored>(ref TStored start, nint index) where TStored : unmanaged
    {
        TStored stored = Unsafe.Add(ref start, index);
        if (typeof(TStored) == typeof(T))
            return new(Unsafe.BitCast<TStored, T>(stored));
        if (typeof(TStored) == typeof(float))
            return new(T.CreateTruncating(Unsafe.BitCast<TStored, float>(stored)));
        return new(T.CreateTruncating(BitConverter.UInt32BitsToSingle((uint)Unsafe.BitCast<TStored, ushort>(stored) << 16)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TStored>(ref TStored start, nint index) where TStored : unmanaged => Unsafe.Add(ref start, index) = typeof(TStored) == typeof(T)
        ? Unsafe.BitCast<T, TStored>(Value)
        : Unsafe.BitCast<BFloat16, TStored>((BFloat16)float.CreateTruncating(Value));

    public void StoreNonTemporal<TStored>(ref TStored start, nint index) where TStored : unmanaged => Store(ref start, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane<T> operator +(Lane<T> a, Lane<T> b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane<T> operator -(Lane<T> a, Lane<T> b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane<T> operator *(Lane<T> a, Lane<T> b) => new(a.Value * b.Value);

    public T Sum() => Value;
}

/// <summary>
/// An operator in a loop, whose fields the JIT then keeps in registers. It takes a struct of up to four fields apart in one way, which fails where the
/// struct is copied from memory, and others, such as this one with a struct inside, in another way, which does not fail (seen in the code of .NET 10).
/// </summary>
internal readonly ref struct InRegisters<T>(ref readonly T value) where T : allows ref struct
{
    public readonly T Value = value;
}

/// <summary>
/// How many lanes of a 256-bit vector are meant, for operators whose functions are written for that width alone (the elementary functions). Two types, so
/// that the JIT compiles a loop over whole vectors without a trace of the other case.
/// </summary>
internal interface ICount
{
    /// <summary>The elements from <paramref name="index"/> on; zero in the lanes that are not meant.</summary>
    Vector256<T> Load<T>(ref T start, nint index) where T : unmanaged;
}

/// <summary>All lanes.</summary>
internal readonly struct Whole : ICount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<T> Load<T>(ref T start, nint index) where T : unmanaged => Vector256.LoadUnsafe(ref start, (nuint)index);
}

/// <summary>The first lane.</summary>
internal readonly struct First : ICount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<T> Load<T>(ref T start, nint index) where T : unmanaged => Vector256.CreateScalar(Unsafe.Add(ref start, index));
}

/// <summary>Lanes of a width that an operator of <see cref="ICount"/> has, as those that loops take.</summary>
internal static class FixedLanes
{
    /// <summary>What such an operator computed for <typeparamref name="TLanes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes As<TLanes, T>(Vector256<T> value)
        where TLanes : struct, ILanes<TLanes, T>
        where T : unmanaged
    {
        if (TLanes.Count == 1)
            return TLanes.Create(value.ToScalar());
        Debug.Assert(typeof(TLanes) == typeof(Lanes256<T>), "Loops take such operators 256 bits at a time.");
        Lanes256<T> lanes = new(value);
        return Unsafe.As<Lanes256<T>, TLanes>(ref lanes);
    }
}
