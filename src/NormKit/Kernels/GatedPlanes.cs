using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary><c>x * sigmoid(V * x) * Scale + Shift</c>, for a plane.</summary>
internal readonly record struct Gate(double V, double Scale, double Shift);

/// <summary>The operators of a gate.</summary>
internal static class GatedPlanes
{
    public readonly struct Values(Gate[] gates) : IPlaneMap
    {
        public void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to) =>
            Map.Row(to, new RowValues(ref MemoryMarshal.GetReference(x), gates[plane]));
    }

    /// <summary>With s = sigmoid(V * x): the sums of dy and of dy * x * s, and of dy * x^2 * s * (1 - s).</summary>
    public readonly struct GradientSums(Gate[] gates) : IPlaneReduction<Triple>
    {
        public static Triple Combine(Triple a, Triple b) => a + b;

        public Triple Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x)
        {
            ref double firstDy = ref MemoryMarshal.GetReference(dy), firstX = ref MemoryMarshal.GetReference(x);
            return new(
                Pair.From(Sums.AlongRow<Gated>(x.Length, new(ref firstDy, ref firstX, gates[plane].V))),
                Sums.AlongRow<ByV>(x.Length, new(ref firstDy, ref firstX, gates[plane].V)).First);
        }
    }

    /// <summary><c>dy * OfDy * (s + V * x * s * (1 - s)) + (x - Centre) * OfX + Constant</c>.</summary>
    public readonly struct Gradients(Gate[] gates, Slope[] slopes) : IPlaneMap
    {
        public void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to) =>
            Map.Row(to, new RowGradients(ref MemoryMarshal.GetReference(dy), ref MemoryMarshal.GetReference(x), gates[plane].V, slopes[plane]));
    }

    private readonly ref struct RowValues(ref double x, Gate gate) : IRowValues<double>
    {
        private readonly ref double x = ref x;
        private readonly Vector256<double> v = Vector256.Create(gate.V);
        private readonly Vector256<double> scale = Vector256.Create(gate.Scale);
        private readonly Vector256<double> shift = Vector256.Create(gate.Shift);

        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index);
            return (at * Elementary.Sigmoid(at * v) * scale) + shift;
        }
    }

    private readonly ref struct RowGradients(ref double dy, ref double x, double v, Slope slope) : IRowValues<double>
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly Vector256<double> v = Vector256.Create(v);
        private readonly Vector256<double> centre = Vector256.Create(slope.Centre);
        private readonly Vector256<double> ofDy = Vector256.Create(slope.OfDy);
        private readonly Vector256<double> ofX = Vector256.Create(slope.OfX);
        private readonly Vector256<double> constant = Vector256.Create(slope.Constant);

        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index), argument = at * v;
            Vector256<double> s = Elementary.Sigmoid(argument, out Vector256<double> derivative);
            return (count.Load(ref dy, index) * ofDy * (s + (argument * derivative))) + ((at - centre) * ofX) + constant;
        }
    }

    private readonly ref struct Gated(ref double dy, ref double x, double v) : IRowTerms
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly Vector256<double> v = Vector256.Create(v);

        public static bool HasSecond => true;

        public void At<TCount>(nint index, TCount count, out Vector256<double> first, out Vector256<double> second) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index);
            first = count.Load(ref dy, index);
            second = first * (at * Elementary.Sigmoid(at * v));
        }
    }

    private readonly ref struct ByV(ref double dy, ref double x, double v) : IRowTerms
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly Vector256<double> v = Vector256.Create(v);

        public static bool HasSecond => false;

        public void At<TCount>(nint index, TCount count, out Vector256<double> first, out Vector256<double> second) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index);
            _ = Elementary.Sigmoid(at * v, out Vector256<double> derivative);
            first = count.Load(ref dy, index) * (at * at * derivative);
            second = default;
        }
    }
}
