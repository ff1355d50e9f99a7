using System.CommandLine;
using NormKit.Cli.Catalogue;

namespace NormKit.Cli;

/// <summary>normkit explain: one layer, at one shape.</summary>
internal static class ExplainCommand
{
    public static Command Create(ToolOutput output)
    {
        ExampleCommand command = new(
            "explain", "Explains a layer: its formula, who shares statistics, what it holds and costs, and when to choose it.",
            "normkit explain group-norm --shape 16,32,64,64 --groups 8", "normkit explain layer-norm --shape 16,96,56,56 --axes 1")
        {
            Notes =
            [
                "--json prints one object: {name, class, shape, dtype, statistics: [{what, groups, elementsPerGroup, axes: [{name, length, role}]}], parameters: "
                    + "[{name, shape, start, trained}], parameterCount, forward: {bytes, operations}, backward: {bytes, operations}, formula, train, eval, choose, "
                    + "source, page, names}. A role is shared, separate, split (with parts) or window (with width).",
            ],
        };
        Argument<string> layer = new("LAYER") { Description = "A layer in kebab case: batch-norm, rms-norm ... 'normkit layers' lists them." };
        Option<nint[]?> shape = Values.Lengths("--shape", "16,32,64,64", "The shape of the input (default: one that suits the layer).");
        Option<string?> dtype = Values.Of<string?>(
            "--dtype", "TYPE", "The element type of the input: float16, bfloat16, float32 or float64 (default float32).", text =>
                Explanation.Types.Contains(text) ? text : throw new FormatException($"one of {string.Join(", ", Explanation.Types)}"));
        Option<bool> json = Values.Flag("--json", "One JSON object in place of the text.");
        SettingOptions settings = new();
        command.Add(layer);
        foreach (Option option in (Option[])[shape, .. settings.OfSharing, dtype, json])
            command.Add(option);
        command.SetAction(parsed =>
        {
            LayerEntry entry = LayerCatalogue.Find(parsed.GetRequiredValue(layer));
            Explanation explanation = new(
                entry, parsed.ValueIfGiven(shape) ?? entry.Example, settings.Read(parsed, entry), parsed.GetValue(dtype) ?? "float32");
            if (parsed.GetValue(json))
                output.Write(explanation.JsonText());
            else
                output.Write(explanation.Report());
            return Tool.Done;
        });
        return command;
    }
}
