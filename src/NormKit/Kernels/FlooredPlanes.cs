using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>Three sums of a backward pass.</summary>
internal readonly record struct Triple(Pair Pair, double Third)
{
    public static Triple operator +(Triple a, Triple b) => new(a.Pair + b.Pair, a.Third + b.Third);
}

/// <summary>The operators of a line that a floor bounds from below, <c>max(z, floor)</c>; z is NaN where the floor is.</summary>
/// <param name="lines">z, for each plane, with a centre of 0.</param>
/// <param name="floors">For each channel; negative infinity for none.</param>
/// <param name="channels">How many there are.</param>
internal readonly struct FlooredPlanes(Line[] lines, double[] floors, int channels)
{
    public Values Forward => new(this);

    public GradientSums Sums => new(this);

    public Gradients Backward(Slope[] slopes) => new(this, slopes);

    private Floor FloorOf(int plane)
    {
        double floor = floors[plane % channels];
        return new(lines[plane], double.IsNaN(floor) ? double.NaN : 0, floor);
    }

    /// <summary>One plane's numbers in all lanes.</summary>
    private readonly struct Floor(Line line, double orNaN, double floor)
    {
        private readonly Vector256<double> scale = Vector256.Create(line.Scale);
        private readonly Vector256<double> shift = Vector256.Create(line.Shift + orNaN);
        private readonly Vector256<double> floor = Vector256.Create(floor);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> Value(Vector256<double> x)
        {
            Vector256<double> z = (x * scale) + shift;
            return Vector256.ConditionalSelect(Vector256.LessThanOrEqual(z, floor), floor, z);
        }

        /// <summary>All ones where the floor is the result; where z is NaN it is not.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> IsFloor(Vector256<double> x) => Vector256.LessThanOrEqual((x * scale) + shift, floor);
    }

    public readonly struct Values(FlooredPlanes planes) : IPlaneMap
    {
        public void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to) =>
            Map.Row(to, new RowValues(ref MemoryMarshal.GetReference(x), planes.FloorOf(plane)));
    }

    /// <summary>The sums of h and of h * x, h the gradient above the floor, and of the gradient at the floor.</summary>
    public readonly struct GradientSums(FlooredPlanes planes) : IPlaneReduction<Triple>
    {
        public static Triple Combine(Triple a, Triple b) => a + b;

        public Triple Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x)
        {
            ref double firstDy = ref MemoryMarshal.GetReference(dy), firstX = ref MemoryMarshal.GetReference(x);
            Floor floor = planes.FloorOf(plane);
            return new(
                Pair.From(Kernels.Sums.AlongRow<Above>(x.Length, new(ref firstDy, ref firstX, floor))),
                Kernels.Sums.AlongRow<AtFloor>(x.Length, new(ref firstDy, ref firstX, floor)).First);
        }
    }

    public readonly struct Gradients(FlooredPlanes planes, Slope[] slopes) : IPlaneMap
    {
        public void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to) =>
            Map.Row(to, new RowGradients(ref MemoryMarshal.GetReference(dy), ref MemoryMarshal.GetReference(x), planes.FloorOf(plane), slopes[plane]));
    }

    private readonly ref struct RowValues(ref double x, Floor floor) : IRowValues<double>
    {
        private readonly ref double x = ref x;
        private readonly Floor floor = floor;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount => floor.Value(count.Load(ref x, index));
    }

    private readonly ref struct RowGradients(ref double dy, ref double x, Floor floor, Slope slope) : IRowValues<double>
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly Floor floor = floor;
        private readonly Vector256<double> ofDy = Vector256.Create(slope.OfDy);
        private readonly Vector256<double> ofX = Vector256.Create(slope.OfX);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index);
            return (Vector256.AndNot(count.Load(ref dy, index), floor.IsFloor(at)) * ofDy) + (at * ofX);
        }
    }

    private readonly ref struct Above(ref double dy, ref double x, Floor floor) : IRowTerms
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly Floor floor = floor;

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<double> first, out Vector256<double> second) where TCount : struct, ICount
        {
            Vector256<double> at = count.Load(ref x, index);
            first = Vector256.AndNot(count.Load(ref dy, index), floor.IsFloor(at));
            second = first * at;
        }
    }

    private readonly ref struct AtFloor(ref double dy, ref double x, Floor floor) : IRowTerms
    {
        private readonly ref double dy = ref dy;
        private readonly ref double x = ref x;
        private readonly Floor floor = floor;

        public static bool HasSecond => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<double> first, out Vector256<double> second) where TCount : struct, ICount
        {
            first = count.Load(ref dy, index) & floor.IsFloor(count.Load(ref x, index));
            second = default;
        }
    }
}
