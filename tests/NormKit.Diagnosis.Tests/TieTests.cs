namespace NormKit.Diagnosis.Tests;

/// <summary>Computations that are the same, by the mathematics.</summary>
public sealed class TieTests
{
    [Theory]
    [InlineData("1,6,5,4", "batch", "InstanceNorm")]
    [InlineData("3,6,5,4", "layer", "GroupNorm with 1 group")]
    [InlineData("3,6,5,4", "instance", "LayerNorm over the last 2 dimensions")]
    [InlineData("4,7", "layer", "GroupNorm with 1 group")]
    [InlineData("3,1,20", "layer", "InstanceNorm")]
    public void Diagnose_OneGroupingOfSeveralNames_SaysSo(string lengths, string layer, string other)
    {
        int[] shape = [.. lengths.Split(',').Select(int.Parse)];
        int length = shape.Aggregate(1, (a, b) => a * b), inner = shape.Skip(2).Aggregate(1, (a, b) => a * b);
        double[] x = Formulas.Normal(length, 21, offset: 0.4);
        Func<int, int> set = layer switch
        {
            "batch" => i => i / inner % shape[1],
            "layer" => i => i / (shape[1] * inner),
            _ => i => i / inner,
        };
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = Formulas.Floats(Formulas.Normalize(x, set, 1e-5)), Shape = shape });
        Assert.Equal(Verdict.Explained, result.Verdict);
        Assert.Empty(result.Best.Causes());
        Assert.Contains(result.Best.SameAs.Append(result.Best.Layer), name => name.StartsWith(other, StringComparison.Ordinal));
        Assert.NotEmpty(result.Best.SameAs);
    }

    /// <summary>At one variance for all sets, n - 1 and another eps are the same factor.</summary>
    [Fact]
    public void Diagnose_SetsOfOneVariance_DivisorAndEpsTie()
    {
        double[] row = Formulas.Normal(40, 22);
        double[] x = Formulas.Floats(Enumerable.Range(0, 6).SelectMany(k => row.Select((_, i) => row[(i + (7 * k)) % 40])));
        double[] y = Formulas.Floats(Formulas.Normalize(x, i => i / 40, 1e-5, less: 1));
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = [6, 40] });
        Finding[] equal = [.. result.Ties.Prepend(result.Best)];
        Assert.Contains(equal, finding => finding.Causes().SequenceEqual([CauseKind.SampleVariance]));
        Assert.Contains(equal, finding => finding.Causes().Contains(CauseKind.Eps) && !finding.Causes().Contains(CauseKind.SampleVariance));
    }

    /// <summary>A weight a channel that nobody gave takes up divisor and eps of batch norm: that they cannot be told is said.</summary>
    [Fact]
    public void Diagnose_BatchNormOfUnknownWeight_SaysWhatCannotBeTold()
    {
        double[] x = Formulas.Normal(5 * 6 * 20, 23), weight = Formulas.Uniform(6, 24, 0.5, 2);
        double[] y = Formulas.Floats(Formulas.Normalize(x, i => i / 20 % 6, 1e-5, less: 1).Select((value, i) => value * weight[i / 20 % 6]));
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = [5, 6, 20] });
        Assert.Equal(NormalizationKind.BatchNorm, result.Best.Kind);
        Assert.Contains(CauseKind.UnknownWeight, result.Best.Causes());
        Assert.Contains(result.Notes, note => note.Contains("cannot be told apart", StringComparison.Ordinal));
    }

    [Fact]
    public void Diagnose_OneWindowOfOddSize_IsOne()
    {
        double[] x = Formulas.Normal(2 * 6 * 8, 25, scale: 2);
        double[] y = Formulas.Floats(x.Select((value, i) => value / Math.Pow(2 + (0.5 * value * value), 0.75)));
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = [2, 6, 8] });
        Assert.Equal((NormalizationKind.LocalResponseNorm, 1), (result.Best.Kind, result.Best.Size));
    }
}
