namespace NormKit.Diagnosis.Tests;

/// <summary>What an answer holds besides its name.</summary>
public sealed class ResultTests
{
    private static readonly int[] Shape = [6, 8, 7, 5];
    private const int S = 35;
    private static readonly double[] X = Formulas.Normal(6 * 8 * S, 41, offset: 0.5);

    /// <summary>An eps that nobody lists is solved for.</summary>
    [Theory]
    [InlineData(3.7e-4)]
    [InlineData(0.25)]
    [InlineData(4.1e-6)]
    public void Diagnose_AnyEps_IsSolvedFor(double eps)
    {
        double[] small = [.. X.Select((value, i) => value * (0.01 + (0.1 * (i / S % 8))))];
        DiagnosisResult result = Formulas.Diagnose(new() { Input = small, Output = Formulas.Floats(Formulas.Normalize(small, i => i / S, eps)), Shape = Shape });
        Assert.Equal([CauseKind.Eps], result.Best.Causes());
        Assert.InRange(result.Best.Eps, eps * 0.999, eps * 1.001);
        Assert.InRange(eps, result.Best.LeastEps, result.Best.MostEps);
    }

    /// <summary>A weight for each element of a sample would fit under many groupings; the layer as it is comes first.</summary>
    [Theory]
    [InlineData("BatchNorm")]
    [InlineData("InstanceNorm")]
    [InlineData("GroupNorm")]
    public void Diagnose_WeightsOfChannelsNotGiven_AreFittedForChannels(string layer)
    {
        double[] weight = Formulas.Uniform(8, 3, 0.5, 1.5), bias = Formulas.Uniform(8, 4, -1, 1);
        Func<int, int> set = layer switch { "BatchNorm" => i => i / S % 8, "InstanceNorm" => i => i / S, _ => i => i / S / 4 };
        double[] y = Formulas.Floats(Formulas.Normalize(X, set, 1e-5).Select((value, i) => (value * weight[i / S % 8]) + bias[i / S % 8]));
        DiagnosisResult result = Formulas.Diagnose(new() { Input = X, Output = y, Shape = Shape });
        Assert.StartsWith($"This is {layer} with", result.Sentence, StringComparison.Ordinal);
        // Of instance and group norm the factor of a channel is the weight; batch norm's own factor of a channel is a constant that it takes up.
        Assert.Equal(8, result.Best.FittedWeight!.Count);
        Assert.All(result.Best.FittedWeight.Zip(weight), pair => Assert.InRange(pair.First, pair.Second - 1e-4, pair.Second + 1e-4));
        Assert.All(result.Best.FittedBias!.Zip(bias), pair => Assert.InRange(pair.First, pair.Second - 1e-4, pair.Second + 1e-4));
    }

    [Fact]
    public void Diagnose_KnownResidual_IsMeasuredExactly()
    {
        double[] exact = Formulas.Floats(Formulas.Normalize(X, i => i / S, 1e-5));
        double[] y = (double[])exact.Clone();
        y[100] += 0.125;
        DiagnosisResult result = Formulas.Diagnose(new() { Input = X, Output = y, Shape = Shape, Expected = new(NormalizationKind.InstanceNorm) });
        Assert.Equal(Verdict.Nearly, result.Verdict);
        Assert.InRange(result.Original.MaxAbs, 0.1249, 0.1251);
        Assert.Contains("in channel 2", result.Look.Where, StringComparison.Ordinal);
        Assert.InRange(result.Look.ByChannel[2], 0.125 / Math.Sqrt(6 * S) * 0.999, 0.125 / Math.Sqrt(6 * S) * 1.001);
        Assert.Equal(X.Length, result.Look.Histogram.Sum());
    }

