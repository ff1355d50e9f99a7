namespace NormKit.Tests.Reference.Formulas;

/// <summary>Spectral norm of a matrix (rows, columns).</summary>
internal static class SpectralFormula
{
    /// <summary>The next u and v: u = normalize(W v), then v = normalize(W^T u), <paramref name="iterations"/> times.</summary>
    public static (double[] U, double[] V) Iterate(double[] w, double[] u, double[] v, int iterations, double eps = 1e-12)
    {
        for (int i = 0; i < iterations; i++)
        {
            u = Unit([.. Enumerable.Range(0, u.Length).Select(r => Enumerable.Range(0, v.Length).Sum(c => w[(r * v.Length) + c] * v[c]))]);
            v = Unit([.. Enumerable.Range(0, v.Length).Select(c => Enumerable.Range(0, u.Length).Sum(r => w[(r * v.Length) + c] * u[r]))]);
        }
        return (u, v);

        double[] Unit(double[] a)
        {
            double norm = Math.Max(Math.Sqrt(a.Sum(x => x * x)), eps);
            return [.. a.Select(x => x / norm)];
        }
    }

    /// <summary>Singular vectors to convergence: of matrices whose largest singular value stands apart.</summary>
    public static (double[] U, double[] V) SingularVectors(double[] w, int rows) =>
        Iterate(w, new double[rows], [.. Enumerable.Range(0, w.Length / rows).Select(i => Math.Cos(i + 1))], 2000);

    /// <summary>W / sigma, sigma = u . (W v), with u and v constants.</summary>
    public static Var[] Of(Var[] w, double[] u, double[] v)
    {
        Var sigma = Var.Sum(w.Select((value, i) => value * u[i / v.Length] * v[i % v.Length]));
        return Array.ConvertAll(w, value => value / sigma);
    }
}
