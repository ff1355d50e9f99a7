using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Search;

namespace NormKit.Diagnosis.Words;

/// <summary>The answer in one sentence.</summary>
internal static class Sentence
{
    private const double Visible = 1e-9;

    public static string Of(Verdict verdict, Finding best, IReadOnlyList<Finding> ties, Residual original, ResidualLook look, Problem problem)
    {
        string ulp = $"{Names.Number(Math.Round(best.Residual.MaxUlp, 1))} ULP of {problem.OutputFormat.Name()}";
        string rest = $"what is left is at most {Names.Number(best.Residual.MaxAbs)}";
        string ties2 = ties.Count == 0 ? "" : $" {Other(ties.Count)} fit{(ties.Count == 1 ? "s" : "")} as well; see below.";
        if (verdict == Verdict.NoneOfThese)
            return $"None of these: the nearest, {best.Text}, leaves {Names.Number(best.Residual.RootMeanSquare)} (root mean square) of an output of {Names.Number(Size(problem))}; the rest is {look.Shape}, {look.Where}.";
        string share = original.SumAbs > Visible && double.IsFinite(best.Explained) ? $": that explains {Names.Percent(best.Explained)} of the difference" : "";
        if (verdict == Verdict.Nearly)
            return $"Nearest is {best.Text}{share}; {rest}, more than rounding: {look.Shape}, {look.Where}.{ties2}";
        if (best.Causes.Count == 0)
            return $"This is {best.Text}, {(problem.Expected is null ? "as a textbook has it" : "as expected")}: the output agrees to rounding, at most {Names.Number(best.Residual.MaxAbs)}.{ties2}";
        return $"This is {best.Text}{share}; {rest}, which is rounding.{ties2}";
    }

    /// <summary>Which of two outputs is nearer to the exact one.</summary>
    public static string OfTwo(DiagnosisResult a, DiagnosisResult b)
    {
        string nearer = a.Original.RootMeanSquare == b.Original.RootMeanSquare ? "Both are equally near to the exact output"
            : $"{(a.Original.RootMeanSquare < b.Original.RootMeanSquare ? "A" : "B")} is nearer to the exact output";
        return $"{nearer}: A is off by {Off(a)}, B by {Off(b)}. A: {a.Sentence} B: {b.Sentence}";
    }

    private static string Off(DiagnosisResult result) => $"at most {Names.Number(result.Original.MaxAbs)}";

    private static string Other(int count) => count == 1 ? "Another reading" : $"{count} other readings";

    private static double Size(Problem problem)
    {
        double squares = 0;
        int count = 0;
        foreach (double value in problem.Output)
        {
            if (double.IsFinite(value))
                (squares, count) = (squares + (value * value), count + 1);
        }
        return Math.Sqrt(squares / Math.Max(1, count));
    }
}
