using System.CommandLine;
using NormKit.Cli.Inspect;
using NormKit.Cli.Reports;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>normkit fold: norms of a model file into the layers beside them.</summary>
internal static class FoldCommand
{
    private const int NameWidth = 33, IntoWidth = 26, TextWidth = 30;

    public static Command Create(ToolOutput output, CancellationToken stop)
    {
        ExampleCommand command = new(
            "fold", "Folds the norms of a model file into the layers beside them, in double, rounded once.",
            "normkit fold model.onnx -o folded.onnx --check", "normkit fold model.safetensors -o folded.safetensors --plan llama", "normkit fold gpt2.safetensors -o folded.safetensors --plan gpt2 --keep ln_f")
        {
            Notes =
            [
                "An .onnx file: each batch norm goes into the convolution, transposed convolution, Gemm or MatMul before it, or behind it where padding allows. The table says for each norm "
                    + "where it went, or why it was kept. All other bytes of the file are copied as they are; where nothing can be folded the output is a copy.",
                "A .safetensors file, or an index of shards, needs --plan, which says what reads each norm: llama, qwen2, gpt2, or a JSON file (docs/fold.md). Weights and biases of RMS and layer "
                    + "norms go into the linear layers that read them; the norms stay, with ones and zeros. If the result were another function it is refused, and nothing is written: post-norms, "
                    + "norms that something else reads, a final norm whose reader is the embedding.",
                "--json prints one object: {output, folded, largestDifference, norms: [{name, into, text, difference, largestOutput}]}; into is null for a norm that was kept, and the figures "
                    + "without --check. largestDifference is relative to the largest output of its pair.",
            ],
        };
        Argument<string> model = new("MODEL") { Description = "The model: .onnx, .safetensors, or an index of shards." };
        Option<string> file = new("--output", "-o") { HelpName = "OUT", Description = "The file to write.", Required = true };
        Option<string?> plan = new("--plan") { HelpName = "PLAN", Description = "What reads each norm of a .safetensors file: llama, qwen2, gpt2 or a JSON file." };
        Option<string[]?> keep = new("--keep") { HelpName = "NAME", Description = "A norm of a .safetensors file to leave as it is; may be given several times.", Arity = ArgumentArity.OneOrMore };
        Option<bool> check = Values.Flag("--check", "Evaluates each pair before and after on random input, in double, and tells the largest difference.");
        Option<bool> json = Values.Flag("--json", "One JSON object in place of the table.");
        command.Add(model);
        foreach (Option option in (Option[])[file, plan, keep, check, json])
            command.Add(option);
        command.SetAction(parsed =>
        {
            string path = Required(parsed.GetRequiredValue(model), "MODEL"), target = Required(parsed.GetRequiredValue(file), "-o");
            string[] kept = parsed.ValueIfGiven(keep) ?? [];
            bool checks = parsed.GetValue(check);
            Func<FoldResult> fold;
            if (path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
            {
                if (parsed.GetValue(plan) is not null || kept.Length > 0)
                    throw new UsageException($"{(kept.Length > 0 ? "--keep" : "--plan")} is for .safetensors files; leave it out: a graph says itself what reads each norm.");
                if (!target.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
                    throw new UsageException($"-o {target}: unknown file extension; use .onnx.");
                fold = () => ModelFolding.FoldOnnx(path, target, checks, stop);
            }
            else if (path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            {
                throw new UsageException($"{path}: .gguf files are not folded; fold the .safetensors file that it was converted from, and convert it anew.");
            }
            else
            {
                if (parsed.GetValue(plan) is not string name)
                    throw new UsageException($"{path}: a .safetensors file needs --plan, which says what reads each norm: {string.Join(", ", FoldPlan.Known)}, or a JSON file.");
                FoldPlan chosen = FoldPlan.Of(name);
                fold = () => ModelFolding.FoldSafetensors(path, target, chosen, kept, checks, stop);
            }
            FoldResult result = Waiting.For(Task.Run(fold, stop), output.Progress, TimeSpan.FromSeconds(1), "Folding", 1, () => 0);
            if (parsed.GetValue(json))
                output.Write(JsonText(result));
            else
                output.Write(Report(result, checks));
            return Tool.Done;
        });
        return command;
    }

    private static IEnumerable<ReportPart> Report(FoldResult result, bool checks)
    {
        int kept = result.Norms.Count - result.FoldedCount;
        yield return new Heading($"Fold into {Path.GetFileName(result.Output)}");
        yield return new Paragraph(result.Norms.Count == 0 ? "No norm that could be folded was found; the output is a copy."
            : result.FoldedCount == 0 ? $"{Plural.Of(kept, "norm")} kept, none folded; the output is a copy."
            : $"{Plural.Of(result.FoldedCount, "norm")} folded, {kept} kept.");
        if (result.LargestDifference is double difference)
            yield return new Paragraph($"largest difference of a pair on random input {NormWords.Number(difference)}, relative to its largest output.", "Check:");
        if (result.Norms.Count == 0)
            yield break;
        string[] columns = checks ? ["norm", "into", "how, or why not", "difference"] : ["norm", "into", "how, or why not"];
        yield return new Table(columns, [.. result.Norms.SelectMany(norm => Rows(norm, checks))], Words: 3);
    }

    private static IEnumerable<string[]> Rows(FoldedNorm norm, bool checks)
    {
        string[][] rows = [.. WrappedCells.Of((norm.Name, NameWidth - (checks ? 5 : 0)), (norm.Into ?? "kept", IntoWidth - (checks ? 3 : 0)), (norm.Text, TextWidth - (checks ? 3 : 0)))];
        for (int i = 0; i < rows.Length; i++)
            yield return checks ? [.. rows[i], i == 0 && norm.Difference is double difference ? NormWords.Number(difference) : ""] : rows[i];
    }

    private static string JsonText(FoldResult result) => Json.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("output", result.Output);
        json.WriteNumber("folded", result.FoldedCount);
        json.WriteFinite("largestDifference", result.LargestDifference);
        json.WriteStartArray("norms");
        foreach (FoldedNorm norm in result.Norms)
        {
            json.WriteStartObject();
            json.WriteString("name", norm.Name);
            json.WriteString("into", norm.Into);
            json.WriteString("text", norm.Text);
            json.WriteFinite("difference", norm.Difference);
            json.WriteFinite("largestOutput", norm.LargestOutput);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static string Required(string path, string role) => path.Length > 0 ? path : throw new UsageException($"{role} is empty; give a file.");
}
