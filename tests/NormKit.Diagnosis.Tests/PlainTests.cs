namespace NormKit.Diagnosis.Tests;

/// <summary>Outputs that hold no statistics, and files that have changed places.</summary>
public sealed class PlainTests
{
    private static readonly int[] Shape = [4, 6, 5, 7];
    private static readonly double[] X = Formulas.Normal(4 * 6 * 35, 81, scale: 1.3, offset: 0.4);

    [Theory]
    [InlineData("input", "The output is the input, to the bit: nothing was normalized.")]
    [InlineData("zeros", "The output is all zeros: it does not depend on the input.")]
    [InlineData("constant", "The output is 0.25 in every element")]
    [InlineData("multiple", "The output is 0.375 times the input, to rounding")]
    [InlineData("line", "The output is -1.5 times the input plus 0.5, to rounding")]
    public void Diagnose_OutputWithoutStatistics_IsSaidToBeThat(string kind, string sentence)
    {
        double[] y = Formulas.Floats(X.Select(x => kind switch
        {
            "input" => x,
            "zeros" => 0,
            "constant" => 0.25,
            "multiple" => 0.375 * x,
            _ => 0.5 - (1.5 * x),
        }));
        foreach (ExpectedLayer? expected in (ExpectedLayer?[])[null, new(NormalizationKind.GroupNorm) { Groups = 3 }])
        {
            DiagnosisResult result = Formulas.Diagnose(new() { Input = X, Output = y, Shape = Shape, Expected = expected });
            bool isLine = kind is "multiple" or "line";
            Assert.Equal(isLine ? Verdict.Line : Verdict.NotNormalized, result.Verdict);
            Assert.StartsWith(sentence, result.Sentence, StringComparison.Ordinal);

            // A line may be what one mean and one deviation of everything come to.
            Assert.Equal(isLine, result.Ties.Any(tie => tie.Layer.EndsWith("over all dimensions", StringComparison.Ordinal)));
            Assert.Empty(result.Advice);
            Assert.Single(result.Changes);
        }
    }

    /// <summary>One set of all elements is a line of the input too, and a normalization nevertheless.</summary>
    [Fact]
    public void Diagnose_LayerOfOneSet_IsNoPlainLine()
    {
        double[] x = Formulas.Normal(60, 82, offset: 2);
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = Formulas.Floats(Formulas.Normalize(x, _ => 0, 1e-5, less: 1)), Shape = [1, 60] });
        Assert.Equal(Verdict.Explained, result.Verdict);
        Assert.Equal([CauseKind.SampleVariance], result.Best.Causes());
    }

    /// <summary>Of one channel, a batch norm whose weight is not known is a line of the input: which of the two it is cannot be told.</summary>
    [Fact]
    public void Diagnose_UnknownWeightOfOneChannel_IsFitted()
    {
        double[] x = Formulas.Normal(80, 83, offset: 2);
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = Formulas.Floats(Formulas.Normalize(x, _ => 0, 1e-5).Select(y => (1.7 * y) + 0.3)), Shape = [4, 1, 20] });
        Assert.Equal(Verdict.Explained, result.Verdict);
        Assert.Contains(CauseKind.UnknownWeight, result.Best.Causes());
    }

    [Theory]
    [InlineData("batch")]
    [InlineData("group")]
    public void Diagnose_InputAndOutputExchanged_IsNoted(string layer)
    {
        Func<int, int> set = layer == "batch" ? i => i / 35 % 6 : i => i / 70;
        double[] y = Formulas.Floats(Formulas.Normalize(X, set, 1e-5));
        DiagnosisResult exchanged = Formulas.Diagnose(new() { Input = y, Output = X, Shape = Shape });
        if (layer == "group")
            Assert.Equal(Verdict.NoneOfThese, exchanged.Verdict);
        Assert.Contains(exchanged.Notes, note => note.EndsWith("of the output: look whether the two have changed places.", StringComparison.Ordinal));
        Assert.DoesNotContain(Formulas.Diagnose(new() { Input = X, Output = y, Shape = Shape }).Notes, note => note.Contains("changed places", StringComparison.Ordinal));
    }
}
