using NormKit.Diagnosis.Tests.Small;

namespace NormKit.Diagnosis.Tests;

/// <summary>Faults of 16-bit programs that pass every tolerance test.</summary>
public sealed class SixteenBitTests(ITestOutputHelper output)
{
    [Fact]
    public void Diagnose_SixteenBitFaults_AreNamed() => Run(from: 1, count: 2);

    /// <summary>Of seeds that nothing was tuned on.</summary>
    [Theory(Explicit = true)]
    [InlineData(10_000)]
    public void Diagnose_ManySixteenBitFaults_AreNamed(int from) => Run(from, count: 50);

    private void Run(int from, int count)
    {
        foreach (bool isHalf in (bool[])[false, true])
        {
            foreach (SixteenBitFault fault in Enum.GetValues<SixteenBitFault>())
            {
                List<string> wrong = [];
                for (int seed = from; seed < from + count; seed++)
                {
                    SixteenBitCase drawn = SixteenBitCase.Draw(seed, fault, isHalf);
                    DiagnosisResult result = Formulas.Diagnose(drawn.Request);
                    if (!result.Ties.Prepend(result.Best).Any(finding => finding.Causes().ToHashSet().SetEquals(SixteenBitCase.Causes(fault))))
                        wrong.Add($"{drawn}: {result.Sentence}");
                }
                output.WriteLine($"{(isHalf ? "float16" : "bfloat16")} {fault}: {count - wrong.Count} of {count}");
                Assert.True(wrong.Count * 20 <= count, string.Join('\n', wrong));
            }
        }
    }

    /// <summary>Of a float computation rounded once nearly all outputs are the exact value rounded; of one that cuts off, half of them.</summary>
    [Fact]
    public void Diagnose_RoundingFigures_TellRoundingFromCuttingOff()
    {
        DiagnosisResult rounded = Formulas.Diagnose(SixteenBitCase.Draw(5, SixteenBitFault.None, isHalf: false).Request);
        DiagnosisResult cut = Formulas.Diagnose(SixteenBitCase.Draw(5, SixteenBitFault.Truncated, isHalf: false).Request);
        Assert.InRange(rounded.CorrectlyRounded, 0.99, 1);
        Assert.InRange(rounded.MeanSignedUlp, -0.05, 0.05);
        Assert.InRange(cut.CorrectlyRounded, 0.4, 0.6);
    }

    /// <summary>Positive outputs that are cut off are half a unit too small on average.</summary>
    [Fact]
    public void Diagnose_PositiveOutputsCutOff_AreHalfAUnitTooSmall()
    {
        double[] x = [.. Formulas.Uniform(40 * 64, 3, 0.5, 3).Select(value => (double)(BFloat16)value)], y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double exact = x[i] / Math.Sqrt(Enumerable.Range(i / 64 * 64, 64).Average(k => x[k] * x[k]) + 1e-6);
            y[i] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits((float)exact) & ~0xFFFF);
        }
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = [40, 64], InputFormat = NumberFormat.BFloat16, OutputFormat = NumberFormat.BFloat16 });
        Assert.Equal([CauseKind.OutputTruncated], result.Best.Causes());
        Assert.InRange(result.MeanSignedUlp, -0.55, -0.45);
    }
}
