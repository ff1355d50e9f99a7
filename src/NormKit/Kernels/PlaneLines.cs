using System.Runtime.InteropServices;

namespace NormKit.Kernels;

/// <summary>What most layers write of a plane: <c>(x - Centre) * Scale + Shift</c>.</summary>
internal readonly record struct Line(double Centre, double Scale, double Shift);

/// <summary>And as a gradient: <c>dy * OfDy + (x - Centre) * OfX + Constant</c>.</summary>
internal readonly record struct Slope(double Centre, double OfDy, double OfX, double Constant);

/// <summary>The operators of layers that are a line in each plane.</summary>
internal static class PlaneLines
{
    public readonly struct Values(Line[] lines) : IPlaneMap
    {
        public void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to)
        {
            Line line = lines[plane];
            RowMaps.Uniform(x, to, line.Centre, line.Scale, line.Shift);
        }
    }

    /// <summary>The sums of dy and of dy * (x - mean), the mean in both its parts.</summary>
    public readonly struct GradientSums(Moments[] moments) : IPlaneReduction<Pair>
    {
        public static Pair Combine(Pair a, Pair b) => a + b;

        public Pair Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x)
        {
            Moments of = moments[plane];
            return SumsOf(dy, x, of.Mean).About(of.MeanLow);
        }
    }

    public readonly struct Gradients(Slope[] slopes) : IPlaneMap
    {
        public void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to) => Write(slopes[plane], dy, x, to);
    }

    /// <summary>The sums of g and of g * (x - centre).</summary>
    public static Pair SumsOf(ReadOnlySpan<double> g, ReadOnlySpan<double> x, double centre)
    {
        BlockSums sums = Sums.AlongRun(
            g.Length, new RowGradients.Uniform<double>(ref MemoryMarshal.GetReference(g), ref MemoryMarshal.GetReference(x), centre), anyShape: false);
        return new(sums.First, sums.Second);
    }

    public static void Write(in Slope slope, ReadOnlySpan<double> g, ReadOnlySpan<double> x, Span<double> to) =>
        Map.Run<double, double, RowGradients.DxUniform<double, double>>(to, new(
            ref MemoryMarshal.GetReference(g), ref MemoryMarshal.GetReference(x), slope.Centre, slope.OfDy, -slope.Constant, -slope.OfX));
}
