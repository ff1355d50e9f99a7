using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>Dynamic tanh on blocks in double: <c>y = weight * tanh(alpha * x) + bias</c>, and the terms of its gradients.</summary>
internal static class TanhValues
{
    public static void Forward(Span<double> x, double alpha, ReadOnlySpan<double> weight, ReadOnlySpan<double> bias) =>
        Map.Row(x, new Outputs(ref MemoryMarshal.GetReference(x), alpha, ref MemoryMarshal.GetReference(weight), ref MemoryMarshal.GetReference(bias)));

    /// <summary>dy * weight / cosh(alpha * x)^2: what times alpha is dx, and what times x sums to alpha's gradient.</summary>
    public static void Slopes(ReadOnlySpan<double> dy, ReadOnlySpan<double> x, double alpha, ReadOnlySpan<double> weight, Span<double> slopes) =>
        Map.Row(slopes, new SlopeValues(ref MemoryMarshal.GetReference(dy), ref MemoryMarshal.GetReference(x), alpha, ref MemoryMarshal.GetReference(weight)));

    /// <summary>tanh(alpha * x).</summary>
    public static void Of(ReadOnlySpan<double> x, double alpha, Span<double> tanhs) => Map.Row(tanhs, new Tanhs(ref MemoryMarshal.GetReference(x), alpha));

    public static void Scale(Span<double> values, double factor) => Map.Row(values, new Scaled(ref MemoryMarshal.GetReference(values), factor));

    private readonly ref struct Outputs(ref double x, double alpha, ref double weight, ref double bias) : IRowValues<double>
    {
        private readonly ref double x = ref x;
        private readonly ref double weight = ref weight;
        private readonly ref double bias = ref bias;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            (Elementary.Tanh(count.Load(ref x, index) * alpha) * count.Load(ref weight, index)) + count.Load(ref bias, index);
    }

    private readonly ref struct SlopeValues(ref double dy, ref double x, double alpha, ref double weight) : IRowValues<double>
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly ref double weight = ref weight;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount
        {
            // 1 - tanh(z)^2 is four times the slope of a sigmoid at 2z, which keeps its digits far out.
            Elementary.Sigmoid(count.Load(ref x, index) * (2 * alpha), out Vector256<double> slope);
            return count.Load(ref dy, index) * count.Load(ref weight, index) * (slope * 4.0);
        }
    }

    private readonly ref struct Scaled(ref double values, double factor) : IRowValues<double>
    {
        private readonly ref double values = ref values;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount => count.Load(ref values, index) * factor;
    }

    private readonly ref struct Tanhs(ref double x, double alpha) : IRowValues<double>
    {
        private readonly ref double x = ref x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount => Elementary.Tanh(count.Load(ref x, index) * alpha);
    }

    /// <summary>The gradients of weight and bias, dy * tanh(alpha * x) and dy, down the rows of a block.</summary>
    public readonly ref struct ParameterTerms(ref double dy, ref double tanhs, int columns) : IColumnTerms<double>
    {
        private readonly ref double dy = ref dy;
        private readonly ref double tanhs = ref tanhs;

        public static int Count => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(int row, nint column, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            nint index = ((nint)row * columns) + column;
            second = TLanes.Load(ref dy, index);
            first = second * TLanes.Load(ref tanhs, index);
            third = default;
        }
    }
}
