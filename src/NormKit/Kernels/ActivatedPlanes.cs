using System.Runtime.CompilerServices;

namespace NormKit.Kernels;

/// <summary>The operators of a line that an activation follows, which may be none.</summary>
/// <param name="lines">The argument of the activation, for each plane.</param>
/// <param name="activation">What follows.</param>
internal readonly struct ActivatedPlanes(Line[] lines, Activation activation)
{
    public Values Forward => new(this);

    public GradientSums Sums => new(this);

    public Gradients Backward(Slope[] slopes) => new(this, slopes);

    /// <summary>The gradient before the activation; where there is none, dy.</summary>
    private ReadOnlySpan<double> Through(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> forZ, Span<double> forG)
    {
        if (!activation.IsPresent)
            return dy;
        Span<double> z = forZ[..x.Length], g = forG[..x.Length];
        RowMaps.Uniform(x, z, lines[plane].Centre, lines[plane].Scale, lines[plane].Shift);
        dy.CopyTo(g);
        activation.Gradient<double>(z, g);
        return g;
    }

    public readonly struct Values(ActivatedPlanes planes) : IPlaneMap
    {
        public void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to)
        {
            planes.Line.Of(plane, dy, x, to);
            planes.Activation.Apply(to);
        }
    }

    /// <summary>The sums of the gradient g before the activation, and of g * (x - centre).</summary>
    public readonly struct GradientSums(ActivatedPlanes planes) : IPlaneReduction<Pair>
    {
        public static Pair Combine(Pair a, Pair b) => a + b;

        [SkipLocalsInit]
        public Pair Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x)
        {
            Span<double> forZ = stackalloc double[BlockPlan.BlockLength], forG = stackalloc double[BlockPlan.BlockLength];
            return PlaneLines.SumsOf(planes.Through(plane, dy, x, forZ, forG), x, planes.CentreOf(plane));
        }
    }

    public readonly struct Gradients(ActivatedPlanes planes, Slope[] slopes) : IPlaneMap
    {
        [SkipLocalsInit]
        public void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to)
        {
            Span<double> forZ = stackalloc double[BlockPlan.BlockLength], forG = stackalloc double[BlockPlan.BlockLength];
            PlaneLines.Write(slopes[plane], planes.Through(plane, dy, x, forZ, forG), x, to);
        }
    }

    private PlaneLines.Values Line => new(lines);

    private Activation Activation => activation;

    private double CentreOf(int plane) => lines[plane].Centre;
}
