using NormKit.Cli.Compare;
using NormKit.Cli.Reports;
using NormKit.Diagnosis;

namespace NormKit.Cli.Diagnose;

/// <summary>The answer for people: a sentence, what was tried, and how to change the code.</summary>
internal static class DiagnoseReport
{
    private const int CauseWidth = 26;
    private const int LayerWidth = 32;
    private const int LeadWidth = 11;

    public static IEnumerable<ReportPart> Of(DiagnoseJob job, DiagnosisResult result)
    {
        yield return new Heading("Diagnosis");
        yield return new Paragraph(result.Sentence);
        yield return new Paragraph(job.Source + ".", "Of:");
        foreach ((string file, BatchFinding finding) in job.InOtherBatches())
        {
            bool isTraining = !finding.IsInvariant && result.Best is { Kind: NormalizationKind.BatchNorm, IsEvaluation: false };
            yield return new Paragraph(finding.Text + (isTraining ? " Batch norm in training takes the statistics of the batch, so that other batches give other outputs." : ""), $"{file}:");
        }
        foreach (ReportPart part in Details(result))
            yield return part;
        foreach (ReportPart part in InCode(result))
            yield return part;
    }

    public static IEnumerable<ReportPart> Of(DiagnoseJob job, TwoSidedResult result)
    {
        yield return new Heading("Diagnosis of two outputs");
        foreach (string sentence in result.Sentence.Replace(". A: ", ".\nA: ", StringComparison.Ordinal).Replace(" B: ", "\nB: ", StringComparison.Ordinal).Split('\n'))
            yield return new Paragraph(sentence);
        yield return new Paragraph(job.Source + ".", "Of:");
        yield return new Heading("From the exact output");
        yield return new Table(["output", "largest", "in ULP", "median ULP", "root mean square"],
        [
            Row($"A, {job.OutputNames[0]}", result.FirstFromExact), Row($"B, {job.OutputNames[1]}", result.SecondFromExact), Row("A and B", result.Between),
        ], Words: 1);
        foreach ((string name, DiagnosisResult one) in ((string, DiagnosisResult)[])[("A", result.First), ("B", result.Second)])
        {
            yield return new Heading($"{name}, {job.OutputNames[name == "A" ? 0 : 1]}");
            foreach (ReportPart part in Details(one))
                yield return part;
            foreach (string change in one.Changes)
                yield return new Paragraph(change, "Change:");
        }
        foreach (ReportPart part in InCode(result.First.Original.RootMeanSquare <= result.Second.Original.RootMeanSquare ? result.First : result.Second, changes: false))
            yield return part;
    }

    private static IEnumerable<ReportPart> Details(DiagnosisResult result)
    {
        foreach (string note in result.Notes)
            yield return new Paragraph(note, "Note:");
        if (result.Best.SameAs.Count > 0 && result.Verdict is not (Verdict.NoneOfThese or Verdict.NotNormalized or Verdict.Line))
            yield return new Paragraph($"here the same computation: {string.Join("; ", result.Best.SameAs)}.", "Also:");
        foreach (Finding tie in result.Ties)
            yield return new Paragraph($"{tie.Text} gives the same output, and nothing in these arrays tells them apart.", "Tie:");
        if (result.Momentum is MomentumFinding momentum)
            yield return new Paragraph(momentum.Text, "Momentum:");
        if (result.Verdict == Verdict.NotNormalized)
            yield break;
        yield return new Heading("What was tried");
        yield return new Table(["layer", "departures", "largest left", "median ULP", "explained"], [.. Rows(result)], Words: 2);
        yield return new Paragraph(
            $"Largest difference on all elements, and the median in units of {result.UlpFormat.ToString().ToLowerInvariant()}; explained is the share of the summed difference from {result.Reference} "
            + $"(largest {Report.Figure(result.Original.MaxAbs)}, sum {Report.Figure(result.Original.SumAbs)}).");
        yield return new Heading("What is left");
        string look = result.Verdict == Verdict.Explained ? "rounding" : $"{result.Look.Shape}, {result.Look.Where}";
        yield return new Paragraph($"{look}; largest {Report.Figure(result.Best.Residual.MaxAbs)}, root mean square "
            + $"{Report.Figure(result.Best.Residual.RootMeanSquare)}, median {Report.Figure(result.Best.Residual.MedianUlp)} ULP.");
        yield return new Paragraph(RoundingText(result), "Rounding:");
        if (result.Best.FittedWeight is not null || result.Best.FittedBias is not null)
            yield return new Paragraph(FittedText(result.Best), "Fitted:");
    }

    private static IEnumerable<ReportPart> InCode(DiagnosisResult result, bool changes = true)
    {
        if (result.Advice.Count == 0 && result.Changes.Count == 0)
            yield break;
        yield return new Heading("In code");
        foreach (CodeAdvice advice in result.Advice)
            yield return new Paragraph(advice.Code, (advice.Library + ":").PadRight(LeadWidth));
        foreach (string change in changes ? result.Changes : [])
            yield return new Paragraph(change, "Change:".PadRight(LeadWidth));
    }

    private static IEnumerable<string[]> Rows(DiagnosisResult result)
    {
        foreach (Finding finding in result.Tried)
        {
            string labels = finding.Causes.Count == 0 ? "none" : string.Join(", ", finding.Causes.Select(cause => Label(cause, finding)));
            string[] layers = [.. TextLines.Wrap(finding.Layer, LayerWidth)], causes = [.. TextLines.Wrap(labels, CauseWidth)];
            yield return
            [
                layers[0], causes[0], Report.Figure(finding.Residual.MaxAbs), Report.Figure(Math.Round(finding.Residual.MedianUlp, 2)),
                finding.ExplainedText,
            ];
            for (int i = 1; i < Math.Max(layers.Length, causes.Length); i++)
                yield return [i < layers.Length ? "  " + layers[i] : "", i < causes.Length ? "  " + causes[i] : "", "", "", ""];
        }
    }

    private static string Label(Cause cause, Finding finding) => cause.Kind == CauseKind.Eps ? $"eps {Report.Figure(finding.Eps)}" : cause.Label;

    /// <summary>How many outputs are the exact value rounded once, and which way the others lean.</summary>
    private static string RoundingText(DiagnosisResult result) =>
        $"{(result.CorrectlyRounded == 1 ? "all" : (Math.Floor(result.CorrectlyRounded * 1000) / 10).ToString("0.#", System.Globalization.CultureInfo.InvariantCulture) + " %")} of the outputs are the exact value of the layer "
        + $"rounded once to {result.UlpFormat.ToString().ToLowerInvariant()}; the mean error, output minus exact, is {result.MeanSignedUlp.ToString("0.###;-0.###;0", System.Globalization.CultureInfo.InvariantCulture)} ULP.";

    private static string FittedText(Finding finding)
    {
        string Values(string name, IReadOnlyList<double>? values) => values is null ? ""
            : $"{name} {string.Join(", ", values.Take(6).Select(Report.Figure))}{(values.Count > 6 ? $", ... ({values.Count})" : "")}";
        return string.Join("; ", ((string[])[Values("weight", finding.FittedWeight), Values("bias", finding.FittedBias)]).Where(text => text.Length > 0)) + ".";
    }

    private static string[] Row(string name, Residual residual) =>
    [
        name, Report.Figure(residual.MaxAbs), Report.Figure(Math.Round(residual.MaxUlp, 1)), Report.Figure(Math.Round(residual.MedianUlp, 2)), Report.Figure(residual.RootMeanSquare),
    ];
}
