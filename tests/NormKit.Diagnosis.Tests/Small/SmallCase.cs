namespace NormKit.Diagnosis.Tests.Small;

/// <summary>A row or a tiny tensor: its layer, its fault, and what is asked. Computed in double from the formulas and rounded to float once, or with
/// each step in float, as programs have it.</summary>
internal sealed record SmallCase(int Seed, SmallLayer Layer, SmallFault Fault, double Eps, int Groups, double P, double Momentum, DiagnosisRequest Request)
{
    private static readonly int[][] Shapes =
    [
        [2], [3], [5], [8], [17], [1, 2], [1, 3], [1, 4], [1, 7], [1, 16], [1, 33], [1, 64], [2, 3], [2, 8], [3, 4], [3, 7], [4, 5], [4, 16],
        [1, 2, 3], [1, 4, 4], [2, 2, 5], [1, 3, 7], [2, 1, 6], [1, 2, 2, 3], [4, 1, 9], [1, 4, 2, 2], [2, 2, 4, 4], [1, 1, 5, 5], [8, 3], [6, 2], [9, 4, 1],
    ];

    private static readonly double[] UsualEps = [1e-5, 1e-5, 1e-5, 1e-3, 1e-6, 1e-12, 0];

    public override string ToString() => $"#{Seed} {Layer} {Fault} [{string.Join(',', Request.Shape)}] eps={Eps} groups={Groups} p={P} m={Momentum} "
        + $"w={Request.Weight is not null} b={Request.Bias is not null} expected={Request.Expected?.Kind}";

    /// <summary>The case of a seed.</summary>
    public static SmallCase Draw(int seed)
    {
        Random random = new(seed);
        while (true)
        {
            if (Try(seed, random) is SmallCase drawn)
                return drawn;
        }
    }

    private static SmallCase? Try(int seed, Random random)
    {
        SmallLayer layer = Enum.GetValues<SmallLayer>()[random.Next(Enum.GetValues<SmallLayer>().Length)];
        SmallFault fault = random.Next(2) == 0 ? SmallFault.None : Enum.GetValues<SmallFault>()[random.Next(1, 9)];
        int[] shape = Shapes[random.Next(Shapes.Length)];
        int length = shape.Aggregate(1, (a, b) => a * b), channels = shape.Length > 1 ? shape[1] : 1;
        bool hasChannels = shape.Length > 1;
        int[] divisors = [.. Enumerable.Range(1, channels).Where(g => channels % g == 0 && (length / shape[0] / g) > 1)];
        bool fits = layer switch
        {
            SmallLayer.Everything => shape.Length > 1,
            SmallLayer.InstanceNorm => shape.Length > 2 && length / shape[0] / channels > 1,
            SmallLayer.GroupNorm => hasChannels && divisors.Length > 0,
            SmallLayer.GroupedRmsNorm => hasChannels && shape[^1] % 2 == 0 && shape[^1] > 2,
            SmallLayer.BatchNorm or SmallLayer.Updated => hasChannels && length / channels > 1,
            SmallLayer.Evaluation or SmallLayer.NewLayer => hasChannels,
            _ => shape[^1] > 1,
        };
        int groups = layer == SmallLayer.GroupNorm && divisors.Length > 0 ? divisors[random.Next(divisors.Length)] : layer == SmallLayer.GroupedRmsNorm ? 2 : 1;
        if (!fits || Sets(layer, shape, groups).Distinct().Count() > 4)
            return null;
        bool isMean = layer is not (SmallLayer.RmsNorm or SmallLayer.GroupedRmsNorm or SmallLayer.LpNormalize);
        bool isOwn = layer is not (SmallLayer.Evaluation or SmallLayer.NewLayer or SmallLayer.Updated);
        bool allowed = fault switch
        {
            SmallFault.SampleVariance or SmallFault.NotCentered or SmallFault.EpsAfter => isMean && isOwn,
            SmallFault.NoRoot => isOwn && layer != SmallLayer.LpNormalize,
            SmallFault.EpsOutside => isOwn && layer != SmallLayer.LpNormalize,
            SmallFault.Scaled => isOwn,
            SmallFault.WeightMissing or SmallFault.BiasMissing => isMean && layer != SmallLayer.NewLayer,
            _ => true,
        };
        if (!allowed)
            return null;
        bool hasAffine = fault is SmallFault.WeightMissing or SmallFault.BiasMissing || (fault != SmallFault.Scaled && isMean && layer != SmallLayer.Everything && random.Next(2) == 0);
        if (hasAffine && layer == SmallLayer.Everything)
            return null;
        int weights = layer == SmallLayer.LayerNorm ? shape[^1] : channels;
        double scale = Math.Pow(10, (random.NextDouble() * 2) - 1.3), offset = random.Next(3) == 0 ? 0 : scale * random.NextDouble() * 3;
        double[] x = Numbers(random, length, scale, offset);
        double[]? weight = hasAffine ? Numbers(random, weights, 0.5, 1) : null, bias = hasAffine ? Numbers(random, weights, 0.5, 0.3) : null;
        double[]? mean = layer == SmallLayer.Evaluation ? Numbers(random, channels, scale, offset) : null;
        double[]? variance = mean is null ? null : [.. Numbers(random, channels, 0.3, 1).Select(v => (double)(float)(scale * scale * (0.1 + Math.Abs(v))))];
        SmallCase drawn = new(
            seed, layer, fault, layer == SmallLayer.LpNormalize ? 1e-12 : layer is SmallLayer.NewLayer or SmallLayer.Updated ? random.Next(2) == 0 ? 1e-5 : 1e-3
                : fault is SmallFault.EpsAfter ? 1e-5 : fault is SmallFault.EpsOutside ? random.Next(2) == 0 ? 1e-5 : 1e-6 : UsualEps[random.Next(UsualEps.Length)],
            groups, random.Next(3) switch { 0 => 1, 1 => 2, _ => double.PositiveInfinity }, random.Next(2) == 0 ? 0.1 : 0.5,
            new() { Input = x, Shape = shape, Output = x });
        double[] y = drawn.Run(x, weight, bias, mean, variance, factor: fault == SmallFault.Scaled ? 0.2 + random.NextDouble() : 1, isFloat: random.Next(2) == 0);
        if (!Array.TrueForAll(y, double.IsFinite))
            return null;
        return drawn with
        {
            Request = new()
            {
                Input = x,
                Shape = shape,
                Output = y,
                Weight = weight,
                Bias = bias,
                RunningMean = mean,
                RunningVar = variance,
                Expected = random.Next(2) == 0 ? Expect(drawn, mean is not null) : null,
            },
        };
    }

