using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>The cosine of two vectors of doubles and its gradient. Vectors whose squares would leave the range are divided by their largest magnitude.</summary>
internal readonly struct Cosine
{
    private readonly double scale1, scale2, length1, length2;
    private readonly bool isClamped1, isClamped2;

    /// <summary>Takes the scale out of both vectors; the gradients are to be given them as they then are.</summary>
    public Cosine(Span<double> a, Span<double> b, double eps)
    {
        (scale1, length1, isClamped1) = Length(a, eps);
        (scale2, length2, isClamped2) = Length(b, eps);
        double product = length1 * length2;
        // Rounding may take the quotient a unit beyond 1, where its arc cosine would be NaN.
        Value = product == 0 ? 0 : Math.Clamp(Dot(a, b) / product, -1, 1);
    }

    public double Value { get; }

    /// <summary>dy * (b / (n1 n2) - y a / n1^2).</summary>
    public void GradientOfFirst(double dy, ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span<double> gradient) =>
        Gradient(dy, a, b, scale1, length1, isClamped1, gradient);

    public void GradientOfSecond(double dy, ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span<double> gradient) =>
        Gradient(dy, b, a, scale2, length2, isClamped2, gradient);

    private void Gradient(
        double dy, ReadOnlySpan<double> own, ReadOnlySpan<double> other, double scale, double length, bool isClamped, Span<double> gradient)
    {
        double product = length1 * length2;
        double ofOther = product == 0 ? 0 : dy / product, ofOwn = isClamped || product == 0 ? 0 : dy * Value / length / length;
        Map.Row(gradient, new GradientValues(ref MemoryMarshal.GetReference(own), ref MemoryMarshal.GetReference(other), ofOwn, ofOther, scale));
    }

    /// <summary>The length of a vector by its scale, at least eps by it.</summary>
    private static (double Scale, double Length, bool IsClamped) Length(Span<double> x, double eps)
    {
        double largest = 0;
        foreach (double value in x)
            largest = Math.Max(largest, Math.Abs(value));
        // With NaN or infinity the formula says what is left.
        double scale = largest is 0 or (> 1e-140 and < 1e140) || !double.IsFinite(largest) ? 1 : largest;
        for (int i = 0; scale != 1 && i < x.Length; i++)
            x[i] /= scale;
        double length = Math.Sqrt(Dot(x, x));
        bool isClamped = length * scale < eps;
        return (scale, isClamped ? eps / scale : length, isClamped);
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b) =>
        Sums.AlongRow<Products>(a.Length, new(ref MemoryMarshal.GetReference(a), ref MemoryMarshal.GetReference(b))).First;

    private readonly ref struct GradientValues(ref double own, ref double other, double ofOwn, double ofOther, double scale) : IRowValues<double>
    {
        private readonly ref double own = ref own;
        private readonly ref double other = ref other;
        private readonly Vector256<double> ofOwn = Vector256.Create(ofOwn), ofOther = Vector256.Create(ofOther), scale = Vector256.Create(scale);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            ((count.Load(ref other, index) * ofOther) - (count.Load(ref own, index) * ofOwn)) / scale;
    }
}
