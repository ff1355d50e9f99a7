namespace NormKit.Diagnosis.Tests.Generator;

/// <summary>A program, an input, and what is asked about them.</summary>
internal sealed record Case(int Number, Program Program, double[] Input, double[] Output, DiagnosisRequest Request)
{
    public override string ToString() =>
        $"#{Number} {Program.Layer} [{string.Join(',', Program.Shape)}] g={Program.Groups} suffix={Program.Suffix} p={Program.P} eps={Program.Eps:g4} float={Program.IsFloat} "
        + $"w={Program.Weight is not null} b={Program.Bias is not null} faults={string.Join('+', Program.Faults.Order())}";
}

/// <summary>Draws programs and inputs.</summary>
internal static class Cases
{
    private static readonly double[] OtherEps = [1e-3, 1e-6, 1e-12, 0.1, 7.3e-4, 0.02];

    private static readonly int[][] Shapes =
    [
        [4, 12, 6, 5], [3, 8, 7, 7], [8, 6, 9], [5, 16, 4, 4], [2, 12, 10, 3], [7, 24], [16, 30], [3, 5, 40], [2, 3, 4, 5, 6], [6, 4, 11, 3], [3, 32, 5, 5], [9, 18, 8],
    ];

    public static Case Draw(int number, int faults)
    {
        Random random = new(1000 + number);
        while (true)
        {
            if (Try(number, random, faults) is Case drawn)
                return drawn;
        }
    }

    private static Case? Try(int number, Random random, int faultCount)
    {
        Layer layer = Enum.GetValues<Layer>()[random.Next(8)];
        int[] shape = Shapes[random.Next(Shapes.Length)];
        int channels = shape[1];
        int[] divisors = [.. Enumerable.Range(2, channels - 2).Where(g => channels % g == 0)];
        if (shape.Length < 3 && layer is Layer.Instance or Layer.OverChannels)
            return null;
        if (layer == Layer.Group && divisors.Length == 0)
            return null;
        int suffix = random.Next(1, Math.Min(shape.Length, 4));
        int groups = divisors.Length == 0 ? 1 : divisors[random.Next(divisors.Length)];
        bool byElement = layer is Layer.LayerNorm or Layer.Rms;
        int weights = byElement ? shape[^suffix..].Aggregate(1, (a, b) => a * b) : channels;
        bool hasWeight = layer != Layer.Norm && random.Next(3) > 0, hasBias = hasWeight && layer != Layer.Rms && random.Next(4) > 0;
        if (layer == Layer.BatchEval)
            hasWeight = hasBias = true;
        Fault[] possible = [.. Possible(layer, shape, hasWeight, hasBias, groups)];
        if (possible.Length < faultCount)
            return null;
        HashSet<Fault> faults = [];
        while (faults.Count < faultCount)
            faults.Add(possible[random.Next(possible.Length)]);
        if (Conflict(faults))
            return null;
        if (faults.Contains(Fault.WeightPerGroup))
            weights = groups;
        double eps = faults.Contains(Fault.Eps) ? OtherEps[random.Next(OtherEps.Length)] : faults.Contains(Fault.EpsClamp) ? 0.3
            : layer == Layer.Norm ? 1e-12 : layer == Layer.Rms ? 1e-6 : 1e-5;
        double[] runningVar = Draw(random, channels, 0.2, 2);
        if (faults.Contains(Fault.PoisonedStatistics))
            runningVar[random.Next(channels)] = double.NaN;
        Program program = new()
        {
            Layer = layer,
            Shape = shape,
            Groups = groups,
            Suffix = suffix,
            P = random.Next(3) switch { 0 => 1, 1 => 2, _ => double.PositiveInfinity },
            Eps = eps,
            Faults = faults,
            Weight = hasWeight ? Draw(random, weights, 0.4, 1.9) : null,
            Bias = hasBias ? Draw(random, weights, -1.2, 1.3) : null,
            RunningMean = Draw(random, channels, -0.8, 0.9),
            RunningVar = runningVar,
            StaleMean = Draw(random, channels, -0.8, 0.9),
            StaleVar = Draw(random, channels, 0.2, 2),
            ConvolutionBias = Draw(random, channels, -0.7, 0.8),
            IsFloat = random.Next(2) == 0,
        };
        double[] x = Input(random, shape, faults);
        double[] y = program.Run(x);
        return new(number, program, x, y, RequestOf(program, x, y));
    }

    private static IEnumerable<Fault> Possible(Layer layer, int[] shape, bool hasWeight, bool hasBias, int groups)
    {
        bool hasStatistics = layer is not (Layer.BatchEval or Layer.Norm);
        if (hasStatistics && layer != Layer.Rms)
        {
            yield return Fault.SampleVariance;
            yield return Fault.NotCentered;
            yield return Fault.FastVariance;
        }
        if (layer != Layer.Norm)
        {
            yield return Fault.Eps;
            yield return Fault.EpsOutside;
            yield return Fault.InputHalf;
            yield return Fault.InputBFloat;
        }
        if (hasStatistics)
        {
            yield return Fault.EpsClamp;
            yield return Fault.StatisticsHalf;
        }
        yield return Fault.OutputHalf;
        if (layer == Layer.Group)
            yield return Fault.Interleaved;
        if (shape.Length > 2 && layer is Layer.Group or Layer.Instance or Layer.Batch)
            yield return Fault.Misread;
        if (shape.Length > 2)
            yield return Fault.OutputMoved;
        if (hasWeight)
        {
            yield return Fault.WeightIgnored;
            yield return Fault.WeightPlusOne;
            yield return Fault.CastBeforeWeight;
            if (layer == Layer.Group)
                yield return Fault.WeightPerGroup;
        }
        if (hasBias)
        {
            yield return Fault.BiasIgnored;
            yield return Fault.BiasTwice;
            yield return Fault.BiasFirst;
            yield return Fault.Swapped;
        }
        if (layer == Layer.Batch)
            yield return Fault.RunningForBatch;
        if (layer == Layer.BatchEval)
        {
            yield return Fault.StaleStatistics;
            yield return Fault.InitialStatistics;
            yield return Fault.VarianceNotRooted;
            yield return Fault.PoisonedStatistics;
            yield return Fault.FoldMeanAdded;
            yield return Fault.FoldBiasNotScaled;
            yield return Fault.FoldBiasDropped;
            yield return Fault.FoldMeanNotScaled;
        }
    }

