using NormKit.Cli.Reports;
using NormKit.IO;

namespace NormKit.Cli.Inspect;

/// <summary>An inspection for people: findings, relations, then a line for each norm.</summary>
internal static class InspectReport
{
    /// <summary>Of one kind of finding so many are told in full; the others by name.</summary>
    private const int MostOfAKind = 3;

    private const int MostNames = 8;
    private const int NameWidth = 33, KindWidth = 11, TensorWidth = 13, EpsWidth = 7, BetweenWidth = 20;

    public static IEnumerable<ReportPart> Of(ModelInspection inspection)
    {
        yield return new Heading($"Norms of {Path.GetFileName(inspection.Path)}");
        yield return new Paragraph(NormWords.Headline(inspection));
        string architecture = inspection.Architecture.Length > 0 ? $"{inspection.Architecture}, " : "";
        yield return new Paragraph($"{architecture}{inspection.Format.ToString().ToLowerInvariant()}, {Plural.Of(inspection.TensorCount, "tensor")}, {NormWords.Size(inspection.Bytes)}.", "File:");
        foreach (string note in inspection.Notes)
            yield return new Paragraph(note, "Note:");
        foreach (ReportPart part in Findings(inspection.Norms))
            yield return part;
        foreach (ReportPart part in Relations(inspection))
            yield return part;
        if (inspection.Norms.Count == 0)
            yield break;
        yield return new Heading("All norms");
        yield return new Table(["norm", "kind", "tensor", "eps", "between"], [.. inspection.Norms.SelectMany(Rows)], Words: 5);
        foreach (IGrouping<string, ModelNorm> source in inspection.Norms.GroupBy(norm => norm.Eps is null ? norm.EpsSource : $"{NormWords.Eps(norm)}, {norm.EpsSource}"))
            yield return new Paragraph($"{source.Key} ({Plural.Of(source.Count(), "norm")}).", "eps:");
        if (inspection.Format != ModelFormat.Onnx)
        {
            foreach (IGrouping<string, ModelNorm> file in inspection.Norms.GroupBy(norm => norm.Where))
                yield return new Paragraph($"{file.Key} ({Plural.Of(file.Count(), "norm")}).", "Where:");
        }
    }

    private static IEnumerable<ReportPart> Findings(IReadOnlyList<ModelNorm> norms)
    {
        var kinds = norms.SelectMany(norm => norm.Findings.Select(finding => (Norm: norm, Finding: finding))).GroupBy(pair => pair.Finding.Kind).OrderBy(group => group.Key).ToList();
        if (kinds.Count == 0)
            yield break;
        yield return new Heading("Findings, worst first");
        foreach (var kind in kinds)
        {
            int count = kind.Count();
            foreach ((ModelNorm norm, NormFinding finding) in kind.Take(count == MostOfAKind + 1 ? count : MostOfAKind))
                yield return new Paragraph($"{norm.Name}: {finding.Text}", Capital(NormWords.Of(kind.Key)) + ":");
            if (count > MostOfAKind + 1)
            {
                string[] names = [.. kind.Skip(MostOfAKind).Select(pair => pair.Norm.Name)];
                string more = names.Length > MostNames ? $" and {names.Length - MostNames} more, which --json lists" : "";
                yield return new Paragraph($"the same in {string.Join(", ", names.Take(MostNames))}{more}.", Capital(NormWords.Of(kind.Key)) + ":");
            }
        }
    }

    private static IEnumerable<ReportPart> Relations(ModelInspection inspection)
    {
        if (inspection.OtherPath is null)
            yield break;
        yield return new Heading($"Beside {Path.GetFileName(inspection.OtherPath)}");
        yield return new Paragraph($"{NormWords.Relations(inspection)}.");
        string[][] rows = [.. inspection.Norms.Where(norm => norm.Relation is null or { Kind: not NormRelationKind.Equal }).SelectMany(RelationRows)];
        if (rows.Length > 0)
            yield return new Table(["norm", "relation", "how"], rows, Words: 3);
        if (inspection.OnlyInOther.Count > 0)
            yield return new Paragraph($"{string.Join(", ", inspection.OnlyInOther.Take(MostNames))}{(inspection.OnlyInOther.Count > MostNames ? $" and {inspection.OnlyInOther.Count - MostNames} more" : "")}.", "Only there:");
    }

    private static IEnumerable<string[]> RelationRows(ModelNorm norm)
    {
        string how = norm.Relation is not NormRelation relation ? "the other file has no such norm"
            : relation.Text + (relation.Other is null || relation.Other == norm.Name ? "" : $" ({relation.Other})")
                + (double.IsFinite(relation.RelativeRms) && relation.RelativeRms > 0 ? $"; relative difference {NormWords.Number(relation.RelativeRms)}" : "");
        return WrappedCells.Of((norm.Name, 36), (norm.Relation is null ? "none" : NormWords.Of(norm.Relation.Kind), 10), (how, 41));
    }

    private static IEnumerable<string[]> Rows(ModelNorm norm) => WrappedCells.Of(
        (norm.Name, NameWidth), (NormWords.Of(norm.Kind) + (norm.Groups is int groups ? $" ({groups})" : ""), KindWidth),
        ($"{norm.TypeName} {NormWords.Shape(norm)}".Trim(), TensorWidth), (NormWords.Eps(norm), EpsWidth), (NormWords.Briefly(norm), BetweenWidth));

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
