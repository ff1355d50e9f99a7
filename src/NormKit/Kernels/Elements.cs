using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NormKit.Kernels;

/// <summary>The element types that tensors may have, and the conversions between them and what is computed in. Each value is rounded once.</summary>
internal static class Elements
{
    /// <summary>Whether tensors of <typeparamref name="T"/> can be computed on in <typeparamref name="TNarrow"/>, the type of parameters.</summary>
    public static bool AreComputedIn<T, TNarrow>() =>
        (typeof(T) == typeof(TNarrow) && (typeof(T) == typeof(float) || typeof(T) == typeof(double)))
        || (typeof(TNarrow) == typeof(float) && (typeof(T) == typeof(Half) || typeof(T) == typeof(BFloat16)));

    public static void Convert<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        if (typeof(TFrom) == typeof(float) && typeof(TTo) == typeof(double))
            TensorPrimitives.ConvertTruncating(As<TFrom, float>(from), As<TTo, double>(to));
        else if (typeof(TFrom) == typeof(double) && typeof(TTo) == typeof(float))
            TensorPrimitives.ConvertTruncating(As<TFrom, double>(from), As<TTo, float>(to));
        else if (typeof(TFrom) == typeof(Half) && typeof(TTo) == typeof(float))
            SixteenBit.Widen(As<TFrom, Half>(from), As<TTo, float>(to));
        else if (typeof(TFrom) == typeof(float) && typeof(TTo) == typeof(Half))
            SixteenBit.Narrow(As<TFrom, float>(from), As<TTo, Half>(to));
        else if (typeof(TFrom) == typeof(Half) && typeof(TTo) == typeof(double))
            SixteenBit.Widen(As<TFrom, Half>(from), As<TTo, double>(to));
        else if (typeof(TFrom) == typeof(double) && typeof(TTo) == typeof(Half))
            SixteenBit.Narrow(As<TFrom, double>(from), As<TTo, Half>(to));
        else if (typeof(TFrom) == typeof(BFloat16) && typeof(TTo) == typeof(float))
            SixteenBit.Widen(As<TFrom, BFloat16>(from), As<TTo, float>(to));
        else if (typeof(TFrom) == typeof(float) && typeof(TTo) == typeof(BFloat16))
            SixteenBit.Narrow(As<TFrom, float>(from), As<TTo, BFloat16>(to));
        else if (typeof(TFrom) == typeof(BFloat16) && typeof(TTo) == typeof(double))
            SixteenBit.Widen(As<TFrom, BFloat16>(from), As<TTo, double>(to));
        else if (typeof(TFrom) == typeof(double) && typeof(TTo) == typeof(BFloat16))
            SixteenBit.Narrow(As<TFrom, double>(from), As<TTo, BFloat16>(to));
        else
            throw new NotSupportedException($"NormKit converts no {typeof(TFrom).Name} to {typeof(TTo).Name}.");
    }

    /// <exception cref="NotSupportedException">Tensors have no such elements.</exception>
    public static void RequireKnown<T>()
    {
        if (!AreComputedIn<T, float>() && !AreComputedIn<T, double>())
            throw new NotSupportedException($"NormKit computes on float, double, Half and BFloat16; {typeof(T).Name} is none of them.");
    }

    /// <summary>One element, which a double holds.</summary>
    public static double ToDouble<T>(T value) where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            return Unsafe.BitCast<T, float>(value);
        if (typeof(T) == typeof(Half))
            return (double)Unsafe.BitCast<T, Half>(value);
        if (typeof(T) == typeof(BFloat16))
            return (double)Unsafe.BitCast<T, BFloat16>(value);
        return Unsafe.BitCast<T, double>(value);
    }

    /// <summary>The nearest element to a double, rounded once.</summary>
    public static T FromDouble<T>(double value) where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            return Unsafe.BitCast<float, T>((float)value);
        if (typeof(T) == typeof(Half))
            return Unsafe.BitCast<Half, T>((Half)value);
        if (typeof(T) == typeof(BFloat16))
            return Unsafe.BitCast<BFloat16, T>((BFloat16)value);
        return Unsafe.BitCast<double, T>(value);
    }

    private static ReadOnlySpan<TSame> As<T, TSame>(ReadOnlySpan<T> span) =>
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, TSame>(ref MemoryMarshal.GetReference(span)), span.Length);

    private static Span<TSame> As<T, TSame>(Span<T> span) =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<T, TSame>(ref MemoryMarshal.GetReference(span)), span.Length);
}
