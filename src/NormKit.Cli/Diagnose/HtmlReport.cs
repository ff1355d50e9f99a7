using System.Text;
using NormKit.Cli.Compare;
using NormKit.Diagnosis;
using static NormKit.Cli.Diagnose.SvgCharts;

namespace NormKit.Cli.Diagnose;

/// <summary>A diagnosis as one page that needs nothing else, well-formed as XML too.</summary>
internal static class HtmlReport
{
    private const string Style = """
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
        h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } .answer { font-size: 1.15rem; border-left: 4px solid #2a7; padding-left: 1rem; }
        table { border-collapse: collapse; width: 100%; font-size: .9rem; } td, th { border-bottom: 1px solid #ddd; padding: .3rem .5rem; text-align: left; vertical-align: top; } td:first-child { overflow-wrap: anywhere; min-width: 11rem; }
        td.n, th.n { text-align: right; white-space: nowrap; } code { background: #f4f4f4; padding: .1rem .3rem; } svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; }
        .bar { fill: #7aa6c2; } .best { fill: #2a9d70; } .thin { stroke: #7aa6c2; } .mark { stroke: #d1495b; stroke-width: 2; } .axis { stroke: #888; } .right { text-anchor: end; } .middle { text-anchor: middle; } text { fill: currentColor; }
        @media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818; } td, th { border-color: #444; } code { background: #2a2a2a; } }
        """;

    public static string Of(DiagnoseJob job, DiagnosisResult result)
    {
        StringBuilder page = Start("normkit diagnose");
        page.Append($"<p class=\"answer\">{Escape(result.Sentence)}</p>\n<p>{Escape(job.Source)}.</p>\n");
        Append(page, result);
        return End(page);
    }

    public static string Of(DiagnoseJob job, TwoSidedResult result)
    {
        StringBuilder page = Start("normkit diagnose: two outputs");
        page.Append($"<p class=\"answer\">{Escape(result.Sentence)}</p>\n<p>{Escape(job.Source)}.</p>\n<h2>From the exact output</h2>\n");
        page.Append("<table><tr><th>output</th><th class=\"n\">largest</th><th class=\"n\">ULP</th><th class=\"n\">root mean square</th></tr>\n");
        foreach ((string name, Residual residual) in ((string, Residual)[])
            [($"A, {job.OutputNames[0]}", result.FirstFromExact), ($"B, {job.OutputNames[1]}", result.SecondFromExact), ("A and B", result.Between)])
        {
            page.Append($"<tr><td>{Escape(name)}</td>{Cell(residual.MaxAbs)}{Cell(residual.MaxUlp)}{Cell(residual.RootMeanSquare)}</tr>\n");
        }
        page.Append("</table>\n");
        foreach ((string name, DiagnosisResult one) in ((string, DiagnosisResult)[])[($"A: {job.OutputNames[0]}", result.First), ($"B: {job.OutputNames[1]}", result.Second)])
        {
            page.Append($"<h1>{Escape(name)}</h1>\n<p class=\"answer\">{Escape(one.Sentence)}</p>\n");
            Append(page, one);
        }
        return End(page);
    }

    private static void Append(StringBuilder page, DiagnosisResult result)
    {
        foreach (string text in result.Notes.Concat(result.Momentum is null ? [] : [result.Momentum.Text]))
            page.Append($"<p>{Escape(text)}</p>\n");
        if (result.Best.SameAs.Count > 0 && result.Verdict is not (Verdict.NoneOfThese or Verdict.NotNormalized or Verdict.Line))
            page.Append($"<p>Here the same computation: {Escape(string.Join("; ", result.Best.SameAs))}.</p>\n");
        foreach (Finding tie in result.Ties)
            page.Append($"<p>Tie: {Escape(tie.Text)} gives the same output, and nothing in these arrays tells them apart.</p>\n");
        page.Append("<h2>What each hypothesis leaves</h2>\n");
        page.Append(Rows("Root mean square left by each hypothesis, logarithmic",
            [.. result.Tried.Select(finding => (finding.Text, finding.Residual.RootMeanSquare)), ($"nothing explained: {result.Reference}", result.Original.RootMeanSquare)]));
        AppendTable(page, result);
        AppendRest(page, result.Look);
        if (result.Advice.Count > 0)
        {
            page.Append("<h2>In code</h2>\n<table>\n");
            foreach (CodeAdvice advice in result.Advice)
                page.Append($"<tr><td>{Escape(advice.Library)}</td><td><code>{Escape(advice.Code)}</code></td></tr>\n");
            page.Append("</table>\n");
        }
        foreach (string change in result.Changes)
            page.Append($"<p>{Escape(change)}</p>\n");
    }

    private static void AppendRest(StringBuilder page, ResidualLook look)
    {
        if (look.HistogramLimit == 0)
        {
            page.Append("<h2>What is left</h2>\n<p>Nothing: each element of the output is the one predicted, to the bit.</p>\n");
            return;
        }
        page.Append($"<h2>What is left: {Escape(look.Shape)}, {Escape(look.Where)}</h2>\n<p>By channel (dimension 1), root mean square:</p>\n");
        page.Append(Bars("Residual by channel", look.ByChannel, i => $"{i}", "channel"));
        int bins = look.Histogram.Count;
        page.Append("<p>Histogram of the differences:</p>\n");
        page.Append(Bars("Histogram of the residual", [.. look.Histogram.Select(count => (double)count)],
            i => Report.Figure(((2.0 * i) + 1 - bins) / bins * look.HistogramLimit), "output minus prediction"));
    }

    private static void AppendTable(StringBuilder page, DiagnosisResult result)
    {
        page.Append("<table><tr><th>hypothesis</th><th class=\"n\">largest left</th><th class=\"n\">ULP</th><th class=\"n\">explained</th></tr>\n");
        foreach (Finding finding in result.Tried)
        {
            page.Append($"<tr><td>{Escape(finding.Text)}</td>{Cell(finding.Residual.MaxAbs)}{Cell(finding.Residual.MaxUlp)}<td class=\"n\">{finding.ExplainedText}</td></tr>\n");
        }
        page.Append($"</table>\n<p>Explained: the share of the summed difference from {Escape(result.Reference)} (largest {Report.Figure(result.Original.MaxAbs)}).</p>\n");
    }

    private static string Cell(double value) => $"<td class=\"n\">{Report.Figure(value)}</td>";

    internal static StringBuilder Start(string title) => new StringBuilder().Append(
        $"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width\"/><meta name=\"color-scheme\" content=\"light dark\"/><title>{Escape(title)}</title>\n<style>\n{Style}\n</style></head><body>\n<h1>{Escape(title)}</h1>\n");

    internal static string End(StringBuilder page) => page.Append("</body></html>\n").ToString();
}
