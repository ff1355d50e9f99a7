namespace NormKit.Tests.Reference.Formulas;

/// <summary>Liu et al. 2020, "Evolving normalization-activation layers".</summary>
internal static class EvoNormFormulas
{
    /// <summary>x * sigmoid(v * x) / sqrt(var of the group + eps) * weight + bias.</summary>
    public static Var[] S0(Var[] x, nint[] shape, int groups, double eps, Var[] weight, Var[] bias, Var[] v)
    {
        int[] sets = Over.Groups(shape, groups), channel = Over.Sets(shape, 1);
        Var[] gated = [.. x.Select((value, i) => value * Var.Sigmoid(v[channel[i]] * value))];
        Var[] std = Over.Std(Over.Variance(x, Over.Mean(x, sets), sets), eps);
        return Over.Affine(Over.DividedBy(gated, std, sets), channel, weight, bias);
    }

    /// <summary>x / max(sqrt(var of the batch + eps), v * x + sqrt(var of the instance + eps)) * weight + bias; a running variance takes the batch's place.</summary>
    public static Var[] B0(Var[] x, nint[] shape, double eps, Var[] weight, Var[] bias, Var[] v, double[]? runningVar = null)
    {
        int[] instance = Over.Sets(shape, 0, 1), channel = Over.Sets(shape, 1);
        Var[] batchStd = Over.Std(runningVar is null ? Over.Variance(x, Over.Mean(x, channel), channel) : Var.Of(runningVar), eps);
        Var[] instanceStd = Over.Std(Over.Variance(x, Over.Mean(x, instance), instance), eps);
        Var[] y = [.. x.Select((value, i) => value / Var.Max(batchStd[channel[i]], (v[channel[i]] * value) + instanceStd[instance[i]]))];
        return Over.Affine(y, channel, weight, bias);
    }
}
