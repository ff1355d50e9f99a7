namespace NormKit.Cli.Tests;

/// <summary>The layers element by element in double, from multi-indices: slow, plain, and without a line of the library.</summary>
/// <param name="layer">batch-norm, layer-norm, instance-norm or group-norm.</param>
/// <param name="shape">(N, C, *).</param>
/// <param name="groups">Group norm's.</param>
/// <param name="normalizedRank">How many trailing dimensions layer norm takes; -1 for all but the first.</param>
internal sealed class Reference(string layer, nint[] shape, int groups = 1, int normalizedRank = -1)
{
    private readonly int rank = normalizedRank < 0 ? shape.Length - 1 : normalizedRank;

    public int Count { get; } = (int)shape.Aggregate((nint)1, (product, length) => product * length);

    public int ParameterCount => Enumerable.Range(0, Count).Max(Parameter) + 1;

    public double[] Forward(double[] x, double[]? weight, double[]? bias, double eps)
    {
        (double[] xHat, _) = Normalize(x, eps);
        return [.. xHat.Select((value, i) => (value * (weight?[Parameter(i)] ?? 1)) + (bias?[Parameter(i)] ?? 0))];
    }

    public (double[] Input, double[] Weight, double[] Bias) Backward(double[] x, double[] dy, double[]? weight, double eps)
    {
        (double[] xHat, double[] invStd) = Normalize(x, eps);
        double[] g = [.. dy.Select((value, i) => value * (weight?[Parameter(i)] ?? 1))];
        double[] meanG = MeansOf(g), meanGx = MeansOf([.. g.Zip(xHat, (a, b) => a * b)]);
        double[] dWeight = new double[ParameterCount], dBias = new double[ParameterCount];
        for (int i = 0; i < Count; i++)
        {
            dWeight[Parameter(i)] += dy[i] * xHat[i];
            dBias[Parameter(i)] += dy[i];
        }
        return ([.. g.Select((value, i) => invStd[i] * (value - meanG[i] - (xHat[i] * meanGx[i])))], dWeight, dBias);
    }

    /// <summary>Mean and unbiased variance of each channel, averaged over the samples for instance norm.</summary>
    public (double[] Mean, double[] Variance) Statistics(double[] x)
    {
        int channels = (int)shape[1];
        ILookup<int, int> sets = Enumerable.Range(0, Count).ToLookup(Set);
        double[] mean = new double[channels], variance = new double[channels];
        foreach (IGrouping<int, int> set in sets)
        {
            int channel = Index(set.First())[1];
            double share = (double)channels / sets.Count, average = set.Average(i => x[i]);
            mean[channel] += share * average;
            variance[channel] += share * set.Sum(i => (x[i] - average) * (x[i] - average)) / (set.Count() - 1);
        }
        return (mean, variance);
    }

    /// <summary>Takes values of (N, C, *) to the order of (N, *, C).</summary>
    public T[] ToChannelsLast<T>(T[] values)
    {
        T[] moved = new T[Count];
        for (int i = 0; i < Count; i++)
            moved[ChannelsLastIndex(i)] = values[i];
        return moved;
    }

    public T[] FromChannelsLast<T>(T[] values) => [.. Enumerable.Range(0, Count).Select(i => values[ChannelsLastIndex(i)])];

    private int ChannelsLastIndex(int i)
    {
        int[] index = Index(i);
        int[] order = [0, .. Enumerable.Range(2, shape.Length - 2), 1];
        return order.Aggregate(0, (offset, d) => (offset * (int)shape[d]) + index[d]);
    }

    private (double[] XHat, double[] InvStd) Normalize(double[] x, double eps)
    {
        double[] means = MeansOf(x);
        double[] deviations = [.. x.Zip(means, (a, b) => a - b)];
        double[] invStd = [.. MeansOf([.. deviations.Select(d => d * d)]).Select(variance => 1 / Math.Sqrt(variance + eps))];
        return ([.. deviations.Zip(invStd, (a, b) => a * b)], invStd);
    }

    /// <summary>For each element the mean over its set.</summary>
    private double[] MeansOf(double[] values)
    {
        Dictionary<int, double> means = Enumerable.Range(0, Count).GroupBy(Set).ToDictionary(set => set.Key, set => set.Average(i => values[i]));
        return [.. Enumerable.Range(0, Count).Select(i => means[Set(i)])];
    }

    private int Set(int i)
    {
        int[] index = Index(i);
        int channels = (int)shape[1];
        return layer switch
        {
            "batch-norm" => index[1],
            "instance-norm" => (index[0] * channels) + index[1],
            "group-norm" => (index[0] * groups) + (index[1] / (channels / groups)),
            _ => i / Trailing(),
        };
    }

    private int Parameter(int i) => layer == "layer-norm" ? i % Trailing() : Index(i)[1];

    private int Trailing() => (int)shape[^rank..].Aggregate((nint)1, (product, length) => product * length);

    private int[] Index(int i)
    {
        int[] index = new int[shape.Length];
        for (int d = shape.Length - 1; d >= 0; d--)
            (i, index[d]) = (i / (int)shape[d], i % (int)shape[d]);
        return index;
    }
}
