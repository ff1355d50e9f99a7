namespace NormKit.Diagnosis.Tests.Generator;

/// <summary>The layers that programs are generated from.</summary>
internal enum Layer
{
    Batch,
    BatchEval,
    LayerNorm,
    OverChannels,
    Instance,
    Group,
    Rms,
    Norm,
}

/// <summary>A program to be found out: a layer, its settings and its faults, computed here from the formulas, element by element and with
/// dictionaries for sets, which shares nothing with what is tested.</summary>
internal sealed class Program
{
    public required Layer Layer { get; init; }

    public required int[] Shape { get; init; }

    /// <summary>Group norm's.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>How many of the last dimensions layer and RMS norm are over.</summary>
    public int Suffix { get; init; } = 1;

    public double P { get; init; } = 2;

    public double Eps { get; init; } = 1e-5;

    public HashSet<Fault> Faults { get; init; } = [];

    public double[]? Weight { get; init; }

    public double[]? Bias { get; init; }

    public double[]? RunningMean { get; init; }

    public double[]? RunningVar { get; init; }

    public double[]? StaleMean { get; init; }

    public double[]? StaleVar { get; init; }

    public double[]? ConvolutionBias { get; init; }

    /// <summary>Whether the last steps are float, as programs have them, or all is double.</summary>
    public bool IsFloat { get; init; }

    public bool Has(Fault fault) => Faults.Contains(fault);

    public Program With(IEnumerable<Fault> faults, double? eps = null) => new()
    {
        Layer = Layer,
        Shape = Shape,
        Groups = Groups,
        Suffix = Suffix,
        P = P,
        Eps = eps ?? Eps,
        Faults = [.. faults],
        Weight = Weight,
        Bias = Bias,
        RunningMean = RunningMean,
        RunningVar = RunningVar,
        StaleMean = StaleMean,
        StaleVar = StaleVar,
        ConvolutionBias = ConvolutionBias,
        IsFloat = IsFloat,
    };

    public double[] Run(double[] input)
    {
        double[] x = Has(Fault.InputHalf) ? [.. input.Select(v => (double)(Half)v)]
            : Has(Fault.InputBFloat) ? [.. input.Select(v => (double)(BFloat16)v)] : input;
        int[][] at = [.. Enumerable.Range(0, x.Length).Select(Coordinates)];
        Dictionary<long, List<int>> sets = [];
        for (int i = 0; i < x.Length; i++)
        {
            long key = SetOf(at[i], i);
            if (!sets.TryGetValue(key, out List<int>? set))
                sets.Add(key, set = []);
            set.Add(i);
        }
        double[] y = new double[x.Length];
        foreach (List<int> set in sets.Values)
        {
            (double center, double divisor) = Moments([.. set.Select(i => x[i])], ChannelOf(at[set[0]]));
            double factor = divisor == 0 ? 0 : 1 / divisor;
            if (Has(Fault.StatisticsHalf))
                (center, factor) = ((double)(Half)center, (double)(Half)factor);
            foreach (int i in set)
                y[i] = Element(x[i], center, factor, Has(Fault.Misread) ? MisreadCoordinates(at[i], i) : at[i]);
        }
        return Has(Fault.OutputMoved) ? Moved(y) : y;
    }

    private double Element(double value, double center, double factor, int[] at)
    {
        double normalized = IsFloat && !Has(Fault.InputHalf) ? (float)((float)(value - center) * (float)factor) : (value - center) * factor;
        if (Has(Fault.CastBeforeWeight))
            normalized = (double)(Half)normalized;
        (double weight, double bias) = Affine(at);
        int channel = ChannelOf(at);
        double outside = Has(Fault.FoldMeanNotScaled) ? -RunningMean![channel] : Has(Fault.FoldBiasNotScaled) ? ConvolutionBias![channel] : 0;
        double result = Has(Fault.BiasFirst) ? (normalized + bias) * weight : (normalized * weight) + bias + outside;
        if (Has(Fault.OutputHalf) || Has(Fault.CastBeforeWeight))
            return (double)(Half)result;
        return (float)result;
    }

    private (double Weight, double Bias) Affine(int[] at)
    {
        int index = WeightIndex(at);
        double weight = Weight is null || Has(Fault.WeightIgnored) ? 1 : Weight[index];
        double bias = Bias is null || Has(Fault.BiasIgnored) ? 0 : Bias[index];
        if (Has(Fault.Swapped))
            (weight, bias) = (Bias![index], Weight![index]);
        if (Has(Fault.WeightPlusOne))
            weight += 1;
        if (Has(Fault.BiasTwice))
            bias *= 2;
        return (weight, bias);
    }

