using System.Text;
using NormKit.Cli.Diagnose;
using NormKit.IO;
using static NormKit.Cli.Diagnose.SvgCharts;

namespace NormKit.Cli.Inspect;

/// <summary>An inspection as one page that needs nothing else, well-formed as XML too.</summary>
internal static class InspectPage
{
    /// <summary>Norms of one role in so many layers get a picture of their own.</summary>
    private const int LayersOfARole = 3;

    public static string Of(ModelInspection inspection)
    {
        StringBuilder page = HtmlReport.Start($"Norms of {Path.GetFileName(inspection.Path)}");
        page.Append($"<p class=\"answer\">{Escape(NormWords.Headline(inspection))}</p>\n");
        string architecture = inspection.Architecture.Length > 0 ? $"{inspection.Architecture}, " : "";
        page.Append($"<p>{Escape($"{architecture}{inspection.Format.ToString().ToLowerInvariant()}, {Plural.Of(inspection.TensorCount, "tensor")}, {NormWords.Size(inspection.Bytes)}.")}</p>\n");
        foreach (string note in inspection.Notes)
            page.Append($"<p>{Escape(note)}</p>\n");
        AppendFindings(page, inspection.Norms);
        AppendPictures(page, inspection);
        AppendRelations(page, inspection);
        AppendNorms(page, inspection.Norms);
        return HtmlReport.End(page);
    }

    private static void AppendFindings(StringBuilder page, IReadOnlyList<ModelNorm> norms)
    {
        if (!norms.Any(norm => norm.Findings.Count > 0))
            return;
        page.Append("<h2>Findings, worst first</h2>\n<table><tr><th>norm</th><th>finding</th><th>reason and way out</th></tr>\n");
        foreach ((ModelNorm norm, NormFinding finding) in norms.SelectMany(norm => norm.Findings.Select(finding => (norm, finding))).OrderBy(pair => pair.finding.Kind))
            page.Append($"<tr><td>{Escape(norm.Name)}</td><td>{Escape(NormWords.Of(finding.Kind))}</td><td>{Escape(finding.Text)}</td></tr>\n");
        page.Append("</table>\n");
    }

    private static void AppendRelations(StringBuilder page, ModelInspection inspection)
    {
        if (inspection.OtherPath is null)
            return;
        page.Append($"<h2>Beside {Escape(Path.GetFileName(inspection.OtherPath))}</h2>\n<p>{Escape(NormWords.Relations(inspection))}.</p>\n");
        page.Append("<table><tr><th>norm</th><th>relation</th><th>how</th><th class=\"n\">largest difference</th></tr>\n");
        foreach (ModelNorm norm in inspection.Norms)
        {
            page.Append($"<tr><td>{Escape(norm.Name)}</td><td>{Escape(norm.Relation is null ? "none" : NormWords.Of(norm.Relation.Kind))}</td>"
                + $"<td>{Escape(norm.Relation is not NormRelation relation ? "the other file has no such norm" : relation.Text + (relation.Other is null || relation.Other == norm.Name ? "" : $" ({relation.Other})"))}</td><td class=\"n\">{(norm.Relation is { MaxAbs: double most } && double.IsFinite(most) ? NormWords.Number(most) : "")}</td></tr>\n");
        }
        page.Append("</table>\n");
        if (inspection.OnlyInOther.Count > 0)
            page.Append($"<p>Only in the other file: {Escape(string.Join(", ", inspection.OnlyInOther))}.</p>\n");
    }

    /// <summary>A picture for each part of each role, or of each kind where names tell no roles.</summary>
    private static void AppendPictures(StringBuilder page, ModelInspection inspection)
    {
        Dictionary<string, int> layersOf = inspection.Norms.Where(norm => norm.Place.Layer >= 0).GroupBy(norm => norm.Place.Role).ToDictionary(group => group.Key, group => group.Count());
        var groups = inspection.Norms.Where(norm => inspection.Spreads[norm].Count > 0)
            .GroupBy(norm => norm.Place.Layer >= 0 && layersOf[norm.Place.Role] >= LayersOfARole ? $"{norm.Place.Role}, {NormWords.Of(norm.Kind)}" : $"{NormWords.Of(norm.Kind)}").ToList();
        if (groups.Count == 0)
            return;
        page.Append("<h2>Distributions by layer</h2>\n<p>Each line is one norm, from its least to its largest value. The box holds the middle half of the values, and the mark is the median.</p>\n");
        foreach (var group in groups)
        {
            bool byLayer = group.All(norm => norm.Place.Layer >= 0);
            foreach (string part in group.SelectMany(norm => inspection.Spreads[norm].Select(spread => spread.Part)).Distinct())
            {
                List<(string Name, NormSpread Spread)> lines = [.. group.SelectMany(norm => inspection.Spreads[norm].Where(spread => spread.Part == part).Select(spread => (norm.Name, spread)))];
                string title = $"{group.Key}: {part}";
                page.Append($"<h3>{Escape(title)}</h3>\n");
                ModelNorm[] norms = [.. group];
                page.Append(NormPicture.Of(title, lines, i => byLayer && norms.Length == lines.Count ? $"{norms[i].Place.Layer}" : $"{i + 1}", byLayer ? "layer" : "norm, in the order of the file", isLogarithmic: part == "running variance"));
            }
        }
    }

    private static void AppendNorms(StringBuilder page, IReadOnlyList<ModelNorm> norms)
    {
        if (norms.Count == 0)
            return;
        page.Append("<h2>All norms</h2>\n<table><tr><th>norm</th><th>kind</th><th>where</th><th>tensor</th><th>eps</th><th>between</th></tr>\n");
        foreach (ModelNorm norm in norms)
        {
            page.Append($"<tr><td>{Escape(norm.Name)}</td><td>{Escape(NormWords.Of(norm.Kind))}</td><td>{Escape(norm.Where)}</td><td>{Escape($"{norm.TypeName} {NormWords.Shape(norm)}".Trim())}</td>"
                + $"<td>{Escape(norm.Eps is null ? norm.EpsSource : $"{NormWords.Eps(norm)}, {norm.EpsSource}")}</td><td>{Escape(NormWords.Between(norm))}</td></tr>\n");
        }
        page.Append("</table>\n");
    }
}
