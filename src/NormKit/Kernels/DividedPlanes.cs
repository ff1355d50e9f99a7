using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary><c>x / max(Batch, V * x + Instance) * Weight + Bias</c>, for a plane.</summary>
internal readonly record struct Divisor(double Batch, double V, double Instance, double Weight, double Bias);

/// <summary>The sums of a divisor's backward pass. D is the larger argument, the second one is it where it is larger than the first.</summary>
/// <param name="Values">Of dy and of dy * x / D.</param>
/// <param name="Second">Where it is the second one: of dy * x^2 / D^2 and of dy * x / D^2.</param>
/// <param name="First">Where it is the first one: of dy * x / D^2.</param>
internal readonly record struct DivisorSums(Pair Values, Pair Second, double First)
{
    public static DivisorSums operator +(DivisorSums a, DivisorSums b) => new(a.Values + b.Values, a.Second + b.Second, a.First + b.First);
}

/// <summary>The operators of a divisor.</summary>
internal static class DividedPlanes
{
    public readonly struct Values(Divisor[] divisors) : IPlaneMap
    {
        public void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to) =>
            Map.Row(to, new RowValues(ref MemoryMarshal.GetReference(x), divisors[plane]));
    }

    public readonly struct GradientSums(Divisor[] divisors) : IPlaneReduction<DivisorSums>
    {
        public static DivisorSums Combine(DivisorSums a, DivisorSums b) => a + b;

        public DivisorSums Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x)
        {
            ref double firstDy = ref MemoryMarshal.GetReference(dy), firstX = ref MemoryMarshal.GetReference(x);
            Divisor divisor = divisors[plane];
            return new(
                Pair.From(Sums.AlongRow<All>(x.Length, new(ref firstDy, ref firstX, divisor))),
                Pair.From(Sums.AlongRow<WhereSecond>(x.Length, new(ref firstDy, ref firstX, divisor))),
                Sums.AlongRow<WhereFirst>(x.Length, new(ref firstDy, ref firstX, divisor)).First);
        }
    }

    /// <summary><c>dy * Weight / D - (where D is the second: Weight * V * dy * x / D^2) + (x - Centre) * OfX + Constant</c>.</summary>
    public readonly struct Gradients(Divisor[] divisors, Slope[] slopes) : IPlaneMap
    {
        public void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to) =>
            Map.Row(to, new RowGradients(ref MemoryMarshal.GetReference(dy), ref MemoryMarshal.GetReference(x), divisors[plane], slopes[plane]));
    }

    /// <summary>One plane's two arguments in all lanes. Where the batch's is NaN so is the other, and so the larger.</summary>
    private readonly struct Larger(Divisor divisor)
    {
        private readonly Vector256<double> batch = Vector256.Create(divisor.Batch);
        private readonly Vector256<double> v = Vector256.Create(divisor.V);
        private readonly Vector256<double> instance = Vector256.Create(double.IsNaN(divisor.Batch) ? double.NaN : divisor.Instance);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> Of(Vector256<double> x, out Vector256<double> isFirst)
        {
            Vector256<double> second = (x * v) + instance;
            isFirst = Vector256.LessThanOrEqual(second, batch);
            return Vector256.ConditionalSelect(isFirst, batch, second);
        }
    }

    private readonly ref struct RowValues(ref double x, Divisor divisor) : IRowValues<double>
    {
        private readonly ref double x = ref x;
        private readonly Larger larger = new(divisor);
        private readonly Vector256<double> weight = Vector256.Create(divisor.Weight);
        private readonly Vector256<double> bias = Vector256.Create(divisor.Bias);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index);
            return (at / larger.Of(at, out _) * weight) + bias;
        }
    }

    private readonly ref struct RowGradients(ref double dy, ref double x, Divisor divisor, Slope slope) : IRowValues<double>
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly Larger larger = new(divisor);
        private readonly Vector256<double> weight = Vector256.Create(divisor.Weight);
        private readonly Vector256<double> v = Vector256.Create(divisor.V);
        private readonly Vector256<double> centre = Vector256.Create(slope.Centre);
        private readonly Vector256<double> ofX = Vector256.Create(slope.OfX);
        private readonly Vector256<double> constant = Vector256.Create(slope.Constant);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index), divisor = larger.Of(at, out Vector256<double> isFirst);
            Vector256<double> direct = count.Load(ref dy, index) * weight / divisor;
            return direct - Vector256.AndNot(direct * at / divisor * v, isFirst) + ((at - centre) * ofX) + constant;
        }
    }

    private readonly ref struct All(ref double dy, ref double x, Divisor divisor) : IRowTerms
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly Larger larger = new(divisor);

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<double> first, out Vector256<double> second) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index);
            first = count.Load(ref dy, index);
            second = first * at / larger.Of(at, out _);
        }
    }

    private readonly ref struct WhereSecond(ref double dy, ref double x, Divisor divisor) : IRowTerms
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly Larger larger = new(divisor);

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<double> first, out Vector256<double> second) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index), divisor = larger.Of(at, out Vector256<double> isFirst);
            second = Vector256.AndNot(count.Load(ref dy, index) * at / divisor / divisor, isFirst);
            first = second * at;
        }
    }

    private readonly ref struct WhereFirst(ref double dy, ref double x, Divisor divisor) : IRowTerms
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly Larger larger = new(divisor);

        public static bool HasSecond => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<double> first, out Vector256<double> second) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index), divisor = larger.Of(at, out Vector256<double> isFirst);
            first = count.Load(ref dy, index) * at / divisor / divisor & isFirst;
            second = default;
        }
    }
}