    private int WeightIndex(int[] at)
    {
        if (Layer is Layer.LayerNorm or Layer.Rms)
        {
            int index = 0;
            for (int d = Shape.Length - Suffix; d < Shape.Length; d++)
                index = (index * Shape[d]) + at[d];
            return index;
        }
        return Has(Fault.WeightPerGroup) ? at[1] / (Shape[1] / Groups) : at[1];
    }

    private (double Center, double Divisor) Moments(double[] values, int channel)
    {
        double n = values.Length;
        if (Layer == Layer.BatchEval || Has(Fault.RunningForBatch))
            return Running(channel);
        double mean = values.Average(), variance = values.Sum(v => (v - mean) * (v - mean)) / (Has(Fault.SampleVariance) ? n - 1 : n);
        if (Has(Fault.FastVariance))
        {
            float sum = 0, squares = 0;
            foreach (double v in values)
            {
                sum += (float)v;
                squares += (float)v * (float)v;
            }
            float m = sum / (float)n;
            variance = Math.Max(0, (squares / (float)n) - (m * m));
        }
        if (Layer == Layer.Rms)
            (mean, variance) = (0, values.Sum(v => v * v) / n);
        if (Layer == Layer.Norm)
        {
            double norm = double.IsPositiveInfinity(P) ? values.Max(Math.Abs) : Math.Pow(values.Sum(v => Math.Pow(Math.Abs(v), P)), 1 / P);
            return (0, Math.Max(norm, Eps));
        }
        return (Has(Fault.NotCentered) ? 0 : mean, Divisor(variance));
    }

    private (double Center, double Divisor) Running(int channel)
    {
        (double mean, double variance) = Has(Fault.StaleStatistics) ? (StaleMean![channel], StaleVar![channel])
            : Has(Fault.InitialStatistics) ? (0, 1) : (RunningMean![channel], RunningVar![channel]);
        double center = Has(Fault.FoldMeanAdded) ? -mean : Has(Fault.FoldMeanNotScaled) ? 0
            : Has(Fault.FoldBiasNotScaled) || Has(Fault.FoldBiasDropped) ? mean + ConvolutionBias![channel] : mean;
        return (center, Has(Fault.VarianceNotRooted) ? variance + Eps : Divisor(variance));
    }

    private double Divisor(double variance) => Has(Fault.EpsOutside) ? Math.Sqrt(variance) + Eps
        : Has(Fault.EpsClamp) ? Math.Max(Math.Sqrt(variance), Eps) : Math.Sqrt(variance + Eps);

    private int ChannelOf(int[] at) => Shape.Length == 1 ? 0 : at[1];

    private long SetOf(int[] at, int element)
    {
        int channels = Shape.Length > 1 ? Shape[1] : 1, n = at[0], c = ChannelOf(at);
        if (Has(Fault.Misread))
            c = MisreadCoordinates(at, element)[1];
        switch (Layer)
        {
            case Layer.Batch or Layer.BatchEval:
                return c;
            case Layer.Instance:
                return (n * channels) + c;
            case Layer.Group:
                return (n * Groups) + (Has(Fault.Interleaved) ? c % Groups : c / (channels / Groups));
            case Layer.OverChannels or Layer.Norm:
                return at.Select((coordinate, d) => d == 1 ? 0 : coordinate).Zip(Shape).Aggregate(0L, (key, pair) => (key * pair.Second) + pair.First);
            default:
                return at.Take(Shape.Length - Suffix).Zip(Shape).Aggregate(0L, (key, pair) => (key * pair.Second) + pair.First);
        }
    }

    /// <summary>The channel where the memory of (N, C, *) is taken to be (N, *, C).</summary>
    private int[] MisreadCoordinates(int[] at, int element) => [at[0], element % (Shape.Aggregate(1, (a, b) => a * b) / Shape[0]) % Shape[1], .. at[2..]];

    private int[] Coordinates(int element)
    {
        int[] at = new int[Shape.Length];
        for (int d = Shape.Length - 1; d >= 0; d--)
            (element, at[d]) = Math.DivRem(element, Shape[d]);
        return at;
    }

    /// <summary>The memory of (N, *, C), under the shape (N, C, *).</summary>
    private double[] Moved(double[] y)
    {
        int n = Shape[0], c = Shape[1], s = y.Length / n / c;
        double[] moved = new double[y.Length];
        for (int i = 0; i < n; i++)
        {
            for (int k = 0; k < c; k++)
            {
                for (int p = 0; p < s; p++)
                    moved[(((i * s) + p) * c) + k] = y[(((i * c) + k) * s) + p];
            }
        }
        return moved;
    }
}
