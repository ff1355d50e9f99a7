using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>
/// What the vectors of one norm are divided by: Scale * Ratio, kept apart because the largest magnitude, which is taken out so that no power overflows,
/// and the norm need not both be in range.
/// </summary>
/// <param name="Scale">The largest magnitude, or 1; infinity for a vector of zeros, which so stays one.</param>
/// <param name="Ratio">The norm by it.</param>
/// <param name="HasNoSlope">Whether the norm does not move with the vector: eps was larger, all is 0, or it is a count.</param>
internal readonly record struct LpDivisor(double Scale, double Ratio, bool HasNoSlope);

/// <summary>The p-norm of runs of doubles, and its gradient, for any p but 2, which has a kernel in the type of its input.</summary>
internal readonly record struct LpNorm(double P, double Eps)
{
    /// <summary>What a run is divided by.</summary>
    public LpDivisor DivisorOf(ReadOnlySpan<double> x)
    {
        double largest = Largest(x), scale = P == 0 || (P == 1 && largest is > 1e-200 and < 1e200) ? 1 : largest;
        // An infinite norm leaves zeros, and NaN in place of infinity; a norm of NaN leaves NaN.
        double ratio = scale == 0 ? 0 : double.IsPositiveInfinity(P) || double.IsInfinity(scale) ? 1 : Root(
            Sums.AlongRow<PowerTerms>(x.Length, new(ref MemoryMarshal.GetReference(x), scale, P)).First);
        if (double.IsNaN(scale))
            ratio = double.NaN;
        bool isClamped = scale * ratio < Eps;
        double divisor = isClamped ? Eps : scale * ratio;
        return divisor == 0 ? new(double.PositiveInfinity, 1, HasNoSlope: true) : isClamped ? new(Eps, 1, HasNoSlope: true) : new(scale, ratio, HasNoSlope: P == 0);
    }

    /// <summary>x / norm, in place.</summary>
    public static void Divide(Span<double> x, LpDivisor divisor) =>
        Map.Row(x, new QuotientValues(ref MemoryMarshal.GetReference(x), divisor));

    /// <summary>dx = (dy - sum(dy * y) * slope of the norm) / norm, in place of dy.</summary>
    /// <param name="y">The output.</param>
    /// <param name="x">The input.</param>
    /// <param name="g">The gradient of the output.</param>
    /// <param name="divisor">That of the input.</param>
    public void Gradient(ReadOnlySpan<double> y, ReadOnlySpan<double> x, Span<double> g, LpDivisor divisor)
    {
        if (divisor.HasNoSlope)
        {
            Divide(g, divisor);
            return;
        }
        double share = Sums.AlongRow<Products>(g.Length, new(ref MemoryMarshal.GetReference(g), ref MemoryMarshal.GetReference(y))).First;
        double largest = 0;
        if (double.IsPositiveInfinity(P))
        {
            // Those that are the largest share the gradient.
            largest = divisor.Scale;
            int count = 0;
            foreach (double value in x)
                count += Math.Abs(value) == largest ? 1 : 0;
            share /= count;
        }
        Map.Row(g, new GradientValues(ref MemoryMarshal.GetReference(g), ref MemoryMarshal.GetReference(y), ref MemoryMarshal.GetReference(x), divisor, share, P, largest));
    }

    private double Root(double sum) => P is 0 or 1 ? sum : Elementary.Pow(sum, 1 / P);

    /// <summary>The largest magnitude, or NaN.</summary>
    private static double Largest(ReadOnlySpan<double> x)
    {
        double largest = 0;
        foreach (double value in x)
            largest = Math.Max(largest, Math.Abs(value));
        return largest;
    }

    /// <summary>(|x| / scale)^p; with a p of 0 what counts.</summary>
    private readonly ref struct PowerTerms(ref double x, double scale, double p) : IRowTerms
    {
        private readonly ref double x = ref x;

        public static bool HasSecond => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<double> first, out Vector256<double> second) where TCount : struct, ICount
        {
            Vector256<double> value = count.Load(ref x, index), size = Vector256.Abs(value) / Vector256.Create(scale);
            first = p == 0
                ? Vector256.ConditionalSelect(Vector256.Equals(value, Vector256<double>.Zero), Vector256<double>.Zero, Vector256<double>.One)
                : p == 1 ? size : Elementary.Pow(size, Vector256.Create(p));
            second = default;
        }
    }

    private readonly ref struct QuotientValues(ref double x, LpDivisor divisor) : IRowValues<double>
    {
        private readonly ref double x = ref x;
        private readonly Vector256<double> scale = Vector256.Create(divisor.Scale), ratio = Vector256.Create(divisor.Ratio);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount => count.Load(ref x, index) / scale / ratio;
    }

    private readonly ref struct GradientValues(ref double g, ref double y, ref double x, LpDivisor divisor, double share, double p, double largest)
        : IRowValues<double>
    {
        private readonly ref double g = ref g;
        private readonly ref double y = ref y;
        private readonly ref double x = ref x;
        private readonly Vector256<double> scale = Vector256.Create(divisor.Scale), ratio = Vector256.Create(divisor.Ratio);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount
        {
            Vector256<double> value = count.Load(ref x, index), size = Vector256.Abs(count.Load(ref y, index));
            Vector256<double> slope = p == 1 ? Vector256<double>.One
                : double.IsPositiveInfinity(p) ? Vector256.Equals(Vector256.Abs(value), Vector256.Create(largest)) & Vector256<double>.One
                : Elementary.Pow(size, Vector256.Create(p - 1));
            // The sign of 0 is 0, where a p below 1 has a slope without bound; that of NaN is NaN.
            slope = Vector256.ConditionalSelect(Vector256.Equals(value, Vector256<double>.Zero), Vector256<double>.Zero, slope | (value & Vector256.Create(-0.0)));
            return (count.Load(ref g, index) - (slope * share)) / scale / ratio;
        }
    }
}
