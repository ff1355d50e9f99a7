using System.CommandLine;

namespace NormKit.Cli;

/// <summary>The layer's name and the options that apply and grad share, and which of them fit which layer.</summary>
internal sealed class LayerOptions
{
    private readonly Argument<string> layer = new("LAYER") { Description = "batch-norm, layer-norm, instance-norm or group-norm." };
    private readonly Argument<string> input = new("INPUT") { Description = "The array to normalize: x.npy, x.npz:name or x.safetensors:name." };
    private readonly Option<string?> output;
    private readonly Option<string?> weight = FileOption("--weight", "A factor for each channel, or for each normalized element with layer-norm.");
    private readonly Option<string?> bias = FileOption("--bias", "A summand for each channel, or for each normalized element with layer-norm.");
    private readonly Option<string?> runningMean = FileOption("--running-mean", "A mean for each channel: used with --eval, or moved to be saved.");
    private readonly Option<string?> runningVar = FileOption("--running-var", "A variance for each channel: used with --eval, or moved to be saved.");
    private readonly Option<string?> saveRunningMean = FileOption("--save-running-mean", "Where to write the moved running mean.");
    private readonly Option<string?> saveRunningVar = FileOption("--save-running-var", "Where to write the moved running variance.");
    private readonly Option<bool> train = Values.Flag("--train", "Normalize by the input's own statistics: the default.");
    private readonly Option<bool> eval = Values.Flag("--eval", "Normalize by the running statistics given (batch-norm, instance-norm).");
    private readonly Option<double?> momentum = Values.Number(
        "--momentum", "M", "Saved is (1 - M) * running + M * batch, M from 0 to 1 (default 0.1).", 0, 1);
    private readonly Option<double?> eps = Values.Number("--eps", "E", "Added to the variance, inside the root (default 1e-5).", 0, double.MaxValue);
    private readonly Option<int?> groups = Values.Count("--groups", "G", "Into how many groups group-norm splits the channels; required there.");
    private readonly Option<nint[]?> normalizedShape = Values.Lengths(
        "--normalized-shape", "32,64,64", "The trailing dimensions that layer-norm normalizes over (default: all but the first).");
    private readonly Option<bool> channelsLast = Values.Flag(
        "--channels-last", "The arrays are (N, *, C): their last dimension is the channel.");
    private readonly Option<int?> threads = Values.Count(
        "--threads", "N", "The most threads (default: one a processor); the result is the same to the bit.");

    /// <param name="command">The command that has them.</param>
    /// <param name="outputHelp">What the command calls its output file.</param>
    /// <param name="outputDescription">What is in it.</param>
    /// <param name="secondInput">An argument behind INPUT, or null.</param>
    public LayerOptions(Command command, string outputHelp, string outputDescription, Argument<string>? secondInput = null)
    {
        output = new("--output", "-o") { HelpName = outputHelp, Description = outputDescription, Required = true };
        command.Add(layer);
        command.Add(input);
        if (secondInput is not null)
            command.Add(secondInput);
        foreach (Option option in (Option[])[
            output, weight, bias, runningMean, runningVar, saveRunningMean, saveRunningVar, train, eval, momentum, eps, groups, normalizedShape,
            channelsLast, threads])
            command.Add(option);
    }

    public static readonly string[] Notes =
    [
        "Batch statistics are used unless --eval is given; then --running-mean and --running-var are needed. As in PyTorch's "
            + "F.batch_norm(training=True), running statistics that are given do not change the output without --eval: they are moved by "
            + "the batch's mean and unbiased variance, and --save-running-mean and --save-running-var write the result; the files given "
            + "stay as they are. Without --eval, running statistics and --momentum are refused where neither is saved. If none are given, "
            + "the move starts from mean 0 and variance 1, as a new layer does.",
        "With --channels-last the array (N, *, C) is computed in place of (N, C, *), and the output has the input's shape. "
            + "--normalized-shape, and the weight and bias of layer-norm, are still written in the order (C, *).",
        "The output has the input's element type: float64 is computed in double; float16 and bfloat16 (.safetensors only) are computed "
            + "in float and rounded once; integers of up to 16 bits become float32, wider ones float64. Parameters of another type "
            + "convert.",
    ];

