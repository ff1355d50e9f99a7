namespace NormKit.Tests.Reference;

/// <summary>The moments of a set: the mean is the sum of <c>Mean</c> and <c>Low</c>.</summary>
internal readonly record struct DefinedMoments(int Count, double Mean, double Low, double Q);

/// <summary>The rounded gradient sums of a run; both are doubles.</summary>
internal readonly record struct DefinedSums(double A, double B);

/// <summary>
/// The definition of docs/numerics.md a second time: the statistics of a set and the gradient sums of a run, in exact arithmetic. It shares no code with
/// the library. Where the definition writes fl(...), a double operation stands here; all else is <see cref="Exact"/>.
/// </summary>
internal static class Definition
{
    private static readonly Exact Theta = Exact.Scaled(324508639, -29);

    /// <summary>R(v), to 30 significant bits: with <c>e = floor(log2 |v|)</c> to the grid of step <c>2^(e - 29)</c>.</summary>
    public static Exact R(Exact v) => v.IsZero ? v : G(v, Exact.FloorLog2(v) - 29);

    /// <summary>G(v, u), to the grid of step <c>u = 2^log2u</c>: <c>sign(v) * u * floor(|v| / u + theta)</c>.</summary>
    public static Exact G(Exact v, int log2u)
    {
        Exact u = Exact.PowerOfTwo(log2u);
        Exact magnitude = u * Exact.Scaled(Exact.Floor((Exact.Abs(v) / u) + Theta), 0);
        return v.Sign < 0 ? -magnitude : magnitude;
    }

    /// <summary>half(v) of a positive double: <c>floor(ilogb(v) / 2)</c>, towards minus infinity.</summary>
    public static int Half(double v) => (int)Math.Floor(Math.ILogB(v) / 2.0);

    /// <summary>The moments about the mean.</summary>
    public static DefinedMoments Centred(ReadOnlySpan<float> x)
    {
        int n = x.Length;
        Exact sum = Exact.Zero;
        foreach (float value in x)
            sum += Exact.Of(value);
        Exact m = sum / n;
        Exact q = Exact.Zero;
        foreach (float value in x)
        {
            Exact d = Exact.Of(value) - m;
            q += d * d;
        }
        Exact roundedQ = R(q);
        double ofQ = Exact.ToDouble(roundedQ);
        double v = ofQ / n;
        Exact roundedM = roundedQ.IsZero ? m : G(m, Half(v) - 30);
        double mean = Exact.ToDouble(roundedM);
        double low = Exact.ToDouble(roundedM - Exact.Of(mean));
        return new(n, mean, low, ofQ);
    }

    /// <summary>The moments about zero.</summary>
    public static DefinedMoments AboutZero(ReadOnlySpan<float> x)
    {
        Exact q = Exact.Zero;
        foreach (float value in x)
            q += Exact.Of(value) * Exact.Of(value);
        return new(x.Length, 0, 0, Exact.ToDouble(R(q)));
    }

    /// <summary>The gradient sums of a run with gradients <paramref name="g"/> and elements <paramref name="x"/>.</summary>
    /// <param name="set">The moments of the set that the run belongs to.</param>
    /// <param name="g">What the definition calls g: dy, or dy * w without rounding.</param>
    /// <param name="x">The elements of the run.</param>
    public static DefinedSums Sums(DefinedMoments set, ReadOnlySpan<Exact> g, ReadOnlySpan<float> x)
    {
        int m = g.Length;
        Exact centre = Exact.Of(set.Mean) + Exact.Of(set.Low);
        Exact n = Exact.Zero, a = Exact.Zero, b = Exact.Zero;
        for (int i = 0; i < m; i++)
        {
            n += g[i] * g[i];
            a += g[i];
            b += g[i] * (Exact.Of(x[i]) - centre);
        }
        double ofN = Exact.ToDouble(R(n));
        Exact roundedA = ofN == 0 ? Exact.Zero : G(a, Half(m * ofN) - 30);
        Exact roundedB = ofN == 0 || set.Q == 0 ? Exact.Zero : G(b, Half(ofN * set.Q) - 30);
        return new(Exact.ToDouble(roundedA), Exact.ToDouble(roundedB));
    }
}
