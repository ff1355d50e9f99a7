using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>A function of a double, for code that takes any of them.</summary>
internal interface IElementary
{
    static abstract Vector512<double> Of(Vector512<double> x);
}

internal static partial class Elementary
{
    /// <summary>A function on sixteen floats: computed in double and rounded once, so correctly rounded but for one argument in some hundred million.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> OnFloats<TFunction>(Vector512<float> x) where TFunction : struct, IElementary =>
        Vector512.Narrow(TFunction.Of(Vector512.WidenLower(x)), TFunction.Of(Vector512.WidenUpper(x)));

    /// <inheritdoc cref="Exp(double)"/>
    public static Vector512<float> Exp(Vector512<float> x) => OnFloats<ExpFunction>(x);

    /// <inheritdoc cref="Sigmoid(double)"/>
    public static Vector512<float> Sigmoid(Vector512<float> x) => OnFloats<SigmoidFunction>(x);

    /// <inheritdoc cref="Tanh(double)"/>
    public static Vector512<float> Tanh(Vector512<float> x) => OnFloats<TanhFunction>(x);

    /// <inheritdoc cref="Log(double)"/>
    public static Vector512<float> Log(Vector512<float> x) => OnFloats<LogFunction>(x);

    /// <inheritdoc cref="Erf(double)"/>
    public static Vector512<float> Erf(Vector512<float> x) => OnFloats<ErfFunction>(x);

    /// <inheritdoc cref="Erfc(double)"/>
    public static Vector512<float> Erfc(Vector512<float> x) => OnFloats<ErfcFunction>(x);

    /// <inheritdoc cref="Pow(double, double)"/>
    public static Vector512<float> Pow(Vector512<float> x, Vector512<float> y) => Vector512.Narrow(
        Pow(Vector512.WidenLower(x), Vector512.WidenLower(y)), Pow(Vector512.WidenUpper(x), Vector512.WidenUpper(y)));

    private readonly struct ExpFunction : IElementary
    {
        public static Vector512<double> Of(Vector512<double> x) => Exp(x);
    }

    private readonly struct SigmoidFunction : IElementary
    {
        public static Vector512<double> Of(Vector512<double> x) => Sigmoid(x);
    }

    private readonly struct TanhFunction : IElementary
    {
        public static Vector512<double> Of(Vector512<double> x) => Tanh(x);
    }

    private readonly struct LogFunction : IElementary
    {
        public static Vector512<double> Of(Vector512<double> x) => Log(x);
    }

    private readonly struct ErfFunction : IElementary
    {
        public static Vector512<double> Of(Vector512<double> x) => Erf(x);
    }

    private readonly struct ErfcFunction : IElementary
    {
        public static Vector512<double> Of(Vector512<double> x) => Erfc(x);
    }
}