    /// <summary>Faults of which one hides or excludes the other.</summary>
    private static bool Conflict(HashSet<Fault> faults)
    {
        Fault[][] groups =
        [
            [Fault.Eps, Fault.EpsClamp], [Fault.EpsOutside, Fault.EpsClamp, Fault.VarianceNotRooted],
            [Fault.InputHalf, Fault.InputBFloat], [Fault.OutputHalf, Fault.CastBeforeWeight], [Fault.FastVariance, Fault.SampleVariance],
            [Fault.FastVariance, Fault.InputHalf, Fault.InputBFloat, Fault.StatisticsHalf, Fault.OutputHalf, Fault.CastBeforeWeight],
            [Fault.Interleaved, Fault.Misread], [Fault.WeightIgnored, Fault.WeightPlusOne, Fault.Swapped, Fault.CastBeforeWeight, Fault.WeightPerGroup, Fault.BiasFirst],
            [Fault.BiasIgnored, Fault.BiasTwice, Fault.BiasFirst, Fault.Swapped], [Fault.WeightPerGroup, Fault.Interleaved, Fault.Misread, Fault.Swapped, Fault.BiasFirst],
            [Fault.RunningForBatch, Fault.SampleVariance, Fault.EpsClamp, Fault.StatisticsHalf, Fault.FastVariance, Fault.NotCentered, Fault.Misread],
            [Fault.StaleStatistics, Fault.InitialStatistics, Fault.VarianceNotRooted, Fault.FoldMeanAdded, Fault.FoldBiasNotScaled, Fault.FoldBiasDropped, Fault.FoldMeanNotScaled, Fault.BiasFirst],
            [Fault.InitialStatistics, Fault.PoisonedStatistics], [Fault.StaleStatistics, Fault.PoisonedStatistics],
            [Fault.StatisticsHalf, Fault.OutputHalf, Fault.CastBeforeWeight],
        ];
        return groups.Any(group => group.Count(faults.Contains) > 1);
    }

    private static double[] Input(Random random, int[] shape, HashSet<Fault> faults)
    {
        int length = shape.Aggregate(1, (a, b) => a * b), inner = shape.Length > 2 ? length / shape[0] / shape[1] : 1;
        double offset = faults.Contains(Fault.FastVariance) ? 60 : 1;
        double[] scale = Draw(random, length / inner, 0.05, 1.5), shift = Draw(random, length / inner, -offset, offset);
        if (faults.Contains(Fault.FastVariance))
            Array.Fill(shift, offset);
        double[] x = new double[length];
        for (int i = 0; i < length; i++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            x[i] = (float)((normal * scale[i / inner]) + shift[i / inner]);
        }
        return x;
    }

    private static double[] Draw(Random random, int count, double from, double to) =>
        [.. Enumerable.Range(0, count).Select(_ => (double)(float)(from + ((to - from) * random.NextDouble())))];

    private static DiagnosisRequest RequestOf(Program program, double[] x, double[] y)
    {
        bool running = program.Layer == Layer.BatchEval || program.Has(Fault.RunningForBatch);
        bool fold = program.Has(Fault.FoldBiasNotScaled) || program.Has(Fault.FoldBiasDropped);
        return new()
        {
            Input = x,
            Output = y,
            Shape = program.Shape,
            Weight = program.Weight,
            Bias = program.Bias,
            RunningMean = running ? program.RunningMean : null,
            RunningVar = running ? program.RunningVar : null,
            RunningMeanAfter = program.Has(Fault.StaleStatistics) ? program.StaleMean : null,
            RunningVarAfter = program.Has(Fault.StaleStatistics) ? program.StaleVar : null,
            ConvolutionBias = fold ? program.ConvolutionBias : null,
            Expected = ExpectedOf(program),
        };
    }

    /// <summary>What the program is meant to be; half of the time it is not said.</summary>
    private static ExpectedLayer? ExpectedOf(Program program)
    {
        if (program.Faults.Overlaps([Fault.RunningForBatch, Fault.StaleStatistics, Fault.InitialStatistics]) || (program.Shape[0] + program.Shape[1]) % 2 == 0)
        {
            return program.Layer switch
            {
                Layer.Batch => new(NormalizationKind.BatchNorm),
                Layer.BatchEval => new(NormalizationKind.BatchNorm) { Eval = true },
                Layer.LayerNorm => new(NormalizationKind.LayerNorm) { Axes = [.. Enumerable.Range(program.Shape.Length - program.Suffix, program.Suffix)] },
                Layer.OverChannels => new(NormalizationKind.LayerNorm) { Axes = [1] },
                Layer.Instance => new(NormalizationKind.InstanceNorm),
                Layer.Group => new(NormalizationKind.GroupNorm) { Groups = program.Groups },
                Layer.Rms => new(NormalizationKind.RmsNorm) { Axes = [.. Enumerable.Range(program.Shape.Length - program.Suffix, program.Suffix)], Eps = 1e-6 },
                _ => new(NormalizationKind.LpNormalize) { Axes = [1], P = program.P },
            };
        }
        return null;
    }
}
