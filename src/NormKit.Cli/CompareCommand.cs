using System.CommandLine;
using NormKit.Cli.Compare;

namespace NormKit.Cli;

/// <summary>normkit compare: the layers against their written formulas, explained.</summary>
internal static class CompareCommand
{
    public static Command Create(ToolOutput output, CancellationToken stop)
    {
        ExampleCommand command = new(
            "compare", "Compares layers with their written formulas, says why they differ, and which layer to use when.",
            "normkit compare --shape 4,12,9,9 --groups 3", "normkit compare activations.npz:conv1 --layers batch,group --json")
        {
            Notes =
            [
                "Without INPUT the numbers are those of torch.manual_seed(SEED) and one torch.rand(SHAPE) after the other for batch, "
                    + "layer, instance and group. A layer's draw does not depend on which others are asked for: draws of layers left out "
                    + "are skipped.",
                "INPUT is the same for each layer: 2 to 5 dimensions, (N, C, *). float32 and float64 are compared in their own type, "
                    + "float16, bfloat16 and integers of up to 16 bits in float32, wider integers in float64. Layer norm is over all "
                    + "dimensions but the first. No weight, no bias.",
                "Against the sample variance the layer computes in double, so that the difference shows the divisor alone; against the "
                    + "population variance in the type of the input, so that it shows rounding alone. ULP are always those of the "
                    + "input's type.",
                "A layer that the input does not suit (instance norm without positions, say) is left out and named, and refused if "
                    + "--layers asks for it.",
                "--json prints one object: {input: {source, shape, dtype}, layers: [{name, groups, elementsPerGroup, sampleVariance: "
                    + "{sumAbs, pairwiseDistance, maxAbs, maxUlp, predictedSumAbs, explained}, populationVariance: {sumAbs, "
                    + "pairwiseDistance, pairwiseFloor, maxAbs, maxUlp}}]}. A figure that is not finite is null, and so is explained "
                    + "where there is no difference.",
            ],
        };
        Argument<string?> input = new("INPUT")
        {
            Description = "The array to compare on: x.npy, x.npz:name or x.safetensors:name (default: random numbers).",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<nint[]?> shape = Values.Lengths("--shape", "16,32,64,64", "The shape of the random numbers, (N, C, *) (default 16,32,64,64).");
        Option<int?> groups = Values.Count(
            "--groups", "G", "Group norm's groups (default: the largest divisor of the channels up to 8 that leaves more than one in a group).");
        Option<ulong?> seed = Values.Seed("--seed", "SEED", "The seed of the random numbers (default 0).");
        Option<double?> eps = Values.Number("--eps", "E", "Added to the variance, inside the root (default 1e-5).", 0, double.MaxValue);
        Option<LayerKind[]?> layers = Values.Of<LayerKind[]?>(
            "--layers", "batch,layer,instance,group", "Which layers, with commas between (default: all that the input suits).", ParseLayers);
        Option<bool> json = Values.Flag("--json", "One JSON object in place of the report.");
        command.Add(input);
        foreach (Option option in (Option[])[shape, groups, seed, eps, layers, json])
            command.Add(option);
        command.SetAction(parsed =>
        {
            string? file = parsed.GetValue(input);
            if (file is not null && ((Option[])[shape, seed]).FirstOrDefault(parsed.IsGiven) is Option misfit)
                throw new UsageException($"{misfit.Name} is for random numbers; leave it out, or leave out {file}.");
            CompareRequest request = new(
                file, parsed.ValueIfGiven(shape) ?? [16, 32, 64, 64], parsed.GetValue(seed) ?? 0, parsed.GetValue(eps) ?? 1e-5,
                parsed.GetValue(groups), parsed.ValueIfGiven(layers));
            Comparison comparison = new CompareRun(request).Run(output.Progress, patience: TimeSpan.FromSeconds(1), stop);
            Show(comparison, parsed.GetValue(json), output);
            return Tool.Done;
        });
        return command;
    }

    private static void Show(Comparison comparison, bool json, ToolOutput output)
    {
        foreach (string remark in json ? comparison.Remarks : [])
            output.Error.WriteLine($"{Tool.Name}: note: {remark}");
        if (json)
            output.Write(JsonReport.Of(comparison));
        else
            output.Write(Report.Of(comparison));
    }

    private static LayerKind[] ParseLayers(string text)
    {
        string[] names = [.. LayerNames.All.Select(kind => kind.Short())];
        string[] asked = [.. text.Split(',').Select(name => name.Trim())];
        string? unknown = asked.FirstOrDefault(name => !names.Contains(name));
        return unknown is null
            ? [.. LayerNames.All.Where(kind => asked.Contains(kind.Short()))]
            : throw new FormatException(
                $"a list of layers: unknown layer '{unknown}'{Suggestion.For(unknown, names)} Layers are {string.Join(", ", names)}");
    }
}
