using System.CommandLine;
using NormKit.Cli.Diagnose;
using NormKit.Cli.Inspect;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>normkit inspect: the norms of a model file, what is wrong with them, and how they relate to another file's.</summary>
internal static class InspectCommand
{
    public static Command Create(ToolOutput output, CancellationToken stop)
    {
        ExampleCommand command = new(
            "inspect", "Lists the norms of a model file, says what is wrong with them, and how they relate to those of another file.",
            "normkit inspect model.safetensors", "normkit inspect model.safetensors.index.json model-f16.gguf", "normkit inspect resnet50.onnx --report norms.html")
        {
            Notes =
            [
                "MODEL and OTHER are .safetensors files, an index of shards (model.safetensors.index.json), .gguf files (versions 2 and 3) or .onnx files. config.json beside the file "
                    + "is read for the eps and the architecture. Files are mapped into memory: of a large one, only the norms are read.",
                "OTHER may have another format: the norms are matched by their place in the model, whichever framework named them.",
                "The exit code is 0 with findings or without. 'normkit fold' folds norms away.",
                "--json prints one object: {model, format, architecture, tensors, bytes, other, norms: [{name, kind, where, shape, type, eps, epsSource, after, before, groups, momentum, "
                    + "batchesTracked, looksMinusOne, addsOne, findings: [{kind, text}], relation, figures: {other, text, maxAbs, relativeRms, factor}}], onlyInOther, notes}. relation is "
                    + "equal, plus one, minus one, factor, bfloat16, half, permuted, folded or different; relation and figures are null without OTHER.",
            ],
        };
        Argument<string> model = new("MODEL") { Description = "The model file." };
        Argument<string?> other = new("OTHER") { Description = "Another file of the same model, to compare with.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = Values.Flag("--json", "One JSON object in place of the report.");
        Option<string?> report = new("--report") { HelpName = "FILE.html", Description = "Also writes one HTML page with the distributions by layer." };
        command.Add(model);
        command.Add(other);
        command.Add(json);
        command.Add(report);
        command.SetAction(parsed =>
        {
            string path = Required(parsed.GetRequiredValue(model), "MODEL");
            string? second = parsed.GetValue(other) is string given ? Required(given, "OTHER") : null;
            string? page = parsed.GetValue(report);
            if (page is not null)
                HtmlFile.Require(page);
            double done = 0;
            Task<ModelInspection> work = Task.Run(() => ModelInspector.Inspect(path, second, share => Volatile.Write(ref done, share), stop), stop);
            ModelInspection inspection = Waiting.For(work, output.Progress, TimeSpan.FromSeconds(1), "Reading", 1, () => Volatile.Read(ref done));
            if (page is not null)
                HtmlFile.Write(page, InspectPage.Of(inspection));
            if (parsed.GetValue(json))
                output.Write(InspectJson.Of(inspection));
            else
                output.Write(InspectReport.Of(inspection));
            return Tool.Done;
        });
        return command;
    }

    private static string Required(string path, string role) =>
        path.Length > 0 ? path : throw new UsageException($"{role} is empty; give a model file: .safetensors, .safetensors.index.json, .gguf or .onnx.");
}
