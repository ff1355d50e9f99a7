namespace NormKit.Diagnosis.Tests;

/// <summary>Small formulas of conventions, apart from the library.</summary>
internal static class Formulas
{
    public static double[] Normal(int count, int seed, double scale = 1, double offset = 0)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (double)(float)(offset + (scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))))];
    }

    public static double[] Uniform(int count, int seed, double from, double to)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (double)(float)(from + ((to - from) * random.NextDouble())))];
    }

    public static double[] Floats(IEnumerable<double> values) => [.. values.Select(value => (double)(float)value)];

    public static double[] Halves(IEnumerable<double> values) => [.. values.Select(value => (double)(Half)value)];

    /// <summary>(x - mean) / sqrt(var + eps) over elements that <paramref name="set"/> puts together; the divisor is n - <paramref name="less"/>.</summary>
    public static double[] Normalize(double[] x, Func<int, int> set, double eps, int less = 0)
    {
        double[] y = new double[x.Length];
        foreach (IGrouping<int, int> group in Enumerable.Range(0, x.Length).GroupBy(set))
        {
            double mean = group.Average(i => x[i]), variance = group.Sum(i => (x[i] - mean) * (x[i] - mean)) / (group.Count() - less);
            foreach (int i in group)
                y[i] = (x[i] - mean) / Math.Sqrt(variance + eps);
        }
        return y;
    }

    public static DiagnosisResult Diagnose(DiagnosisRequest request) => Diagnoser.Diagnose(request, progress: null, TestContext.Current.CancellationToken);

    public static CauseKind[] Causes(this Finding finding) => [.. finding.Causes.Select(cause => cause.Kind)];
}
