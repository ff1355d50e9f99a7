using NormKit.Diagnosis.Tests.Generator;

namespace NormKit.Diagnosis.Tests;

/// <summary>Random programs, each found out from input and output. What must be named is decided by the program that made the output.</summary>
public sealed class GeneratedTests(ITestOutputHelper output)
{
    [Fact]
    public void Diagnose_ProgramsWithoutFaults_AreNamed() => Run(faults: 0, count: 80);

    [Fact]
    public void Diagnose_ProgramsWithOneFault_AreNamedInNineteenOfTwenty() => Run(faults: 1, count: 130);

    [Fact]
    public void Diagnose_ProgramsWithTwoFaults_AreNamedInNineteenOfTwenty() => Run(faults: 2, count: 130);

    private void Run(int faults, int count)
    {
        List<string> wrong = [];
        Dictionary<string, (int Right, int All)> kinds = [];
        for (int i = 0; i < count; i++)
        {
            Case drawn = Cases.Draw((faults * 1000) + i, faults);
            DiagnosisResult result = Formulas.Diagnose(drawn.Request);
            bool isRight = Judge.Names(drawn, result);
            if (!isRight)
                wrong.Add($"{drawn}: {result.Sentence}");
            foreach (string kind in drawn.Program.Faults.Select(fault => fault.ToString()).Append(drawn.Program.Layer.ToString()))
            {
                (int right, int all) = kinds.GetValueOrDefault(kind);
                kinds[kind] = (right + (isRight ? 1 : 0), all + 1);
            }
        }
        output.WriteLine($"{faults} faults: {count - wrong.Count} of {count}");
        foreach ((string kind, (int right, int all)) in kinds.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            output.WriteLine($"  {kind}: {right} of {all}");
        Assert.True(wrong.Count * 20 <= count, string.Join('\n', wrong));
    }
}
