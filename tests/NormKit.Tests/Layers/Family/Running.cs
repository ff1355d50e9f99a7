using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>Where a training pass has to move running statistics, with a momentum of 0.1.</summary>
internal static class Running
{
    private const double Momentum = 0.1;

    /// <summary>Mean and unbiased variance of each channel, over the elements that take part.</summary>
    public static Dictionary<string, double[]> OfBatch(double[] x, Parts parts)
    {
        (double[] mean, double[] variance) = Moments(x, parts.Channel, unbiased: true, parts.Mask);
        return new() { ["running_mean"] = Move(parts.Buffer("running_mean"), mean), ["running_var"] = Move(parts.Buffer("running_var"), variance) };
    }

    /// <summary>Of a batch in two parts: once, by the mean over the parts.</summary>
    public static Dictionary<string, double[]> OfTwoParts(double[] x, Parts parts)
    {
        (double[] mean, double[] variance) = Moments(x, CentredFormulas.GhostSets(parts.Shape, 2), unbiased: true);
        return new() { ["running_mean"] = Move(parts.Buffer("running_mean"), Mean(mean)), ["running_var"] = Move(parts.Buffer("running_var"), Mean(variance)) };

        static double[] Mean(double[] of) => [.. of[..(of.Length / 2)].Zip(of[(of.Length / 2)..], (a, b) => (a + b) / 2)];
    }

    /// <summary>The same without the mean.</summary>
    public static Dictionary<string, double[]> OfBatchVariance(double[] x, Parts parts) =>
        new() { ["running_var"] = Move(parts.Buffer("running_var"), Moments(x, parts.Channel, unbiased: true).Variance) };

    public static double[] Move(double[] running, double[] batch) => [.. running.Zip(batch, (old, value) => double.IsNaN(value) ? old : ((1 - Momentum) * old) + (Momentum * value))];

    public static (double[] Mean, double[] Variance) Moments(double[] x, int[] sets, bool unbiased, bool[]? mask = null)
    {
        Var[] values = Var.Of(x), mean = Over.Mean(values, sets, mask), variance = Over.Variance(values, mean, sets, mask);
        int[] counts = Over.Counts(sets, mask);
        return (
            [.. mean.Select((m, k) => counts[k] == 0 ? double.NaN : (double)m.Value)],
            [.. variance.Select((v, k) => counts[k] == 0 ? double.NaN : (double)v.Value * (unbiased ? counts[k] / (counts[k] - 1.0) : 1))]);
    }
}
