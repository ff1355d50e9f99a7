using NormKit.Tests.Reference;

namespace NormKit.Onnx.Tests;

/// <summary>The formula that the operators share, in two passes and pairs of doubles; nothing shared with NormKit or ONNX Runtime. It decides where they differ.</summary>
internal static class Formula
{
    /// <summary><c>(x - mean) / sqrt(variance + eps) * weight + bias</c>, with the input's own mean and biased variance in each set.</summary>
    /// <param name="x">The input.</param>
    /// <param name="set">The set of each element, from 0 without gaps.</param>
    /// <param name="eps">Added to the variance; where both are 0, the quotient is 0.</param>
    /// <param name="weight">The weight of each element; null for 1.</param>
    /// <param name="bias">The bias of each element; null for 0.</param>
    /// <param name="centered">False for the root mean square: a mean of 0.</param>
    public static Answer Own(double[] x, Func<int, int> set, double eps, Func<int, double>? weight = null, Func<int, double>? bias = null, bool centered = true)
    {
        int sets = x.Length == 0 ? 0 : Enumerable.Range(0, x.Length).Max(set) + 1;
        DoubleDouble[] mean = new DoubleDouble[sets], variance = new DoubleDouble[sets];
        int[] count = new int[sets];
        for (int i = 0; i < x.Length; i++)
        {
            mean[set(i)] += centered ? x[i] : 0;
            count[set(i)]++;
        }
        for (int k = 0; k < sets; k++)
            mean[k] /= count[k];
        for (int i = 0; i < x.Length; i++)
            variance[set(i)] += (x[i] - mean[set(i)]) * (x[i] - mean[set(i)]);
        for (int k = 0; k < sets; k++)
            variance[k] /= count[k];
        return Apply(x, set, eps, mean, variance, weight, bias);
    }

    /// <summary>The same with means and variances that are given.</summary>
    public static Answer Given(double[] x, Func<int, int> set, double eps, double[] mean, double[] variance, Func<int, double>? weight, Func<int, double>? bias) =>
        Apply(x, set, eps, [.. mean.Select(v => (DoubleDouble)v)], [.. variance.Select(v => (DoubleDouble)v)], weight, bias);

    private static Answer Apply(
        double[] x, Func<int, int> set, double eps, DoubleDouble[] mean, DoubleDouble[] variance, Func<int, double>? weight, Func<int, double>? bias)
    {
        DoubleDouble[] invStd = [.. variance.Select(v => (double)(v + eps) == 0 ? 0 : 1 / DoubleDouble.Sqrt(v + eps))];
        double[] y = new double[x.Length];
        double magnitude = 0, reach = 0, squares = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double factor = weight?.Invoke(i) ?? 1, added = bias?.Invoke(i) ?? 0;
            DoubleDouble weighted = (x[i] - mean[set(i)]) * invStd[set(i)] * factor;
            y[i] = (double)(weighted + added);
            magnitude = Math.Max(magnitude, Math.Max(Math.Abs((double)weighted), Math.Abs(added)));
            double uncentered = Math.Abs(x[i] * (double)invStd[set(i)]);
            reach = Math.Max(reach, (uncentered * Math.Abs(factor)) + Math.Abs(added));
            squares = Math.Max(squares, uncentered * uncentered);
        }
        return new(y, magnitude, Math.Max(1, reach / magnitude), squares, [.. mean.Select(v => (double)v)], [.. variance.Select(v => (double)v)]);
    }
}