    private static ExpectedLayer? Expect(SmallCase drawn, bool hasRunning) => drawn.Layer switch
    {
        SmallLayer.LayerNorm => new(NormalizationKind.LayerNorm) { Axes = [-1] },
        SmallLayer.RmsNorm => new(NormalizationKind.RmsNorm) { Axes = [-1] },
        SmallLayer.InstanceNorm => new(NormalizationKind.InstanceNorm),
        SmallLayer.GroupNorm => new(NormalizationKind.GroupNorm) { Groups = drawn.Groups },
        SmallLayer.BatchNorm or SmallLayer.NewLayer or SmallLayer.Updated => new(NormalizationKind.BatchNorm),
        SmallLayer.Evaluation when hasRunning => new(NormalizationKind.BatchNorm) { Eval = true },
        _ => null,
    };

    private static double[] Numbers(Random random, int count, double scale, double offset) => [.. Enumerable.Range(0, count).Select(_ =>
        (double)(float)(offset + (scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))))];

    /// <summary>Which set each element is in.</summary>
    private static int[] Sets(SmallLayer layer, int[] shape, int groups)
    {
        int length = shape.Aggregate(1, (a, b) => a * b), last = shape[^1], channels = shape.Length > 1 ? shape[1] : 1, inner = length / shape[0] / channels;
        return [.. Enumerable.Range(0, length).Select(i => layer switch
        {
            SmallLayer.Everything => 0,
            SmallLayer.LayerNorm or SmallLayer.RmsNorm or SmallLayer.LpNormalize => i / last,
            SmallLayer.GroupedRmsNorm => i / (last / 2),
            SmallLayer.InstanceNorm => i / inner,
            SmallLayer.GroupNorm => i / (inner * channels / groups),
            _ => i / inner % channels,
        })];
    }

    private double[] Run(double[] x, double[]? weight, double[]? bias, double[]? mean, double[]? variance, double factor, bool isFloat)
    {
        int[] shape = Request.Shape, sets = Sets(Layer, shape, Groups);
        int channels = shape.Length > 1 ? shape[1] : 1, inner = x.Length / shape[0] / channels;
        double Step(double value) => isFloat ? (float)value : value;
        double[] y = new double[x.Length];
        foreach (IGrouping<int, int> set in Enumerable.Range(0, x.Length).GroupBy(i => sets[i]))
        {
            double n = set.Count(), average = Step(set.Average(i => x[i])), squares = set.Sum(i => Math.Pow(x[i] - set.Average(k => x[k]), 2));
            double center = average, spread = Step(squares / (Fault == SmallFault.SampleVariance ? n - 1 : n));
            switch (Layer)
            {
                case SmallLayer.RmsNorm or SmallLayer.GroupedRmsNorm:
                    (center, spread) = (0, Step(set.Average(i => x[i] * x[i])));
                    break;
                case SmallLayer.Evaluation:
                    (center, spread) = (mean![set.Key], variance![set.Key]);
                    break;
                case SmallLayer.LpNormalize:
                    center = 0;
                    break;
                case SmallLayer.NewLayer:
                    (center, spread) = (0, 1);
                    break;
                case SmallLayer.Updated:
                    (center, spread) = (Momentum * average, 1 - Momentum + (Momentum * squares / (n - 1)));
                    break;
            }
            double divisor = Layer == SmallLayer.LpNormalize ? Math.Max(Eps, Length(set.Select(i => x[i])))
                : Fault == SmallFault.EpsOutside ? Math.Sqrt(spread) + Eps
                : Fault == SmallFault.NoRoot ? spread + Eps
                : Fault == SmallFault.EpsAfter ? Math.Sqrt(spread) : Math.Sqrt(spread + Eps);
            double reciprocal = Step(1 / divisor);
            foreach (int i in set)
            {
                double value = Step(Step(x[i] - (Fault == SmallFault.NotCentered ? 0 : center)) * reciprocal) + (Fault == SmallFault.EpsAfter ? Eps : 0);
                int place = Layer == SmallLayer.LayerNorm ? i % shape[^1] : i / inner % channels;
                if (weight is not null && Fault != SmallFault.WeightMissing)
                    value = Step(value * weight[place]);
                if (bias is not null && Fault != SmallFault.BiasMissing)
                    value += bias[place];
                y[i] = (float)(value * factor);
            }
        }
        return y;
    }

    private double Length(IEnumerable<double> values) => double.IsPositiveInfinity(P) ? values.Max(Math.Abs) : Math.Pow(values.Sum(value => Math.Pow(Math.Abs(value), P)), 1 / P);
}
