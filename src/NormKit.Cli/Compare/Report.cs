using NormKit.Cli.Reports;

namespace NormKit.Cli.Compare;

/// <summary>The comparison for people: tables, why the differences are what they are, and which layer to use when.</summary>
internal static class Report
{
    /// <summary>A share of nothing: of an output or a difference that is 0 throughout.</summary>
    private const string Nothing = "-";

    public static IEnumerable<ReportPart> Of(Comparison comparison)
    {
        IReadOnlyList<LayerComparison> layers = comparison.Layers;
        yield return new Heading("Normalization layers against their written formulas");
        yield return new Paragraph(
            $"Input: {comparison.Source}; shape {NumberType.Text(comparison.Shape)}, {comparison.Type.Name}; eps {Figure(comparison.Eps)}. "
            + "Formula: (x - mean) / sqrt(var + eps), two-pass, in double.");
        foreach (string remark in comparison.Remarks)
            yield return new Paragraph(remark, "Note:");

        yield return new Heading("Who shares a mean and a variance");
        yield return new Table(
            ["layer", "axes that share", "one group for each", "groups", "elements n"],
            [.. layers.Select(layer => Shared(layer.Sharing, comparison.Shape))], Words: 3);

        yield return new Heading("Layer minus formula");
        yield return new Table(
            ["layer", "divisor, type", "sum |diff|", "distance", "largest", "in ULP"],
            [.. layers.SelectMany(layer => Rows(layer, comparison.Type))], Words: 2);
        yield return new Paragraph(
            "The formula's divisor, n - 1 for the sample variance or n for the population variance, and the type that the layer computes in; then "
                + "sum, summed pairwise distance and largest of the differences. "
                + $"ULP are those of {comparison.Type.Name} at the formula's value, many where that is near 0.");

        foreach (ReportPart part in Why(comparison))
            yield return part;
        foreach (ReportPart part in Guidance.Parts)
            yield return part;
    }

    /// <summary>Six significant digits; a figure that is not finite says so.</summary>
    public static string Figure(double value) =>
        double.IsNaN(value) ? "undefined" : value.ToString("g6", System.Globalization.CultureInfo.InvariantCulture);

    private static IEnumerable<ReportPart> Why(Comparison comparison)
    {
        yield return new Heading("Why they differ");
        yield return new Paragraph(
            "The layers, like PyTorch's, divide the squared deviations by n. A formula with the sample variance, which the notebook uses and "
                + "torch.var gives by default, divides by n - 1. The difference is this divisor, Bessel's correction, not an error on "
                + "either side. It makes each result smaller by the factor 1 / sqrt(1 + q / (n - 1)), where q is the mean of y^2 over the "
                + "group. Predicted from n and the layer's own output y, and from nothing else:");
        yield return new Table(
            ["layer", "n - 1", "share taken off y", "sum predicted", "sum observed", "explained"],
            [.. comparison.Layers.Select(Predicted)], Words: 1);
        foreach (IGrouping<string, LayerComparison> found in comparison.Layers.Where(l => l.Diagnosis is not null).GroupBy(l => l.Diagnosis!.Text))
        {
            yield return new Paragraph(
                $"Diagnose, which is given input and output and not the formula, says of the formula's {string.Join(", ", found.Select(l => l.Sharing.Kind.Short()))} norm: {found.Key}.");
        }
        foreach (LayerComparison layer in comparison.Layers.Where(l => l.Sharing.ElementsPerGroup == 1))
            yield return new Paragraph("a group of one element has no sample variance: 0 / 0.", layer.Sharing.Kind.Short() + ":");
        yield return new Paragraph(
            $"With the population variance both divide by n, and what is left is the rounding of a layer that computes in "
                + $"{comparison.Type.Name}.");
        yield return new Paragraph(
            "The distance of equal arrays is not 0: PairwiseDistance adds 1e-6 to each difference, which makes it "
                + $"rows * sqrt(width) * 1e-6 = {comparison.Rows} * sqrt({comparison.Shape[^1]}) * 1e-6 = {Figure(comparison.PairwiseFloor)}. "
                + "Rounding moves the distance a little to either side of that.");
    }

    private static string[] Predicted(LayerComparison layer)
    {
        int n = layer.Sharing.ElementsPerGroup;
        string share = n > 1 && layer.OutputSumAbs == 0 ? Nothing : Figure(layer.PredictedSumAbs / layer.OutputSumAbs);
        string explained = layer.SampleVariance.SumAbs == 0 ? Nothing
            : double.IsNaN(layer.Explained) ? Figure(double.NaN) : Figure(100 * layer.Explained) + " %";
        return
        [
            layer.Sharing.Kind.Short(), $"{n - 1}", share, Figure(layer.PredictedSumAbs), Figure(layer.SampleVariance.SumAbs), explained,
        ];
    }

    private static IEnumerable<string[]> Rows(LayerComparison layer, FloatingType type) =>
    [
        Row(layer.Sharing.Kind.Short(), $"n - 1, {FloatingType.Float64.Name}", layer.SampleVariance),
        Row("", $"n, {type.Name}", layer.PopulationVariance),
    ];

    private static string[] Row(string name, string divisor, Difference difference) =>
    [
        name, divisor, Figure(difference.SumAbs), Figure(difference.PairwiseDistance), Figure(difference.MaxAbs), Figure(difference.MaxUlp),
    ];

    private static string[] Shared(Sharing sharing, nint[] shape)
    {
        string[] positions = shape.Length switch { 2 => [], 3 => ["L"], 4 => ["H", "W"], _ => ["D", "H", "W"] };
        int channels = (int)shape[1] * (int)shape[0] / sharing.Groups;
        (string[] axes, string each) = sharing.Kind switch
        {
            LayerKind.Batch => ((string[])["N", .. positions], "channel"),
            LayerKind.Layer => (["C", .. positions], "sample"),
            LayerKind.Instance => (positions, "sample and channel"),
            _ => (["C in the group", .. positions], $"sample and {channels} {(channels == 1 ? "channel" : "channels")}"),
        };
        return [sharing.Kind.Short(), string.Join(", ", axes), each, $"{sharing.Groups}", $"{sharing.ElementsPerGroup}"];
    }
}
