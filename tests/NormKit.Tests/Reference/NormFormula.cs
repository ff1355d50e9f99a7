namespace NormKit.Tests.Reference;

/// <summary>What a formula gives, each in row-major order.</summary>
internal sealed record Expected(double[] Y, double[] Dx, double[] DWeight, double[] DBias, double[] Mean, double[] Variance);

/// <summary>Forward and backward of the four layers, straight from the formula: two passes, no blocks, no lanes, nothing shared with the library.</summary>
internal static class NormFormula
{
    /// <param name="problem">Who shares what.</param>
    /// <param name="x">The input.</param>
    /// <param name="dy">The gradient of the output; null for zeros.</param>
    /// <param name="weight">Null for ones.</param>
    /// <param name="bias">Null for zeros.</param>
    /// <param name="running">Mean and variance of each channel, to be used instead of the input's own.</param>
    public static Expected Of(
        Problem problem, double[] x, double[]? dy = null, double[]? weight = null, double[]? bias = null, (double[] Mean, double[] Variance)? running = null)
    {
        DoubleDouble[] mean = new DoubleDouble[problem.Sets], variance = new DoubleDouble[problem.Sets];
        int[] count = new int[problem.Sets];
        int[] set = [.. Enumerable.Range(0, x.Length).Select(problem.SetOf)];
        int[] parameter = [.. Enumerable.Range(0, x.Length).Select(problem.ParameterOf)];
        for (int i = 0; i < x.Length; i++)
        {
            mean[set[i]] += x[i];
            count[set[i]]++;
        }
        for (int k = 0; k < mean.Length; k++)
            mean[k] /= count[k];
        for (int i = 0; i < x.Length; i++)
            variance[set[i]] += (x[i] - mean[set[i]]) * (x[i] - mean[set[i]]);
        for (int k = 0; k < mean.Length; k++)
            variance[k] /= count[k];
        if (running is { } given)
        {
            for (int k = 0; k < mean.Length; k++)
                (mean[k], variance[k]) = (given.Mean[k % problem.C], given.Variance[k % problem.C]);
        }

        // 1 / sqrt(0) counts as 0: a constant gives the bias.
        DoubleDouble[] invStd = [.. variance.Select(v => (double)(v + problem.Eps) == 0 ? 0 : 1 / DoubleDouble.Sqrt(v + problem.Eps))];
        DoubleDouble[] xHat = new DoubleDouble[x.Length];
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            xHat[i] = (x[i] - mean[set[i]]) * invStd[set[i]];
            y[i] = (double)((xHat[i] * (weight?[parameter[i]] ?? 1)) + (bias?[parameter[i]] ?? 0));
        }
        double[] dx = new double[x.Length];
        DoubleDouble[] dWeight = new DoubleDouble[problem.Parameters], dBias = new DoubleDouble[problem.Parameters];
        if (dy is not null)
        {
            DoubleDouble[] meanG = new DoubleDouble[mean.Length], meanGxHat = new DoubleDouble[mean.Length];
            for (int i = 0; i < x.Length; i++)
            {
                DoubleDouble g = (DoubleDouble)dy[i] * (weight?[parameter[i]] ?? 1);
                meanG[set[i]] += g / count[set[i]];
                meanGxHat[set[i]] += g * xHat[i] / count[set[i]];
                dWeight[parameter[i]] += dy[i] * xHat[i];
                dBias[parameter[i]] += dy[i];
            }
            for (int i = 0; i < x.Length; i++)
            {
                DoubleDouble g = (DoubleDouble)dy[i] * (weight?[parameter[i]] ?? 1);
                dx[i] = (double)((running is null ? g - meanG[set[i]] - (xHat[i] * meanGxHat[set[i]]) : g) * invStd[set[i]]);
            }
        }
        return new(
            y, dx, [.. dWeight.Select(v => (double)v)], [.. dBias.Select(v => (double)v)],
            [.. mean.Select(v => (double)v)], [.. variance.Select(v => (double)v)]);
    }
}
