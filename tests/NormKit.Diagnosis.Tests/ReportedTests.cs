namespace NormKit.Diagnosis.Tests;

/// <summary>Small inputs of the kinds that people report.</summary>
public sealed class ReportedTests
{
    private static readonly double[] Ones = [1, 1, 1], Zeros = [0, 0, 0];

    /// <summary>One set is a line of its input: a likely eps at rounding level is named, not an unlikely one that fits a little better.</summary>
    [Theory]
    [InlineData(new double[] { 0.06, 0, 0.14 })]
    [InlineData(new double[] { 0.09484422, 0.16441762 })]
    public void Diagnose_OneShortRow_IsNormalizedWithALikelyEps(double[] values)
    {
        double[] x = Formulas.Floats(values);
        foreach (int off in (int[])[0, 1, -1])
        {
            double[] y = Formulas.Floats(Formulas.Normalize(x, _ => 0, 1e-3));
            y[0] = off == 0 ? y[0] : off > 0 ? float.BitIncrement((float)y[0]) : float.BitDecrement((float)y[0]);
            foreach (ExpectedLayer? expected in (ExpectedLayer?[])[null, new(NormalizationKind.LayerNorm)])
            {
                DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = [1, x.Length], Expected = expected });
                Assert.Equal((Verdict.Explained, NormalizationKind.LayerNorm, 1e-3), (result.Verdict, result.Best.Kind, result.Best.Eps));
                Assert.Equal([CauseKind.Eps], result.Best.Causes());
            }
        }
    }

    [Theory]
    [InlineData(1e-3, true)]
    [InlineData(1e-3, false)]
    [InlineData(1e-5, true)]
    public void Diagnose_StatisticsOfANewLayer_AreAHypothesisWithoutFiles(double eps, bool hasAffine)
    {
        double[] x = [1, 2, 3, 4, 5], y = Formulas.Floats(x.Select(value => value / Math.Sqrt(1 + eps)));
        DiagnosisResult result = Formulas.Diagnose(new()
        {
            Input = x,
            Output = y,
            Shape = [1, 5],
            Weight = hasAffine ? [1, 1, 1, 1, 1] : null,
            Bias = hasAffine ? [0, 0, 0, 0, 0] : null,
            Expected = new(NormalizationKind.BatchNorm) { Eps = eps },
        });
        Assert.Equal([CauseKind.InitialStatistics, CauseKind.RunningStatistics], result.Best.Causes());
        Assert.Equal(eps, result.Best.Eps);
    }

    [Fact]
    public void Diagnose_StatisticsOfEverything_AreAmongWhatALineMayBe()
    {
        double[] x = Formulas.Normal(192, 5), y = Formulas.Floats(Formulas.Normalize(x, _ => 0, 0).Select(value => (value * 1.135) + 0.2756));
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = [3, 16, 2, 2] });
        Assert.Equal(Verdict.Line, result.Verdict);
        Assert.Contains("Either nothing was normalized, or all elements share", result.Sentence, StringComparison.Ordinal);
        Assert.Contains(result.Ties, tie => tie.Layer == "LayerNorm over all dimensions" && tie.Causes().SequenceEqual([CauseKind.UnknownWeight, CauseKind.UnknownBias]));
    }

    [Theory]
    [InlineData("variance")]
    [InlineData("mean square")]
    [InlineData("sum of squares")]
    public void Diagnose_MissingRoot_IsNamed(string divisor)
    {
        double[] x = [1, 2, 3, 6, 2, 2, 5, 7, 10, 0, 4, 2], y = new double[12];
        for (int row = 0; row < 3; row++)
        {
            double[] values = x[(4 * row)..((4 * row) + 4)];
            double mean = divisor == "variance" ? values.Average() : 0, squares = values.Sum(value => (value - mean) * (value - mean));
            for (int i = 0; i < 4; i++)
                y[(4 * row) + i] = (float)((values[i] - mean) / (divisor == "sum of squares" ? squares : squares / 4));
        }
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = [3, 4] });
        Assert.Equal(divisor switch { "variance" => NormalizationKind.LayerNorm, "mean square" => NormalizationKind.RmsNorm, _ => NormalizationKind.LpNormalize }, result.Best.Kind);
        Assert.Contains(CauseKind.VarianceNotRooted, result.Best.Causes());
    }

    [Theory]
    [InlineData(0.1, true, false)]
    [InlineData(0.5, true, true)]
    [InlineData(0.03, false, false)]
    public void Diagnose_StatisticsAfterTheUpdate_AreNamedWithTheMomentum(double momentum, bool isGiven, bool isEval)
    {
        double[] x = Formulas.Normal(60, 7, scale: 1.5, offset: 0.7), y = new double[60];
        for (int c = 0; c < 3; c++)
        {
            int[] at = [.. Enumerable.Range(0, 60).Where(i => i / 5 % 3 == c)];
            double mean = at.Average(i => x[i]), variance = at.Sum(i => (x[i] - mean) * (x[i] - mean)) / (at.Length - 1);
            foreach (int i in at)
                y[i] = (float)((x[i] - (momentum * mean)) / Math.Sqrt(1 - momentum + (momentum * variance) + 1e-5));
        }
        DiagnosisResult result = Formulas.Diagnose(new()
        {
            Input = x,
            Output = y,
            Shape = [4, 3, 5],
            Weight = isGiven ? Ones : null,
            Bias = isGiven ? Zeros : null,
            RunningMean = isGiven ? Zeros : null,
            RunningVar = isGiven ? Ones : null,
            Expected = isEval ? new(NormalizationKind.BatchNorm) { Eval = true } : null,
        });
        Assert.Equal([CauseKind.StaleStatistics], result.Best.Causes());
        Assert.Contains($"momentum {momentum.ToString(System.Globalization.CultureInfo.InvariantCulture)}", result.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Diagnose_GroupsOfTheLastDimension_AreNamed(bool isRms)
    {
        double[] x = Formulas.Normal(4 * 32 * 16, 9, offset: 0.3), weight = Formulas.Uniform(16, 10, 0.5, 2), y = isRms ? new double[x.Length] : Formulas.Normalize(x, i => i / 8, 1e-5);
        for (int i = 0; i < x.Length; i++)
            y[i] = isRms ? x[i] / Math.Sqrt(Enumerable.Range(i / 8 * 8, 8).Average(k => x[k] * x[k]) + 1e-6) : y[i];
        foreach (double[]? given in (double[]?[])[null, weight])
        {
            double[] scaled = Formulas.Floats(y.Select((value, i) => value * (given is null ? 1 : given[i % 16])));
            DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = scaled, Shape = [4, 32, 16], Weight = given });
            Assert.Equal($"{(isRms ? "RmsNorm" : "LayerNorm")} over 2 groups of the last dimension", result.Best.Layer);
            Assert.Empty(result.Best.Causes);
        }
    }

    /// <summary>A loop that sums the window of the first channel alone.</summary>
    [Fact]
    public void Diagnose_WindowsLeftOut_SaysInWhichChannels()
    {
        double[] x = [1, 2, 3, 4, 5, 6, 7, 8];
        double[] y = Formulas.Floats(x.Select((value, i) => i < 2 ? value / Math.Sqrt(2 + (((value * value) + (x[i + 2] * x[i + 2])) / 3)) : value / Math.Sqrt(2)));
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = [1, 4, 2] });
        Assert.Equal((NormalizationKind.LocalResponseNorm, 3, (1.0, 0.5, 2.0)), (result.Best.Kind, result.Best.Size, result.Best.Window));
        Assert.Contains("in channel 0 alone; channels 1, 2, 3 are the input divided by 1.41421, which is k^beta", result.Best.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Diagnose_EpsAfterTheDivision_IsNamedBesideTheSampleVariance()
    {
        double[] x = Formulas.Normal(24, 11, scale: 2, offset: 1), weight = Formulas.Normal(6, 12), bias = Formulas.Normal(6, 13);
        double[] y = Formulas.Floats(Formulas.Normalize(x, i => i / 6, 0, less: 1).Select((value, i) => ((value + 1e-5) * weight[i % 6]) + bias[i % 6]));
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = [4, 6], Weight = weight, Bias = bias });
        Assert.Equal([CauseKind.SampleVariance, CauseKind.EpsAfterDivision], result.Best.Causes());
        Assert.Equal(1e-5, result.Best.Eps);
    }

    /// <summary>A weight of ones and a bias of zeros cannot be missing.</summary>
    [Fact]
    public void Diagnose_WeightOneAndBiasZero_AreNotMissed()
    {
        double[] x = Formulas.Normal(24, 14), one = [1, 1, 1, 1, 1, 1], zero = new double[6];
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = Formulas.Floats(Formulas.Normalize(x, i => i / 6, 1e-5)), Shape = [4, 6], Weight = one, Bias = zero });
        Assert.All(result.Ties.Prepend(result.Best), finding => Assert.DoesNotContain(finding.Causes, cause => cause.Kind is CauseKind.WeightIgnored or CauseKind.BiasIgnored));
        Assert.Empty(result.Best.Causes);
    }
}
