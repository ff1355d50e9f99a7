using NormKit.Diagnosis.Tests.Generator;

namespace NormKit.Diagnosis.Tests;

/// <summary>Random programs, each found out from input and output. What must be named is decided by the program that made the output.</summary>
public sealed class GeneratedTests(ITestOutputHelper output)
{
    [Fact]
    public void Diagnose_ProgramsWithoutFaults_AreNamed() => Run(faults: 0, count: 80, missed: []);

    [Fact]
    public void Diagnose_ProgramsWithOneFault_AreNamedButForThoseListed() => Run(faults: 1, count: 130, missed: [66]);

    [Fact]
    public void Diagnose_ProgramsWithTwoFaults_AreNamed() => Run(faults: 2, count: 130, missed: []);

    /// <param name="faults">How many faults each program has.</param>
    /// <param name="count">How many programs are drawn.</param>
    /// <param name="missed">Those that are known not to be named. One that is named now is to be taken out of the list; another that is not is a step back.</param>
    private void Run(int faults, int count, int[] missed)
    {
        List<int> wrong = [];
        List<string> answers = [];
        Dictionary<string, (int Right, int All)> kinds = [];
        for (int i = 0; i < count; i++)
        {
            Case drawn = Cases.Draw((faults * 1000) + i, faults);
            DiagnosisResult result = Formulas.Diagnose(drawn.Request);
            bool isRight = Judge.Names(drawn, result);
            if (!isRight)
            {
                wrong.Add(i);
                answers.Add($"{i}, {drawn}: {result.Sentence}");
            }
            foreach (string kind in drawn.Program.Faults.Select(fault => fault.ToString()).Append(drawn.Program.Layer.ToString()))
            {
                (int right, int all) = kinds.GetValueOrDefault(kind);
                kinds[kind] = (right + (isRight ? 1 : 0), all + 1);
            }
        }
        output.WriteLine($"{faults} faults: {count - wrong.Count} of {count}");
        foreach ((string kind, (int right, int all)) in kinds.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            output.WriteLine($"  {kind}: {right} of {all}");
        Assert.True(wrong.SequenceEqual(missed), $"not named: [{string.Join(", ", wrong)}], known: [{string.Join(", ", missed)}]\n{string.Join('\n', answers)}");
    }
}
