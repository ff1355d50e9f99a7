namespace NormKit.Tests.Reference.Formulas;

/// <summary>What subtracts a mean: batch, layer, instance and group norm over any sets, with masks, and their relatives.</summary>
internal static class CentredFormulas
{
    /// <summary>(x - mean) / sqrt(variance + eps) of each set; what the mask hides is 0.</summary>
    public static Var[] Normalize(Var[] x, int[] sets, double eps, bool[]? mask = null)
    {
        Var[] mean = Over.Mean(x, sets, mask);
        return Normalize(x, sets, mean, Over.Variance(x, mean, sets, mask), eps, mask);
    }

    public static Var[] Normalize(Var[] x, int[] sets, Var[] mean, Var[] variance, double eps, bool[]? mask = null) =>
        Masked(Over.DividedBy(Over.Minus(x, mean, sets), Over.Std(variance, eps), sets), mask);

    public static Var[] Masked(Var[] y, bool[]? mask) => [.. y.Select((v, i) => mask?[i] ?? true ? v : 0)];

    /// <summary>norm(x) * (1 + scale[n]) + shift[n]: x is (N, *, D), scale and shift (N, D).</summary>
    public static Var[] Adaptive(Var[] normalized, nint[] shape, Var[] scale, Var[] shift)
    {
        int[] row = Over.Sets(shape, 0, shape.Length - 1);
        return [.. normalized.Select((v, i) => (v * (1 + scale[row[i]])) + shift[row[i]])];
    }

    /// <summary>std(style) * (content - mean) / std(content) + mean(style), per sample and channel.</summary>
    public static Var[] AdaptiveInstance(Var[] content, nint[] contentShape, Var[] style, nint[] styleShape, double eps)
    {
        int[] sets = Over.Sets(contentShape, 0, 1), styleSets = Over.Sets(styleShape, 0, 1);
        Var[] mean = Over.Mean(style, styleSets), std = Over.Std(Over.Variance(style, mean, styleSets), eps);
        return Over.Affine(Normalize(content, sets, eps), sets, std, mean);
    }

    /// <summary>The constants of batch renormalization: r and d of each channel.</summary>
    public static (double[] R, double[] D) Renormalization(double[] x, nint[] shape, double[] runningMean, double[] runningVar, double eps, double rMax, double dMax)
    {
        int[] channel = Over.Sets(shape, 1);
        Var[] values = Var.Of(x), mean = Over.Mean(values, channel), std = Over.Std(Over.Variance(values, mean, channel), eps);
        double[] r = new double[mean.Length], d = new double[mean.Length];
        for (int c = 0; c < r.Length; c++)
        {
            double running = Math.Sqrt(runningVar[c] + eps);
            r[c] = Math.Clamp((double)(std[c].Value / running), 1 / rMax, rMax);
            d[c] = Math.Clamp((double)((mean[c].Value - runningMean[c]) / running), -dMax, dMax);
        }
        return (r, d);
    }

    /// <summary>((x - mean) / std * r + d) * weight + bias.</summary>
    public static Var[] BatchRenorm(Var[] x, nint[] shape, double[] r, double[] d, double eps, Var[]? weight, Var[]? bias)
    {
        int[] channel = Over.Sets(shape, 1);
        Var[] corrected = [.. Normalize(x, channel, eps).Select((v, i) => (v * r[channel[i]]) + d[channel[i]])];
        return Over.Affine(corrected, channel, weight, bias);
    }

    /// <summary>Each of <paramref name="splits"/> equal parts of the batch, in order, with statistics of its own.</summary>
    public static int[] GhostSets(nint[] shape, int splits)
    {
        int channels = (int)shape[1], samples = (int)shape[0] / splits;
        int[] sample = Over.Sets(shape, 0), channel = Over.Sets(shape, 1);
        return [.. sample.Select((n, i) => (n / samples * channels) + channel[i])];
    }

    /// <summary>
    /// Luo et al. 2018: mean and variance are mixes, by two softmaxes, of those of instance, layer and batch; <paramref name="running"/> takes the batch's
    /// place in evaluation.
    /// </summary>
    public static Var[] Switchable(
        Var[] x, nint[] shape, Var[] meanWeight, Var[] varWeight, double eps, Var[] weight, Var[] bias, (double[] Mean, double[] Variance)? running = null)
    {
        int[] instance = Over.Sets(shape, 0, 1), layer = Over.Sets(shape, 0), batch = Over.Sets(shape, 1);
        (Var[] Mean, Var[] Variance)[] statistics = [Of(instance), Of(layer), running is { } r ? (Var.Of(r.Mean), Var.Of(r.Variance)) : Of(batch)];
        int[][] sets = [instance, layer, batch];
        Var[] ofMean = Softmax(meanWeight), ofVariance = Softmax(varWeight);
        Var[] y = new Var[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            Var mean = Var.Sum(Enumerable.Range(0, 3).Select(k => ofMean[k] * statistics[k].Mean[sets[k][i]]));
            Var variance = Var.Sum(Enumerable.Range(0, 3).Select(k => ofVariance[k] * statistics[k].Variance[sets[k][i]]));
            y[i] = (x[i] - mean) / Var.Sqrt(variance + eps);
        }
        return Over.Affine(y, batch, weight, bias);

        (Var[] Mean, Var[] Variance) Of(int[] set)
        {
            Var[] mean = Over.Mean(x, set);
            return (mean, Over.Variance(x, mean, set));
        }
    }

    public static Var[] Softmax(Var[] values)
    {
        Var[] e = Array.ConvertAll(values, Var.Exp);
        Var sum = Var.Sum(e);
        return Array.ConvertAll(e, v => v / sum);
    }
}
