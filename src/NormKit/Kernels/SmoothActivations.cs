using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

// Each is x times a share that falls to 0. Beyond Far the share is 0 or 1, so a bound there changes no value but that at infinity, where a
// product with 0 would be NaN.

/// <summary>x sigmoid(x).</summary>
internal readonly struct Silu : ISmooth
{
    public static Vector256<double> Value(Vector256<double> x) =>
        Elementary.Clamp(x, -Smooth.Far, double.PositiveInfinity) * Elementary.Sigmoid(x);

    public static Vector256<double> Slope(Vector256<double> z)
    {
        z = Elementary.Clamp(z, -Smooth.Far, Smooth.Far);
        Vector256<double> share = Elementary.Sigmoid(z, out Vector256<double> derivative);
        return share + (z * derivative);
    }
}

/// <summary>x times the normal distribution's integral up to x, by erfc, which keeps the digits of the lower tail that 1 + erf loses.</summary>
internal readonly struct Gelu : ISmooth
{
    private const double InverseRootOfTwo = 0.70710678118654752440, InverseRootOfTwoPi = 0.39894228040143267794;

    public static Vector256<double> Value(Vector256<double> x) => Elementary.Clamp(x, -Smooth.Far, double.PositiveInfinity) * Share(x);

    public static Vector256<double> Slope(Vector256<double> z)
    {
        z = Elementary.Clamp(z, -Smooth.Far, Smooth.Far);
        return Share(z) + (z * (Elementary.Exp(z * z * -0.5) * InverseRootOfTwoPi));
    }

    private static Vector256<double> Share(Vector256<double> x) => Elementary.Erfc(x * -InverseRootOfTwo) * 0.5;
}

/// <summary>x (1 + tanh(u)) / 2 = x sigmoid(2u).</summary>
internal readonly struct GeluTanh : ISmooth
{
    /// <summary>2 sqrt(2 / pi).</summary>
    private const double TwiceRoot = 1.59576912160573071176;

    private const double Cubic = 0.044715;

    public static Vector256<double> Value(Vector256<double> x) =>
        Elementary.Clamp(x, -Smooth.Far, double.PositiveInfinity) * Elementary.Sigmoid((x + (x * x * x * Cubic)) * TwiceRoot);

    public static Vector256<double> Slope(Vector256<double> z)
    {
        z = Elementary.Clamp(z, -Smooth.Far, Smooth.Far);
        Vector256<double> square = z * z;
        Vector256<double> share = Elementary.Sigmoid((z + (square * z * Cubic)) * TwiceRoot, out Vector256<double> derivative);
        Vector256<double> inner = (Vector256<double>.One + (square * (3 * Cubic))) * TwiceRoot;
        return share + (z * inner * derivative);
    }
}

internal static class Smooth
{
    public const double Far = 1000;
}
