namespace NormKit.Tests.Reference.Formulas;

/// <summary>Who shares a number with whom, and sums over those who do. Elements are in row-major order; a set is named by its index, one for each element.</summary>
internal static class Over
{
    /// <summary>The set of each element where elements that agree in the coordinates <paramref name="kept"/> share one: <c>[1]</c> for batch norm.</summary>
    public static int[] Sets(nint[] shape, params int[] kept)
    {
        int[] sets = new int[shape.Aggregate(1, (a, b) => a * (int)b)];
        for (int i = 0; i < sets.Length; i++)
        {
            int[] at = Coordinates(shape, i);
            sets[i] = kept.Aggregate(0, (index, d) => (index * (int)shape[d]) + at[d]);
        }
        return sets;
    }

    /// <summary>The set of each element where those that agree in all coordinates but <paramref name="axes"/> share one.</summary>
    public static int[] Axes(nint[] shape, params int[] axes) => Sets(shape, [.. Enumerable.Range(0, shape.Length).Except(axes)]);

    /// <summary>The trailing dimensions, as axes.</summary>
    public static int[] Last(nint[] shape, int count) => [.. Enumerable.Range(shape.Length - count, count)];

    /// <summary>(sample, group of channels).</summary>
    public static int[] Groups(nint[] shape, int groups)
    {
        int size = (int)shape[1] / groups;
        return [.. Sets(shape, 0, 1).Select(nc => nc / size)];
    }

    public static int[] Coordinates(nint[] shape, int element)
    {
        int[] at = new int[shape.Length];
        for (int d = shape.Length - 1; d >= 0; d--)
        {
            at[d] = element % (int)shape[d];
            element /= (int)shape[d];
        }
        return at;
    }

    public static int Count(int[] sets) => sets.Length == 0 ? 0 : sets.Max() + 1;

    /// <summary>The sum of each set, over the elements that the mask lets take part.</summary>
    public static Var[] Sum(Var[] x, int[] sets, bool[]? mask = null)
    {
        List<Var>[] members = [.. Enumerable.Range(0, Count(sets)).Select(_ => new List<Var>())];
        for (int i = 0; i < x.Length; i++)
        {
            if (mask?[i] ?? true)
                members[sets[i]].Add(x[i]);
        }
        return Array.ConvertAll(members, Var.Sum);
    }

    public static int[] Counts(int[] sets, bool[]? mask = null)
    {
        int[] counts = new int[Count(sets)];
        for (int i = 0; i < sets.Length; i++)
            counts[sets[i]] += mask?[i] ?? true ? 1 : 0;
        return counts;
    }

    /// <summary>The mean of each set; 0 for a set without elements.</summary>
    public static Var[] Mean(Var[] x, int[] sets, bool[]? mask = null)
    {
        int[] counts = Counts(sets, mask);
        return [.. Sum(x, sets, mask).Select((sum, k) => sum / Math.Max(counts[k], 1))];
    }

    /// <summary>The biased variance of each set about its mean.</summary>
    public static Var[] Variance(Var[] x, Var[] mean, int[] sets, bool[]? mask = null) => Mean(Squares(Minus(x, mean, sets)), sets, mask);

    public static Var[] Squares(Var[] x) => Array.ConvertAll(x, v => v * v);

    public static Var[] Minus(Var[] x, Var[] mean, int[] sets) => [.. x.Select((v, i) => v - mean[sets[i]])];

    public static Var[] Times(Var[] x, Var[] factor, int[] sets) => [.. x.Select((v, i) => v * factor[sets[i]])];

    public static Var[] DividedBy(Var[] x, Var[] divisor, int[] sets) => [.. x.Select((v, i) => v / divisor[sets[i]])];

    /// <summary>x * weight + bias, each where given, each with the index of its own.</summary>
    public static Var[] Affine(Var[] x, int[] parameter, Var[]? weight, Var[]? bias = null) =>
        [.. x.Select((v, i) => (weight is null ? v : v * weight[parameter[i]]) + (bias is null ? 0 : bias[parameter[i]]))];

    public static Var[] Std(Var[] variance, double eps) => Array.ConvertAll(variance, v => Var.Sqrt(v + eps));
}
