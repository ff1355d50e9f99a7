using System.Globalization;
using NormKit.IO;

namespace NormKit.Cli.Inspect;

/// <summary>Names and numbers of an inspection, for people and for programs.</summary>
internal static class NormWords
{
    public static string Of(NormKind kind) => kind switch
    {
        NormKind.BatchNorm => "batch norm",
        NormKind.LayerNorm => "layer norm",
        NormKind.RmsNorm => "RMS norm",
        NormKind.GroupNorm => "group norm",
        NormKind.InstanceNorm => "instance norm",
        NormKind.LocalResponseNorm => "local response norm",
        NormKind.LpNormalize => "Lp normalization",
        _ => "mean-variance norm",
    };

    public static string Of(NormFindingKind kind) => kind switch
    {
        NormFindingKind.NotFinite => "NaN or infinity",
        NormFindingKind.NegativeVariance => "negative variance",
        NormFindingKind.Incomplete => "incomplete",
        NormFindingKind.TrainingMode => "training mode",
        NormFindingKind.UntouchedStatistics => "statistics as new",
        NormFindingKind.AlikeStatistics => "statistics all alike",
        NormFindingKind.StoredMinusOne => "stored minus one",
        NormFindingKind.StoredAsIs => "stored as it is",
        NormFindingKind.UnusualEps => "unusual eps",
        NormFindingKind.MissingEps => "missing eps",
        NormFindingKind.OtherEps => "another eps",
        NormFindingKind.HalfOverflow => "beyond half precision",
        NormFindingKind.DeadChannels => "dead channels",
        NormFindingKind.VarianceBelowEps => "variance below eps",
        _ => "momentum",
    };

    public static string Of(NormRelationKind kind) => kind switch
    {
        NormRelationKind.Equal => "equal",
        NormRelationKind.PlusOne => "plus one",
        NormRelationKind.MinusOne => "minus one",
        NormRelationKind.Factor => "factor",
        NormRelationKind.BFloat16 => "bfloat16",
        NormRelationKind.Half => "half",
        NormRelationKind.Permuted => "permuted",
        NormRelationKind.Folded => "folded",
        _ => "different",
    };

    public static string Shape(ModelNorm norm) => norm.TypeName.Length == 0 ? "" : $"[{string.Join(", ", norm.Shape.ToArray())}]";

    /// <summary>A number as people write it: 1e-5, 0.25.</summary>
    public static string Number(double value)
    {
        string text = value.ToString("G4", CultureInfo.InvariantCulture);
        int e = text.IndexOf('E', StringComparison.Ordinal);
        return e < 0 ? text : $"{text[..e]}e{int.Parse(text[(e + 1)..], CultureInfo.InvariantCulture)}";
    }

    public static string Eps(ModelNorm norm) => norm.Eps is double eps ? Number(eps) : norm.Kind is NormKind.LocalResponseNorm or NormKind.LpNormalize or NormKind.MeanVarianceNorm ? "none" : "?";

    /// <summary>The operators before and behind a norm.</summary>
    public static string Between(ModelNorm norm) => (norm.After, norm.Before) switch
    {
        (null, null) => "",
        (string after, null) => $"after {after}",
        (null, string before) => $"before {before}",
        (string after, string before) => $"after {after}, before {before}",
    };

    /// <summary>The same in few words: readers without the modules around them, and nothing that goes without saying.</summary>
    public static string Briefly(ModelNorm norm)
    {
        string? after = norm.After is "the residual stream" or "the residual sum" ? null : norm.After;
        string? before = norm.Before is null ? null : string.Join(", ", norm.Before.Split(", ").Select(reader => reader.Contains(' ', StringComparison.Ordinal) ? reader : reader[(reader.LastIndexOf('.') + 1)..]));
        return (after, before) switch
        {
            (null, null) => "",
            (_, null) => $"after {after}",
            (null, _) => $"before {before}",
            _ => $"after {after}, before {before}",
        };
    }

    /// <summary>"20 batch norms and 1 layer norm".</summary>
    public static string Kinds(IReadOnlyList<ModelNorm> norms)
    {
        string[] kinds = [.. norms.GroupBy(norm => norm.Kind).Select(group => Plural.Of(group.Count(), Of(group.Key)))];
        return kinds.Length switch { 0 => "no norm", 1 => kinds[0], _ => $"{string.Join(", ", kinds[..^1])} and {kinds[^1]}" };
    }

    /// <summary>"2 findings in 1 norm", or that there is none.</summary>
    public static string Findings(IReadOnlyList<ModelNorm> norms)
    {
        int count = norms.Sum(norm => norm.Findings.Count), of = norms.Count(norm => norm.Findings.Count > 0);
        return count == 0 ? "no finding" : $"{Plural.Of(count, "finding")} in {Plural.Of(of, "norm")}";
    }

    /// <summary>"60 equal, 5 plus one".</summary>
    public static string Relations(ModelInspection inspection)
    {
        List<string> parts = [.. inspection.Norms.Where(norm => norm.Relation is not null).GroupBy(norm => norm.Relation!.Kind).OrderBy(group => group.Key).Select(group => $"{group.Count()} {Of(group.Key)}")];
        if (inspection.Norms.Count(norm => norm.Relation is null) is int missing and > 0)
            parts.Add($"{missing} not in the other file");
        if (inspection.OnlyInOther.Count > 0)
            parts.Add($"{inspection.OnlyInOther.Count} only in the other file");
        return parts.Count == 0 ? "no norm in either file" : string.Join(", ", parts);
    }

    public static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{Number((double)bytes / (1L << 30))} GiB",
        >= 1L << 20 => $"{Number((double)bytes / (1L << 20))} MiB",
        >= 1L << 10 => $"{Number((double)bytes / (1L << 10))} KiB",
        _ => Plural.Of(bytes, "byte"),
    };

    /// <summary>The first sentence of every output: what the file is and what was found.</summary>
    public static string Headline(ModelInspection inspection) =>
        $"{Kinds(inspection.Norms)}, {Findings(inspection.Norms)}.";
}
