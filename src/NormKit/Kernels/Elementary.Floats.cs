using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>A function of a double, for code that takes any of them.</summary>
internal interface IElementary
{
    static abstract Vector256<double> Of(Vector256<double> x);
}

internal static partial class Elementary
{
    /// <summary>A function on floats: computed in double and rounded once, so correctly rounded but for one argument in some hundred million.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> OnFloats<TFunction>(Vector256<float> x) where TFunction : struct, IElementary =>
        Vector256.Narrow(TFunction.Of(Vector256.WidenLower(x)), TFunction.Of(Vector256.WidenUpper(x)));

    /// <inheritdoc cref="Exp(double)"/>
    public static Vector256<float> Exp(Vector256<float> x) => OnFloats<ExpFunction>(x);

    /// <inheritdoc cref="Sigmoid(double)"/>
    public static Vector256<float> Sigmoid(Vector256<float> x) => OnFloats<SigmoidFunction>(x);

    /// <inheritdoc cref="Tanh(double)"/>
    public static Vector256<float> Tanh(Vector256<float> x) => OnFloats<TanhFunction>(x);

    /// <inheritdoc cref="Log(double)"/>
    public static Vector256<float> Log(Vector256<float> x) => OnFloats<LogFunction>(x);

    /// <inheritdoc cref="Erf(double)"/>
    public static Vector256<float> Erf(Vector256<float> x) => OnFloats<ErfFunction>(x);

    /// <inheritdoc cref="Erfc(double)"/>
    public static Vector256<float> Erfc(Vector256<float> x) => OnFloats<ErfcFunction>(x);

    /// <inheritdoc cref="Pow(double, double)"/>
    public static Vector256<float> Pow(Vector256<float> x, Vector256<float> y) => Vector256.Narrow(
        Pow(Vector256.WidenLower(x), Vector256.WidenLower(y)), Pow(Vector256.WidenUpper(x), Vector256.WidenUpper(y)));

    private readonly struct ExpFunction : IElementary
    {
        public static Vector256<double> Of(Vector256<double> x) => Exp(x);
    }

    private readonly struct SigmoidFunction : IElementary
    {
        public static Vector256<double> Of(Vector256<double> x) => Sigmoid(x);
    }

    private readonly struct TanhFunction : IElementary
    {
        public static Vector256<double> Of(Vector256<double> x) => Tanh(x);
    }

    private readonly struct LogFunction : IElementary
    {
        public static Vector256<double> Of(Vector256<double> x) => Log(x);
    }

    private readonly struct ErfFunction : IElementary
    {
        public static Vector256<double> Of(Vector256<double> x) => Erf(x);
    }

    private readonly struct ErfcFunction : IElementary
    {
        public static Vector256<double> Of(Vector256<double> x) => Erfc(x);
    }
}