    /// <summary>Reads the command line, the options' files not yet.</summary>
    /// <exception cref="UsageException">The layer is unknown, or an option does not fit it or another.</exception>
    public LayerRequest Read(ParseResult parsed)
    {
        string name = parsed.GetRequiredValue(layer);
        int known = Array.FindIndex(LayerNames.All, kind => kind.Full() == name);
        if (known < 0)
        {
            string[] names = [.. LayerNames.All.Select(k => k.Full())];
            string near = LayerNames.All.Where(k => k.Short() == name).Select(k => k.Full()).FirstOrDefault() is string full
                ? $", did you mean '{full}'?"
                : Suggestion.For(name, names);
            throw new UsageException($"unknown layer '{name}'{near} A layer is one of {string.Join(", ", names)}.");
        }
        LayerKind kind = LayerNames.All[known];
        RequireFit(parsed, kind);
        return new LayerRequest(kind, parsed.GetRequiredValue(input), parsed.GetRequiredValue(output)!)
        {
            Weight = parsed.GetValue(weight),
            Bias = parsed.GetValue(bias),
            RunningMean = parsed.GetValue(runningMean),
            RunningVar = parsed.GetValue(runningVar),
            SaveRunningMean = parsed.GetValue(saveRunningMean),
            SaveRunningVar = parsed.GetValue(saveRunningVar),
            Eval = parsed.GetValue(eval),
            Momentum = parsed.GetValue(momentum) ?? 0.1,
            Eps = parsed.GetValue(eps) ?? 1e-5,
            Groups = parsed.GetValue(groups) ?? 0,
            NormalizedShape = parsed.ValueIfGiven(normalizedShape),
            ChannelsLast = parsed.GetValue(channelsLast),
            Threads = parsed.GetValue(threads) ?? -1,
        };
    }

    private void RequireFit(ParseResult parsed, LayerKind kind)
    {
        string name = kind.Full();
        if (kind != LayerKind.Group && parsed.IsGiven(groups))
            throw new UsageException($"--groups does not fit {name}; leave it out, or use group-norm.");
        if (kind == LayerKind.Group && !parsed.IsGiven(groups))
            throw new UsageException("group-norm needs --groups G, into how many groups it splits the channels.");
        if (kind != LayerKind.Layer && parsed.IsGiven(normalizedShape))
            throw new UsageException($"--normalized-shape does not fit {name}; leave it out, or use layer-norm.");
        Option? misfit = ((Option[])[runningMean, runningVar, saveRunningMean, saveRunningVar, train, eval, momentum])
            .FirstOrDefault(parsed.IsGiven);
        if (!kind.HasRunningStatistics() && misfit is not null)
        {
            throw new UsageException(
                $"{misfit.Name} does not fit {name}, which has no running statistics and is the same in training and evaluation; leave it out.");
        }
        if (parsed.IsGiven(train) && parsed.IsGiven(eval))
            throw new UsageException("--train and --eval contradict each other; give one of them.");

        bool isEval = parsed.IsGiven(eval);
        Option? given = ((Option[])[runningMean, runningVar]).FirstOrDefault(parsed.IsGiven);
        Option? missing = ((Option[])[runningMean, runningVar]).FirstOrDefault(option => !parsed.IsGiven(option));
        if (isEval && missing is not null)
            throw new UsageException($"{name} --eval normalizes by running statistics; give {missing.Name} FILE too, or leave out --eval.");
        if (given is not null && missing is not null)
            throw new UsageException($"{given.Name} without {missing.Name}; running statistics are given together or not at all.");
        Option? moving = ((Option[])[saveRunningMean, saveRunningVar, momentum]).FirstOrDefault(parsed.IsGiven);
        if (!isEval && !parsed.IsGiven(saveRunningMean) && !parsed.IsGiven(saveRunningVar) && (given ?? moving) is Option idle)
        {
            throw new UsageException(
                $"{idle.Name} has no effect without --save-running-mean or --save-running-var; "
                + (idle == momentum ? "give one of them, or leave it out."
                    : $"to normalize by these statistics {(parsed.IsGiven(train) ? "replace --train by" : "add")} --eval."));
        }
        if (isEval && moving is not null)
            throw new UsageException($"{moving.Name} does not fit --eval, which moves no running statistics; leave out one of them.");
    }

    private static Option<string?> FileOption(string name, string description) => new(name) { HelpName = "FILE", Description = description };
}

/// <summary>One call of a layer as the command line asks for it.</summary>
internal sealed record LayerRequest(LayerKind Kind, string Input, string Output)
{
    public string? Weight { get; init; }

    public string? Bias { get; init; }

    public string? RunningMean { get; init; }

    public string? RunningVar { get; init; }

    public string? SaveRunningMean { get; init; }

    public string? SaveRunningVar { get; init; }

    public bool Eval { get; init; }

    public double Momentum { get; init; }

    public double Eps { get; init; }

    public int Groups { get; init; }

    public nint[]? NormalizedShape { get; init; }

    public bool ChannelsLast { get; init; }

    public int Threads { get; init; }
}
