using NormKit.Cli.Reports;

namespace NormKit.Cli.Catalogue;

/// <summary>The table of layers: for people, for the README, for programs.</summary>
internal static class LayerList
{
    public static IEnumerable<ReportPart> Report() =>
    [
        new Heading("Layers"),
        new Table(["layer", "elements that share statistics", "when"], [.. LayerCatalogue.All.Select(entry => (string[])[entry.Name, entry.Shares, entry.When])], Words: 3),
        new Paragraph("normkit explain LAYER says all about one. A class is named as its layer: rms-norm is RmsNorm. batch-norm, instance-norm and their lazy "
            + "forms exist for one rank too: batch-norm-1d, -2d and -3d."),
    ];

    /// <summary>The README's table.</summary>
    public static string Markdown()
    {
        IEnumerable<string> rows = LayerCatalogue.All.Select(entry =>
            $"| [`{entry.ClassName}`]({entry.Page}){string.Concat(entry.Variants.Select(variant => $", `{variant.Name[(entry.Name.Length + 1)..]}`"))} "
            + $"| {entry.Shares} | {entry.Input} | {entry.When} |");
        return string.Join('\n', (string[])["| layer | elements that share statistics | input | when |", "|---|---|---|---|", .. rows]);
    }

    public static string JsonText() => Json.Of(json =>
    {
        json.WriteStartArray();
        foreach (LayerEntry entry in LayerCatalogue.All)
        {
            json.WriteStartObject();
            json.WriteString("name", entry.Name);
            json.WriteString("class", entry.ClassName);
            json.WriteStrings("variants", entry.Variants.Select(variant => variant.Name));
            json.WriteString("shares", entry.Shares);
            json.WriteString("input", entry.Input);
            json.WriteString("when", entry.When);
            json.WriteStartArray("parameters");
            foreach (ParameterEntry parameter in entry.Parameters)
            {
                json.WriteStartObject();
                json.WriteString("name", parameter.Name);
                json.WriteString("shape", parameter.ShapeText);
                json.WriteString("start", parameter.Start);
                json.WriteBoolean("trained", parameter.IsTrained);
                json.WriteBoolean("optional", parameter.IsOptional);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartObject("options");
            foreach (OptionEntry option in entry.Options)
                json.WriteString(option.Name, option.Default);
            json.WriteEndObject();
            json.WriteBoolean("runningStatistics", entry.TracksRunning);
            json.WriteBoolean("mask", entry.TakesMask);
            json.WriteBoolean("apply", entry.IsApplied);
            Explanation.WriteShared(json, entry);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
