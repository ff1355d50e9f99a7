using System.CommandLine;
using NormKit.Cli.Bench;
using NormKit.Cli.Catalogue;

namespace NormKit.Cli;

/// <summary>normkit bench: how fast layers are on this machine, beside what its memory allows.</summary>
internal static class BenchCommand
{
    public static Command Create(ToolOutput output, CancellationToken stop)
    {
        ExampleCommand command = new(
            "bench", "Times layers on this machine beside a copy of the same bytes and d = a + b, in less than a minute.",
            "normkit bench", "normkit bench layer-norm --shape 4096,768 --threads 1", "normkit bench group-norm --groups 32 --shape 32,256,56,56 --json")
        {
            Notes =
            [
                "A new layer in training, forward and backward, with destinations given. Forward is compared with a copy of the same bytes, backward with "
                    + "d = a + b, which reads two arrays and writes one: the least that such a pass must move. Both are measured with ordinary stores and with "
                    + "non-temporal ones, which go past the caches and win where the data do not fit them.",
                "All are called in turn, round after round, and the quotients are taken within a round: a machine that changes its speed changes it for "
                    + "both sides. Times of different runs tell less. What else runs on the machine disturbs both.",
                "Without LAYER: batch-norm, layer-norm, rms-norm, instance-norm and group-norm, those of them that the shape suits.",
                "--json prints one object: {shape, dtype, bytes, threads, rounds, limits: {copy, copyNonTemporal, triad, triadNonTemporal}, layers: [{name, "
                    + "forward: {milliseconds, toCopy, toCopyNonTemporal}, backward: {milliseconds, toTriad, toTriadNonTemporal}}], remarks}. Each figure is {median, "
                    + "low, high}, the quartiles, in milliseconds or as a quotient; backward is null where a layer has none.",
            ],
        };
        Argument<string?> layer = new("LAYER")
        {
            Description = "A layer in kebab case: batch-norm, rms-norm ... 'normkit layers' lists them (default: five of them).",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<nint[]?> shape = Values.Lengths("--shape", "16,32,64,64", "The shape of the input (default: one that suits the layer; 16,32,64,64).");
        Option<string?> dtype = Values.Of<string?>(
            "--dtype", "TYPE", "The element type of the input: float16, bfloat16, float32 or float64 (default float32).", text =>
                Explanation.Types.Contains(text) ? text : throw new FormatException($"one of {string.Join(", ", Explanation.Types)}"));
        Option<int?> threads = Values.Count("--threads", "N", "How many threads, for the copy too (default: one a processor).");
        Option<bool> json = Values.Flag("--json", "One JSON object in place of the report.");
        SettingOptions settings = new();
        command.Add(layer);
        foreach (Option option in (Option[])[shape, .. settings.OfSharing, dtype, threads, json])
            command.Add(option);
        command.SetAction(parsed =>
        {
            LayerEntry? entry = parsed.GetValue(layer) is string name ? LayerCatalogue.Find(name) : null;
            if (entry is null && settings.OfSharing.FirstOrDefault(parsed.IsGiven) is Option misfit)
                throw new UsageException($"{misfit.Name} is for one layer; name it: normkit bench LAYER {misfit.Name} {misfit.HelpName}.");
            BenchRequest request = new(
                entry, entry is null ? new() : settings.Read(parsed, entry), parsed.ValueIfGiven(shape) ?? entry?.Example ?? [16, 32, 64, 64],
                parsed.GetValue(dtype) ?? "float32", parsed.GetValue(threads) ?? Environment.ProcessorCount);
            BenchResult result = new BenchRun(request).Run(output.Progress, stop);
            if (parsed.GetValue(json))
                output.Write(BenchReport.JsonText(result));
            else
                output.Write(BenchReport.Of(result));
            return Tool.Done;
        });
        return command;
    }
}
