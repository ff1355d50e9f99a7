using System.CommandLine;
using NormKit.Cli.Catalogue;

namespace NormKit.Cli;

/// <summary>normkit layers: which there are.</summary>
internal static class LayersCommand
{
    public static Command Create(ToolOutput output)
    {
        ExampleCommand command = new("layers", "Lists the layers: who shares statistics in each, and when to use it.", "normkit layers", "normkit layers --json")
        {
            Notes =
            [
                "--json prints one array of objects {name, class, variants, shares, input, when, parameters: [{name, shape, start, trained, optional}], "
                    + "options, runningStatistics, mask, apply, formula, train, eval, choose, source, page, names: {pytorch, keras, flax, onnx}}. An option "
                    + "that is null has no default and must be given; apply tells whether normkit apply and grad know the layer.",
            ],
        };
        Option<bool> json = Values.Flag("--json", "One JSON array in place of the table.");

        // The README's table is made with it.
        Option<bool> markdown = new("--markdown") { Hidden = true, Arity = ArgumentArity.Zero };
        command.Add(json);
        command.Add(markdown);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(markdown))
                output.Write(LayerList.Markdown());
            else if (parsed.GetValue(json))
                output.Write(LayerList.JsonText());
            else
                output.Write(LayerList.Report());
            return Tool.Done;
        });
        return command;
    }
}
