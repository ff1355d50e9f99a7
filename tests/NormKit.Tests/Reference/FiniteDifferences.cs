namespace NormKit.Tests.Reference;

/// <summary>Gradients by central differences.</summary>
internal static class FiniteDifferences
{
    private const double Step = 1e-5;

    /// <summary>The slope of <paramref name="value"/> by each element of an array that it reads.</summary>
    public static double[] Of(double[] at, Func<double> value)
    {
        double[] slopes = new double[at.Length];
        for (int i = 0; i < at.Length; i++)
        {
            double here = at[i];
            at[i] = here + Step;
            double above = value(), to = at[i];
            at[i] = here - Step;
            slopes[i] = (above - value()) / (to - at[i]);
            at[i] = here;
        }
        return slopes;
    }

    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
