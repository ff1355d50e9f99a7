namespace NormKit.Tests.Reference.Formulas;

/// <summary>What divides by a root of squares or another norm, without subtracting a mean.</summary>
internal static class UncentredFormulas
{
    /// <summary>x / sqrt(mean(x^2) + eps) of each set; what the mask hides is 0.</summary>
    public static Var[] Rms(Var[] x, int[] sets, double eps, bool[]? mask = null) =>
        CentredFormulas.Masked(Over.DividedBy(x, Over.Std(Over.Mean(Over.Squares(x), sets, mask), eps), sets), mask);

    /// <summary>(sum |x|^p)^(1/p) of each set; p of 0 counts what is not 0, infinity takes the largest. With a mask, p is 2.</summary>
    public static Var[] Lp(Var[] x, int[] sets, double p, bool[]? mask = null)
    {
        Var[] size = Array.ConvertAll(x, Var.Abs);
        if (p == 0)
            return Over.Sum(Array.ConvertAll(x, v => (Var)(v.Value.High == 0 ? 0 : 1)), sets);
        if (double.IsPositiveInfinity(p))
            return [.. Enumerable.Range(0, Over.Count(sets)).Select(k => Largest([.. size.Where((_, i) => sets[i] == k)]))];
        if (p == 2)
            return Array.ConvertAll(Over.Sum(Over.Squares(x), sets, mask), Var.Sqrt);
        return p == 1 ? Over.Sum(size, sets) : Array.ConvertAll(Over.Sum(Array.ConvertAll(size, v => Var.Pow(v, p)), sets), v => Var.Pow(v, 1 / p));
    }

    /// <summary>The largest; where several are, each has an equal share in it, as in PyTorch.</summary>
    private static Var Largest(Var[] sizes)
    {
        double largest = sizes.Max(v => v.Value.High);
        double share = 1.0 / sizes.Count(v => v.Value.High == largest);
        // All of them take part, if only with nothing: a NaN among them would be the largest.
        return Var.Sum(sizes.Select(v => v * (v.Value.High == largest ? share : 0)));
    }

    /// <summary>x / max(|x|_p, eps) of each set.</summary>
    public static Var[] LpNormalize(Var[] x, int[] sets, double p, double eps, bool[]? mask = null) =>
        CentredFormulas.Masked(Over.DividedBy(x, Array.ConvertAll(Lp(x, sets, p, mask), norm => Var.Max(norm, eps)), sets), mask);

    /// <summary>g * x / max(|x|, eps), with one g.</summary>
    public static Var[] ScaleNorm(Var[] x, int[] sets, Var g, double eps, bool[]? mask = null) =>
        Array.ConvertAll(LpNormalize(x, sets, 2, eps, mask), v => v * g);

    /// <summary>x1 . x2 / (max(|x1|, eps) * max(|x2|, eps)) along a dimension of two tensors of one shape.</summary>
    public static Var[] CosineSimilarity(Var[] x1, Var[] x2, int[] sets, double eps)
    {
        Var[] dot = Over.Sum([.. x1.Select((v, i) => v * x2[i])], sets), norm1 = Lp(x1, sets, 2), norm2 = Lp(x2, sets, 2);
        return [.. dot.Select((v, k) => v / (Var.Max(norm1[k], eps) * Var.Max(norm2[k], eps)))];
    }

    /// <summary>g * v / |v|, the norm over all dimensions but one.</summary>
    public static Var[] WeightNorm(Var[] g, Var[] v, int[] sets) => Over.Times(v, [.. Lp(v, sets, 2).Select((norm, k) => g[k] / norm)], sets);

    /// <summary>x / (k + alpha * sum(x^2) / size)^beta over a window of channels, which is cut off at the ends.</summary>
    public static Var[] LocalResponse(Var[] x, nint[] shape, int size, double alpha, double beta, double k, bool onnx = false)
    {
        int before = onnx ? (size - 1) / 2 : size / 2, after = size - 1 - before;
        int inner = shape[2..].Aggregate(1, (a, b) => a * (int)b), channels = (int)shape[1];
        int[] channel = Over.Sets(shape, 1);
        return [.. x.Select((v, i) =>
        {
            int first = Math.Max(channel[i] - before, 0), last = Math.Min(channel[i] + after, channels - 1);
            Var sum = Var.Sum(Enumerable.Range(first, last - first + 1).Select(c => i + ((c - channel[i]) * inner)).Select(j => x[j] * x[j]));
            return v / Var.Pow(k + (alpha * (sum / size)), beta);
        })];
    }

    /// <summary>max(weight * x / sqrt(mean(x^2) + eps) + bias, tau), the mean over positions.</summary>
    public static Var[] FilterResponse(Var[] x, nint[] shape, double eps, Var[] weight, Var[] bias, Var[]? tau)
    {
        int[] channel = Over.Sets(shape, 1);
        Var[] y = Over.Affine(Rms(x, Over.Sets(shape, 0, 1), eps), channel, weight, bias);
        return tau is null ? y : [.. y.Select((v, i) => Var.Max(v, tau[channel[i]]))];
    }

    /// <summary>x + weight * (x * nx) + bias, nx = |x|_2 over positions by its mean over channels.</summary>
    public static Var[] GlobalResponse(Var[] x, nint[] shape, double eps, Var[] weight, Var[] bias)
    {
        int[] instance = Over.Sets(shape, 0, 1), channel = Over.Sets(shape, 1);
        Var[] gx = Lp(x, instance, 2);
        int[] sample = Over.Sets([shape[0], shape[1]], 0);
        Var[] nx = Over.DividedBy(gx, Array.ConvertAll(Over.Mean(gx, sample), v => v + eps), sample);
        return [.. x.Select((v, i) => v + (weight[channel[i]] * (v * nx[instance[i]])) + bias[channel[i]])];
    }

    /// <summary>weight * tanh(alpha * x) + bias.</summary>
    public static Var[] DynamicTanh(Var[] x, int[] parameter, Var alpha, Var[]? weight, Var[]? bias) =>
        Over.Affine(Array.ConvertAll(x, v => Var.Tanh(alpha * v)), parameter, weight, bias);
}
