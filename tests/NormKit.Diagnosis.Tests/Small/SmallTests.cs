namespace NormKit.Diagnosis.Tests.Small;

/// <summary>Rows and tiny tensors of one to four sets: the layer and its fault are named, or are among what gives the same output.</summary>
public sealed class SmallTests(ITestOutputHelper output)
{
    [Fact]
    public void Diagnose_SmallCases_AreNamed() => Run(from: 1, count: 60);

    /// <summary>Of seeds that nothing was tuned on.</summary>
    [Theory(Explicit = true)]
    [InlineData(100_000)]
    [InlineData(200_000)]
    public void Diagnose_ManySmallCases_AreNamed(int from) => Run(from, count: 400);

    private void Run(int from, int count)
    {
        List<string> wrong = [], alone = [];
        foreach (int seed in Enumerable.Range(from, count))
        {
            SmallCase drawn = SmallCase.Draw(seed);
            DiagnosisResult result = Formulas.Diagnose(drawn.Request);
            if (!SmallJudge.Names(drawn, result))
                wrong.Add($"{drawn}: {result.Sentence}");
            if (SmallJudge.IsUnlikelyAlone(drawn, result))
                alone.Add($"{drawn}: {result.Sentence}");
        }
        output.WriteLine($"{count - wrong.Count} of {count}");
        Assert.True(wrong.Count * 50 <= count && alone.Count * 100 <= count, $"{wrong.Count} of {count} not named, {alone.Count} of them alone:\n{string.Join('\n', alone.Concat(wrong))}");
    }
}
