using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

internal static partial class Elementary
{
    /// <summary>The error function.</summary>
    public static double Erf(double x) => Erf(Vector256.Create(x)).ToScalar();

    /// <inheritdoc cref="Erf(double)"/>
    public static Vector256<double> Erf(Vector256<double> x)
    {
        Vector256<double> magnitude = Vector256.Abs(x);
        Vector256<double> near = x + (x * ErfNear(x * x));
        Vector256<double> middle = Vector256.Create(ErfOfAboutOne) + ErfAroundOne(magnitude);
        Vector256<double> far = Vector256<double>.One - ErfcFar(magnitude);
        return Pieces(x, near, middle | Sign(x), far | Sign(x));
    }

    /// <summary>1 - erf(x), without the cancellation where erf is near 1.</summary>
    public static double Erfc(double x) => Erfc(Vector256.Create(x)).ToScalar();

    /// <inheritdoc cref="Erfc(double)"/>
    public static Vector256<double> Erfc(Vector256<double> x)
    {
        Vector256<double> magnitude = Vector256.Abs(x), half = Vector256.Create(0.5), one = Vector256<double>.One;
        Vector256<double> isNegative = Vector256.LessThan(x, Vector256<double>.Zero);
        Vector256<double> product = x * ErfNear(x * x);
        Vector256<double> near = Vector256.ConditionalSelect(
            Vector256.LessThan(x, Vector256.Create(0.25)), one - (x + product), half - (product + (x - half)));
        Vector256<double> around = ErfAroundOne(magnitude);
        Vector256<double> middle = Vector256.ConditionalSelect(
            isNegative, one + (Vector256.Create(ErfOfAboutOne) + around), Vector256.Create(1 - ErfOfAboutOne) - around);
        Vector256<double> far = ErfcFar(magnitude);
        return Pieces(x, near, middle, Vector256.ConditionalSelect(isNegative, Vector256.Create(2.0) - far, far));
    }

    /// <summary>erf(1), to as few bits as a float has.</summary>
    private const double ErfOfAboutOne = 8.45062911510467529297e-01;

    private const double NearEnd = 0.84375, MiddleEnd = 1.25, FarMiddle = 1 / 0.35;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Pieces(Vector256<double> x, Vector256<double> near, Vector256<double> middle, Vector256<double> far)
    {
        Vector256<double> magnitude = Vector256.Abs(x);
        Vector256<double> outside = Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(MiddleEnd)), middle, far);
        Vector256<double> result = Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(NearEnd)), near, outside);
        return Vector256.ConditionalSelect(Vector256.Equals(x, x), result, x + x);
    }

    /// <summary>erf(x) / x - 1 from x^2, for |x| below 0.84375.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> ErfNear(Vector256<double> z) =>
        Polynomial(z, [1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02, -5.77027029648944159157e-03, -2.37630166566501626084e-05])
        / Polynomial(z, [1, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03, 1.32494738004321644526e-04, -3.96022827877536812320e-06]);

    /// <summary>erf(x) less <see cref="ErfOfAboutOne"/>, for x up to 1.25.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> ErfAroundOne(Vector256<double> x)
    {
        Vector256<double> s = x - Vector256<double>.One;
        return Polynomial(s, [
                -2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01, 3.18346619901161753674e-01,
                -1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03])
            / Polynomial(s, [
                1, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02, 1.26171219808761642112e-01,
                1.36370839120290507362e-02, 1.19844998467991074170e-02]);
    }

    /// <summary>1 - erf(x) for x from 1.25 on; 0 from 28 on.</summary>
    private static Vector256<double> ErfcFar(Vector256<double> x)
    {
        // A branch for a whole vector: most inputs of an activation have no element out here, and the lanes' bits do not depend on it.
        if (!Vector256.GreaterThanOrEqualAny(x, Vector256.Create(MiddleEnd)))
            return Vector256<double>.Zero;
        x = Clamp(x, MiddleEnd, 28);
        Vector256<double> s = Vector256<double>.One / (x * x), isFarther = Vector256.GreaterThanOrEqual(x, Vector256.Create(FarMiddle));
        Vector256<double> nearer = Polynomial(s, [
                -9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01, -6.23753324503260060396e+01,
                -1.62396669462573470355e+02, -1.84605092906711035994e+02, -8.12874355063065934246e+01, -9.81432934416914548592e+00])
            / Polynomial(s, [
                1, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02, 6.45387271733267880336e+02,
                4.29008140027567833386e+02, 1.08635005541779435134e+02, 6.57024977031928170135e+00, -6.04244152148580987438e-02]);
        Vector256<double> farther = Polynomial(s, [
                -9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01, -1.60636384855821916062e+02,
                -6.37566443368389627722e+02, -1.02509513161107724954e+03, -4.83519191608651397019e+02])
            / Polynomial(s, [
                1, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03, 3.19985821950859553908e+03,
                2.55305040643316442583e+03, 4.74528541206955367215e+02, -2.24409524465858183362e+01]);
        // e^(-x^2) in two factors, of which the first has an exact argument.
        Vector256<double> upper = UpperHalf(x);
        Vector256<double> rest = ((upper - x) * (upper + x)) + Vector256.ConditionalSelect(isFarther, farther, nearer);
        return Exp(Vector256.Create(-0.5625) - (upper * upper)) * Exp(rest) / x;
    }

    /// <summary>Horner's rule; the coefficients begin with the constant term.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Polynomial(Vector256<double> x, ReadOnlySpan<double> coefficients)
    {
        Vector256<double> sum = Vector256.Create(coefficients[^1]);
        for (int i = coefficients.Length - 2; i >= 0; i--)
            sum = (sum * x) + Vector256.Create(coefficients[i]);
        return sum;
    }
}
