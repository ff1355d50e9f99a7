using System.CommandLine;
using NormKit.Cli.Catalogue;

namespace NormKit.Cli.Diagnose;

/// <summary>What diagnose was asked for.</summary>
/// <param name="Input">The input's file.</param>
/// <param name="Outputs">One output, or two to compare.</param>
/// <param name="Files">The files of what is known besides, by the names of options.</param>
/// <param name="Layer">The layer expected; null where that is the question.</param>
/// <param name="Settings">Its settings.</param>
/// <param name="Eval">Whether it uses running statistics.</param>
/// <param name="ChannelsLast">Whether its channels are the last dimension.</param>
/// <param name="Batches">Outputs of the same rows in batches of other sizes.</param>
/// <param name="Json">Whether JSON is wanted.</param>
/// <param name="Report">Where to write a page; may be null.</param>
internal sealed record DiagnoseRequest(
    string Input, IReadOnlyList<string> Outputs, IReadOnlyDictionary<string, string> Files, LayerEntry? Layer, LayerSettings Settings, bool Eval,
    bool ChannelsLast, IReadOnlyList<string> Batches, bool Json, string? Report);

/// <summary>The command line of diagnose.</summary>
internal sealed class DiagnoseOptions
{
    public static readonly string[] Notes =
    [
        "INPUT and OUTPUT have one shape, or OUTPUT has the channels at the other end. Running statistics are those before the call; with --running-mean-after and "
            + "--running-var-after it is also told how they moved. Weights that are not given are fitted, and reported as fitted.",
        "Known layers are batch, layer, instance, group and RMS norm, lp-normalize and local-response-norm. --layer says what the output should be, and its "
            + "settings follow as in apply; what is found is then told as a departure from it. Without --layer the nearest textbook layer takes its place.",
        "Everything is computed in double. ULP are those of the narrowest type that holds the output exactly. correctlyRounded is the share of the outputs, 0 to 1, that are the exact "
            + "value of the layer found, rounded once; meanSignedUlp is the mean of output minus exact in ULP.",
        "--batches is for programs that should give a row the same bits in each batch: FILE has the shape of OUTPUT but for the first dimension, and its first rows are "
            + "outputs of the first rows of INPUT.",
        "--json prints one object: {verdict, sentence, reference, original, best, ties, tried, correctlyRounded, meanSignedUlp, residual, momentum, advice, changes, notes, batches: [{file, text, isInvariant, rows, differentRows, differentElements, firstDifference, maxUlp}]}; best, ties and tried are of "
            + "{text, layer, kind, groups, axes, channelsLast, eps, leastEps, mostEps, causes: [{kind, text}], sameAs, explained, left: {maxAbs, rms, sumAbs, maxUlp, "
            + "medianUlp}, fittedWeight, fittedBias}. With --compare: {sentence, first, second, firstFromExact, secondFromExact, between}. A figure that is not finite is null.",
    ];

    private readonly Argument<string?> input = new("INPUT")
    { Description = "What was normalized: x.npy, x.npz:name or x.safetensors:name.", Arity = ArgumentArity.ZeroOrOne };

    private readonly Argument<string?> output = new("OUTPUT") { Description = "What another program made of it.", Arity = ArgumentArity.ZeroOrOne };

