using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

internal enum ActivationKind
{
    None,
    Relu,
    LeakyRelu,
    Silu,
    Gelu,
    GeluTanh,
}

/// <summary>A function of each element and what its derivative makes of a gradient.</summary>
internal interface IActivation<T> where T : unmanaged
{
    Vector256<T> Value(Vector256<T> x);

    /// <summary>g times the derivative at z; NaN where z is NaN.</summary>
    Vector256<T> Gradient(Vector256<T> z, Vector256<T> g);
}

internal static class Activations
{
    public static void Apply<T, TActivation>(Span<T> block, TActivation activation)
        where T : unmanaged, INumberBase<T>
        where TActivation : struct, IActivation<T> =>
        Map.Row(block, new Values<T, TActivation>(ref MemoryMarshal.GetReference(block), activation));

    public static void Gradient<T, TActivation>(ReadOnlySpan<T> z, Span<T> g, TActivation activation)
        where T : unmanaged, INumberBase<T>
        where TActivation : struct, IActivation<T>
    {
        Debug.Assert(z.Length == g.Length);
        Map.Row(g, new Gradients<T, TActivation>(ref MemoryMarshal.GetReference(z), ref MemoryMarshal.GetReference(g), activation));
    }

    private readonly ref struct Values<T, TActivation>(ref T x, TActivation activation) : IRowValues<T>
        where T : unmanaged
        where TActivation : struct, IActivation<T>
    {
        private readonly ref T x = ref x;
        private readonly TActivation activation = activation;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<T> At<TCount>(nint index, TCount count) where TCount : struct, ICount => activation.Value(count.Load(ref x, index));
    }

    private readonly ref struct Gradients<T, TActivation>(ref T z, ref T g, TActivation activation) : IRowValues<T>
        where T : unmanaged
        where TActivation : struct, IActivation<T>
    {
        private readonly ref T z = ref z;
        private readonly ref T g = ref g;
        private readonly TActivation activation = activation;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<T> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            activation.Gradient(count.Load(ref z, index), count.Load(ref g, index));
    }
}

internal readonly struct Relu<T> : IActivation<T> where T : unmanaged
{
    // Written so that NaN, which compares as false, passes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<T> Value(Vector256<T> x) =>
        Vector256.ConditionalSelect(Vector256.LessThanOrEqual(x, Vector256<T>.Zero), Vector256<T>.Zero, x);

    // A select, not a product: an infinite gradient of an output that does not depend on z is no gradient of z.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<T> Gradient(Vector256<T> z, Vector256<T> g) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(z, Vector256<T>.Zero), g, Value(z));
}

internal readonly struct LeakyRelu<T>(T negativeSlope) : IActivation<T> where T : unmanaged, INumberBase<T>
{
    private readonly Vector256<T> negativeSlope = Vector256.Create(negativeSlope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<T> Value(Vector256<T> x) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256<T>.Zero), x, x * negativeSlope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<T> Gradient(Vector256<T> z, Vector256<T> g)
    {
        Vector256<T> product = Vector256.ConditionalSelect(Vector256.GreaterThan(z, Vector256<T>.Zero), g, g * negativeSlope);
        return Vector256.ConditionalSelect(Vector256.Equals(z, z), product, z);
    }
}

/// <summary>An activation that is computed in double.</summary>
internal interface ISmooth
{
    static abstract Vector256<double> Value(Vector256<double> x);

    static abstract Vector256<double> Slope(Vector256<double> z);
}

/// <summary>On floats: in double, rounded once.</summary>
internal readonly struct InDouble<T, TSmooth> : IActivation<T> where T : unmanaged where TSmooth : struct, ISmooth
{
    public Vector256<T> Value(Vector256<T> x)
    {
        if (typeof(T) == typeof(double))
            return TSmooth.Value(x.As<T, double>()).As<double, T>();
        Debug.Assert(typeof(T) == typeof(float));
        Vector256<float> single = x.As<T, float>();
        return Vector256.Narrow(TSmooth.Value(Vector256.WidenLower(single)), TSmooth.Value(Vector256.WidenUpper(single))).As<float, T>();
    }

    public Vector256<T> Gradient(Vector256<T> z, Vector256<T> g)
    {
        if (typeof(T) == typeof(double))
            return (g.As<T, double>() * TSmooth.Slope(z.As<T, double>())).As<double, T>();
        Debug.Assert(typeof(T) == typeof(float));
        Vector256<float> at = z.As<T, float>(), gradient = g.As<T, float>();
        return Vector256.Narrow(
            Vector256.WidenLower(gradient) * TSmooth.Slope(Vector256.WidenLower(at)),
            Vector256.WidenUpper(gradient) * TSmooth.Slope(Vector256.WidenUpper(at))).As<float, T>();
    }
}