    [Theory]
    [InlineData("constant", "one constant")]
    [InlineData("channel", "a constant in each channel")]
    [InlineData("proportional", "proportional to the output")]
    [InlineData("set", "a constant in each set that shares statistics")]
    [InlineData("proportional set", "proportional to the output in each set that shares statistics")]
    [InlineData("noise", "noise")]
    public void Diagnose_Rest_LooksLikeWhatItIs(string kind, string words)
    {
        // The layer alone is looked at, or a fitted weight would take the rest up.
        Random random = new(5);
        double[] y = [.. Formulas.Normalize(X, i => i / S, 1e-5).Select((value, i) => (float)(kind switch
        {
            "constant" => value + 0.003,
            "channel" => value + (0.001 * ((i / S % 8 * 3 % 7) - 3)),
            "set" => value + (0.001 * ((i / S * 5 % 11) - 5)),
            "proportional set" => value * (1 + (0.001 * ((i / S * 5 % 11) - 5))),
            "proportional" => value * 1.004,
            _ => value + (0.004 * (random.NextDouble() - 0.5)),
        }))];
        Search.Problem problem = new(new() { Input = X, Output = y, Shape = Shape }, y);
        Sharing.IndexMap sets = Sharing.IndexMap.Keeping(Shape, [true, true, false, false]);
        ResidualLook look = Looks.Of(problem, problem.ViewOf(0, 0, TestContext.Current.CancellationToken), Formulas.Normalize(X, i => i / S, 1e-5), sets);
        Assert.StartsWith(words, look.Shape, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_TwoOutputs_SaysWhichIsNearerAndWhyEachIsOff()
    {
        double[] a = Formulas.Floats(Formulas.Normalize(X, i => i / S, 1e-5, less: 1)), b = Formulas.Floats(Formulas.Normalize(X, i => i / S, 1e-4));
        TwoSidedResult result = Diagnoser.Compare(
            new() { Input = X, Output = a, Shape = Shape, Expected = new(NormalizationKind.InstanceNorm) }, b, NumberFormat.Float32, null, null, TestContext.Current.CancellationToken);
        Assert.StartsWith("B is nearer to the exact output", result.Sentence, StringComparison.Ordinal);
        Assert.Equal([CauseKind.SampleVariance], result.First.Best.Causes());
        Assert.Equal([CauseKind.Eps], result.Second.Best.Causes());
        Assert.True(result.SecondFromExact.RootMeanSquare < result.FirstFromExact.RootMeanSquare);
        double between = a.Zip(b, (p, q) => Math.Abs(p - q)).Max();
        Assert.Equal(between, result.Between.MaxAbs, 1e-12);
    }

    /// <summary>The variance as E[x^2] - E[x]^2 in float, with sums in an order that is not ours: sixteen lanes.</summary>
    [Fact]
    public void Diagnose_FastVarianceOfAnyOrder_IsRecognized()
    {
        double[] x = Formulas.Normal(16 * 6 * 50, 43, scale: 1, offset: 80), y = new double[x.Length];
        for (int set = 0; set < 16 * 6; set++)
        {
            float[] sums = new float[16], squares = new float[16];
            for (int i = 0; i < 50; i++)
            {
                float value = (float)x[(set * 50) + i];
                sums[i % 16] += value;
                squares[i % 16] += value * value;
            }
            float mean = sums.Sum() / 50, variance = Math.Max(0, (squares.Sum() / 50) - (mean * mean));
            double exact = x.AsSpan(set * 50, 50).ToArray().Average();
            for (int i = 0; i < 50; i++)
                y[(set * 50) + i] = (float)((x[(set * 50) + i] - exact) / Math.Sqrt(variance + 1e-5));
        }
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = [16, 6, 50], Expected = new(NormalizationKind.InstanceNorm) });
        Assert.Contains(CauseKind.FastVariance, result.Best.Causes());
    }

    [Fact]
    public void Diagnose_OutputOfTheOtherShape_IsTransposed()
    {
        double[] y = Formulas.Floats(Formulas.Normalize(X, i => i / S, 1e-5)), moved = new double[y.Length];
        for (int i = 0; i < y.Length; i++)
            moved[(((i / (8 * S)) * S) + (i % S)) * 8 + (i / S % 8)] = y[i];
        DiagnosisResult result = Formulas.Diagnose(new() { Input = X, Output = moved, Shape = Shape, OutputShape = [6, 7, 5, 8] });
        Assert.Equal((Verdict.Explained, NormalizationKind.InstanceNorm), (result.Verdict, result.Best.Kind));
        Assert.Empty(result.Best.Causes());
    }

    /// <summary>NaN in a running variance makes its channel NaN; without the statistics the channel is named.</summary>
    [Fact]
    public void Diagnose_PoisonedStatistics_NamesTheChannel()
    {
        double[] mean = Formulas.Uniform(8, 44, -1, 1), variance = Formulas.Uniform(8, 45, 0.5, 2);
        variance[3] = double.NaN;
        double[] y = Formulas.Floats(X.Select((value, i) => (value - mean[i / S % 8]) / Math.Sqrt(variance[i / S % 8] + 1e-5)));
        DiagnosisResult known = Formulas.Diagnose(new() { Input = X, Output = y, Shape = Shape, RunningMean = mean, RunningVar = variance });
        Assert.Equal([CauseKind.Poisoned], known.Best.Causes());
        Assert.Contains("channel 3", known.Sentence, StringComparison.Ordinal);
        DiagnosisResult unknown = Formulas.Diagnose(new() { Input = X, Output = y, Shape = Shape });
        Assert.Contains(unknown.Notes, note => note.Contains("channel 3", StringComparison.Ordinal));
    }

    [Fact]
    public void Diagnose_Progress_RisesToTheEnd()
    {
        List<double> shares = [];
        Diagnoser.Diagnose(new() { Input = X, Output = Formulas.Floats(Formulas.Normalize(X, i => i / S, 1e-5)), Shape = Shape }, new Told(shares), TestContext.Current.CancellationToken);
        Assert.Equal(shares.Order(), shares);
        Assert.InRange(shares[^1], 0.9, 1);
    }

    private sealed class Told(List<double> shares) : IProgress<double>
    {
        public void Report(double value)
        {
            lock (shares)
                shares.Add(value);
        }
    }
}