    private readonly Option<string[]?> compare = new("--compare")
    {
        HelpName = "A B",
        Description = "Two outputs, to be told which is nearer to the exact one; needs --input and --layer.",
        Arity = new ArgumentArity(2, 2),
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> inputOption = FileOption("--input", "The input of both, for --compare.");
    private readonly Option<string?>[] files =
    [
        FileOption("--weight", "The weight that the program should have used."),
        FileOption("--bias", "The bias that it should have used."),
        FileOption("--running-mean", "The running mean, a value a channel, as before the call."),
        FileOption("--running-var", "The running variance, as before the call."),
        FileOption("--running-mean-after", "The running mean after the call."),
        FileOption("--running-var-after", "The running variance after the call."),
        FileOption("--conv-bias", "The bias of the convolution before, where batch norm was folded into it."),
    ];

    private readonly Option<string?> layer = new("--layer") { HelpName = "LAYER", Description = "What the output should be: group-norm, say." };
    private readonly SettingOptions settings = new();
    private readonly Option<bool> eval = Values.Flag("--eval", "The layer should use the running statistics (batch-norm).");
    private readonly Option<bool> channelsLast = Values.Flag("--channels-last", "The channels are the last dimension.");
    private readonly Option<string[]?> batches = new("--batches")
    {
        HelpName = "FILE ...",
        Description = "Outputs of the same program of the first rows of INPUT, or of more rows, in batches of other sizes: are the rows equal, to the bit?",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> json = Values.Flag("--json", "One JSON object in place of the report.");
    private readonly Option<string?> report = new("--report") { HelpName = "FILE.html", Description = "Also writes one HTML page with pictures." };

    public DiagnoseOptions(Command command)
    {
        command.Add(input);
        command.Add(output);
        foreach (Option option in (Option[])[.. files, layer, .. settings.OfDiagnosis, eval, channelsLast, compare, inputOption, batches, json, report])
            command.Add(option);
    }

    /// <exception cref="UsageException">Something is missing, or does not go with something else.</exception>
    public DiagnoseRequest Read(ParseResult parsed)
    {
        (string x, string[] outputs) = Arrays(parsed);
        LayerEntry? entry = parsed.GetValue(layer) is string name ? DiagnosedLayers.Find(name) : null;
        Option? idle = settings.OfDiagnosis.Append(eval).Append(channelsLast).FirstOrDefault(parsed.IsGiven);
        if (entry is null && idle is not null)
            throw new UsageException($"{idle.Name} is a setting of the layer expected; give --layer LAYER too, or leave it out.");
        if (entry is null && outputs.Length == 2)
            throw new UsageException("--compare needs --layer LAYER: two outputs are compared by what that layer makes of the input.");
        if (parsed.GetValue(eval) && entry is { TracksRunning: false })
            throw new UsageException($"--eval does not fit {entry.Name}, which has no running statistics; leave it out.");
        if (parsed.GetValue(channelsLast) && entry is { TakesChannelsLast: false })
            throw new UsageException($"--channels-last does not fit {entry.Name}; leave it out.");
        if (outputs.Length == 2 && parsed.IsGiven(batches))
            throw new UsageException("--batches goes with one OUTPUT, not with --compare; diagnose each output by itself.");
        Dictionary<string, string> given = [];
        foreach (Option<string?> file in files)
        {
            if (parsed.GetValue(file) is string path)
                given.Add(file.Name, path);
        }
        Require(given, parsed.GetValue(eval) || entry is FrozenBatchNormEntry);
        return new(
            x, outputs, given, entry, entry is null ? new LayerSettings() : settings.Read(parsed, entry), parsed.GetValue(eval) || entry is FrozenBatchNormEntry,
            parsed.GetValue(channelsLast), parsed.ValueIfGiven(batches) ?? [], parsed.GetValue(json), parsed.GetValue(report));
    }

    private (string Input, string[] Outputs) Arrays(ParseResult parsed)
    {
        string? first = parsed.GetValue(input), second = parsed.GetValue(output);
        if (parsed.ValueIfGiven(compare) is string[] pair)
        {
            if (first is not null)
                throw new UsageException($"--compare A B takes the place of INPUT and OUTPUT; leave out '{first}', or give it as --input {first}.");
            return (parsed.GetValue(inputOption) ?? throw new UsageException("--compare needs --input FILE, what both outputs were made of."), pair);
        }
        if (parsed.GetValue(inputOption) is string stray)
            throw new UsageException($"--input {stray} goes with --compare; give it as INPUT, the first argument.");
        if (first is null)
            throw new UsageException($"INPUT is missing: {input.Description} See 'normkit diagnose --help'.");
        return second is null ? throw new UsageException($"OUTPUT is missing: {output.Description} See 'normkit diagnose --help'.") : (first, [second]);
    }

    private static void Require(Dictionary<string, string> given, bool eval)
    {
        foreach ((string one, string other) in ((string, string)[])[("--running-mean", "--running-var"), ("--running-mean-after", "--running-var-after")])
        {
            if (given.ContainsKey(one) != given.ContainsKey(other))
                throw new UsageException($"{(given.ContainsKey(one) ? one : other)} without {(given.ContainsKey(one) ? other : one)}; they are given together or not at all.");
        }
        bool before = given.ContainsKey("--running-mean");
        if (given.ContainsKey("--running-mean-after") && !before)
            throw new UsageException("--running-mean-after needs --running-mean and --running-var, the statistics before the call.");
        if (given.ContainsKey("--conv-bias") && !before)
            throw new UsageException("--conv-bias needs --running-mean and --running-var, the statistics of the batch norm that was folded.");
        if (eval && !before)
            throw new UsageException("--eval needs --running-mean and --running-var, the statistics that the layer uses.");
    }

    private static Option<string?> FileOption(string name, string description) => new(name) { HelpName = "FILE", Description = description };
}
