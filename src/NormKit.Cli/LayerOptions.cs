using System.CommandLine;
using NormKit.Cli.Catalogue;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>The layer's name and the options that apply and grad share, and which of them fit which layer.</summary>
internal sealed class LayerOptions
{
    private static readonly Dictionary<string, ElementType> Types = new()
    {
        ["float16"] = ElementType.Float16,
        ["bfloat16"] = ElementType.BFloat16,
        ["float32"] = ElementType.Float32,
        ["float64"] = ElementType.Float64,
    };

    private readonly Argument<string> layer = new("LAYER")
    {
        Description = "A layer in kebab case: batch-norm, layer-norm, instance-norm, group-norm, rms-norm ... 'normkit layers' lists them.",
    };

    private readonly Argument<string> input = new("INPUT") { Description = "The array to normalize: x.npy, x.npz:name or x.safetensors:name." };
    private readonly Option<string?> output;
    private readonly SettingOptions settings = new();

    /// <summary>Whether it is for grad, which takes what apply took though some of it has no effect on a gradient.</summary>
    private readonly bool isGradient;
    private readonly Option<string?> weight = FileOption("--weight", "A factor for each channel, or for each normalized element.");
    private readonly Option<string?> bias = FileOption("--bias", "A summand for each channel, or for each normalized element.");
    private readonly Option<string[]?> parameters = new("--param")
    {
        HelpName = "NAME=FILE",
        Description = "Any parameter by its name, such as tau=tau.npy; may be given several times.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> state = new("--state")
    {
        HelpName = "FILE:PREFIX",
        Description = "All parameters and running statistics from a .safetensors file, under PyTorch's names, also older ones, behind a prefix.",
    };

    private readonly Option<string?> runningMean = FileOption("--running-mean", "A mean for each channel: used with --eval, or moved to be saved.");
    private readonly Option<string?> runningVar = FileOption("--running-var", "A variance for each channel: used with --eval, or moved to be saved.");
    private readonly Option<string?> saveRunningMean = FileOption("--save-running-mean", "Where to write the moved running mean.");
    private readonly Option<string?> saveRunningVar = FileOption("--save-running-var", "Where to write the moved running variance.");
    private readonly Option<bool> train = Values.Flag("--train", "Normalize by the input's own statistics: the default.");
    private readonly Option<bool> eval = Values.Flag("--eval", "Normalize by the running statistics given.");
    private readonly Option<string?> mask = FileOption("--mask", "Booleans or integers, 0 for elements or positions that take no part.");
    private readonly Option<string?> style = FileOption("--style", "Whose mean and deviation the output takes (adaptive-instance-norm).");
    private readonly Option<string?> x2 = FileOption("--x2", "The second input (cosine-similarity).");
    private readonly Option<string?> gate = FileOption("--gate", "Multiplied in as gate * sigmoid(gate) (gated-rms-norm, rms-norm).");
    private readonly Option<string?> scale = FileOption("--scale", "(N, D), added to a factor of 1 (adaptive-layer-norm, adaptive-rms-norm).");
    private readonly Option<string?> shift = FileOption("--shift", "(N, D), added last (adaptive-layer-norm, adaptive-rms-norm).");
    private readonly Option<string?> residual = FileOption("--residual", "Added to the input first (layer-norm, rms-norm).");
    private readonly Option<string?> saveSum = FileOption("--save-sum", "Where to write the sum of input and residual.");
    private readonly Option<string?> dtype = Values.Of<string?>(
        "--dtype", "TYPE", "The type to compute and write in: float16, bfloat16, float32 or float64 (default: the input's).", text =>
            Types.ContainsKey(text) ? text : throw new FormatException($"one of {string.Join(", ", Types.Keys)}"));

    private readonly Option<bool> channelsLast = Values.Flag(
        "--channels-last", "The arrays are (N, *, C): their last dimension is the channel.");

    private readonly Option<string?> v2As = Values.Of<string?>(
        "--v2-as", "TYPE", "What elements of type V2 are in .npy and .npz files, where NumPy saves bfloat16 so: bfloat16.", text =>
            text == "bfloat16" ? text : throw new FormatException("bfloat16, the only type that is saved so"));

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
            output, weight, bias, parameters, state, runningMean, runningVar, saveRunningMean, saveRunningVar, train, eval, mask, style, x2, gate, scale, shift,
            residual, saveSum, .. settings.All, dtype, v2As, channelsLast, threads])
            command.Add(option);
        isGradient = secondInput is not null;
    }

    public static readonly string[] Notes =
    [
        "'normkit explain LAYER' shows which parameters and options a layer takes; others are refused. A parameter that is not given has the "
            + "value of a new layer.",
        "The input's own statistics are used unless --eval is given; then the running ones are needed. As in PyTorch's "
            + "F.batch_norm(training=True), running statistics that are given do not change the output without --eval: they are moved by "
            + "the batch's mean and unbiased variance, and --save-running-mean and --save-running-var write the result; the files given "
            + "stay as they are. Without --eval, apply refuses running statistics and --momentum where neither is saved. If none are given, "
            + "the move starts from mean 0 and variance 1, as a new layer does. (batch-renorm uses its running statistics in training too.)",
        "With --channels-last the array (N, *, C) is computed in place of (N, C, *), and the output has the input's shape. "
            + "--normalized-shape, --axes, and the parameters of layer-norm and rms-norm, are still written in the order (C, *).",
        "A weight, a bias or a statistic may also have a shape that broadcasts to its own, as in NumPy and ONNX: a scalar, or (1, C, 1, 1) for C channels.",
        "A mask has the input's shape (lengths may be 1), or lacks the channel dimension, or the dimensions normalized over. What it leaves out "
            + "takes no part in statistics and is 0 in the output.",
        "The output has the input's element type, or that of --dtype, to which the input is converted first: float64 is computed in double; "
            + "float16 and bfloat16 (.safetensors; .npy with --v2-as) are computed in float and rounded once; integers of up to 16 bits become float32, "
            + "wider ones float64. Parameters of another type convert.",
    ];

    /// <summary>Reads the command line, the options' files not yet.</summary>
    /// <exception cref="UsageException">The layer is unknown, or an option does not fit it or another.</exception>
    public LayerRequest Read(ParseResult parsed)
    {
        LayerEntry entry = LayerCatalogue.Find(parsed.GetRequiredValue(layer));
        if (!entry.IsApplied)
            throw new UsageException($"normkit does not compute {entry.Name}; 'normkit explain {entry.Name}' says what the library has.");
        LayerSettings set = settings.Read(parsed, entry);
        IReadOnlyList<NamedFile> given = ParameterFiles(parsed, entry);
        RequireFit(parsed, entry);
        RequireMode(parsed, entry, [.. given.Select(file => file.Name)]);
        return new LayerRequest(entry, set, parsed.GetRequiredValue(input), parsed.GetRequiredValue(output)!)
        {
            Parameters = [.. given, .. ConditionFiles(parsed, entry)],
            Others = [.. OtherFiles(parsed, entry)],
            State = parsed.GetValue(state),
            Mask = parsed.GetValue(mask),
            SaveSum = parsed.GetValue(saveSum),
            SaveRunningMean = parsed.GetValue(saveRunningMean),
            SaveRunningVar = parsed.GetValue(saveRunningVar),
            Eval = parsed.GetValue(eval),
            Type = parsed.GetValue(dtype) is string type ? Types[type] : null,
            ChannelsLast = parsed.GetValue(channelsLast),
            Threads = parsed.GetValue(threads) ?? -1,
            V2As = parsed.GetValue(v2As) is null ? null : ElementType.BFloat16,
        };
    }

    /// <summary>Which files hold parameters and running statistics, each once.</summary>
    private List<NamedFile> ParameterFiles(ParseResult parsed, LayerEntry entry)
    {
        string[] known = [.. entry.Parameters.Where(parameter => !parameter.IsInput).Select(parameter => parameter.Name)];
        List<NamedFile> files = [];
        void Add(string name, string role, string file)
        {
            if (files.Find(other => other.Name == name) is NamedFile other)
                throw new UsageException($"{role} and {other.Role} both give {name}; leave one of them out.");
            files.Add(new(name, role, file));
        }
        foreach ((Option<string?> option, string name) in ((Option<string?>, string)[])[(weight, "weight"), (bias, "bias")])
        {
            if (parsed.GetValue(option) is string file)
            {
                if (!known.Contains(name))
                    throw new UsageException($"{option.Name} does not fit {entry.Name}, which has no {name}; leave it out.");
                Add(name, option.Name, file);
            }
        }
        foreach ((Option<string?> option, string name) in ((Option<string?>, string)[])[(runningMean, LayerEntry.RunningMean), (runningVar, LayerEntry.RunningVar)])
        {
            if (parsed.GetValue(option) is string file)
            {
                if (!known.Contains(name))
                    throw NoRunning(option, entry);
                Add(name, option.Name, file);
            }
        }
        foreach (string pair in parsed.ValueIfGiven(parameters) ?? [])
        {
            int sign = pair.IndexOf('=', StringComparison.Ordinal);
            if (sign <= 0)
                throw new UsageException($"--param '{pair}' is not NAME=FILE; name the parameter and its file.");
            string name = pair[..sign];
            if (!known.Contains(name))
            {
                string has = known.Length == 0 ? "It has none." : $"It has {string.Join(", ", known)}.";
                throw new UsageException($"--param {name}: unknown parameter of {entry.Name}{Suggestion.For(name, known)} {has}");
            }
            Add(name, $"--param {name}", pair[(sign + 1)..]);
        }
        return files;
    }

    /// <summary>Those that steer the layer from outside, all of which it needs.</summary>
    private IEnumerable<NamedFile> ConditionFiles(ParseResult parsed, LayerEntry entry)
    {
        foreach (Option<string?> option in (Option<string?>[])[scale, shift])
        {
            if (entry.Conditions.FirstOrDefault(condition => condition.Name == option.Name[2..]) is ParameterEntry condition)
                yield return new(condition.Name, option.Name, parsed.GetValue(option) ?? throw new UsageException($"{entry.Name} needs {option.Name} FILE besides its input."));
            else if (parsed.IsGiven(option))
                throw new UsageException($"{option.Name} does not fit {entry.Name}; leave it out, or use adaptive-layer-norm or adaptive-rms-norm.");
        }
    }

    private IEnumerable<NamedFile> OtherFiles(ParseResult parsed, LayerEntry entry)
    {
        foreach (Option<string?> option in (Option<string?>[])[style, x2, gate])
        {
            string name = option.Name[2..];
            if (entry.OtherInputNames.Contains(name))
            {
                yield return new(name, option.Name, parsed.GetValue(option)
                    ?? throw new UsageException($"{entry.Name} needs {option.Name} FILE besides its input."));
            }
            else if (option == gate && entry.TakesGate)
            {
                if (parsed.GetValue(gate) is string values)
                    yield return new(name, option.Name, values);
            }
            else if (parsed.IsGiven(option))
            {
                string takes = option == style ? "adaptive-instance-norm" : option == x2 ? "cosine-similarity" : "gated-rms-norm or rms-norm";
                throw new UsageException($"{option.Name} does not fit {entry.Name}; leave it out, or use {takes}.");
            }
        }
        if (parsed.GetValue(residual) is string file)
            yield return new(LayerJob.Residual, residual.Name, file);
    }

    private void RequireFit(ParseResult parsed, LayerEntry entry)
    {
        Option? moving = ((Option[])[saveRunningMean, saveRunningVar]).FirstOrDefault(parsed.IsGiven);
        if (moving is not null && !entry.Takes("--momentum"))
            throw NoRunning(moving, entry);
        if (parsed.IsGiven(saveRunningMean) && !entry.Running.Any(running => running.Name == LayerEntry.RunningMean))
            throw NoRunning(saveRunningMean, entry);
        Option? mode = ((Option[])[train, eval]).FirstOrDefault(parsed.IsGiven);
        if (mode is not null && !entry.HasModes)
            throw NoRunning(mode, entry);
        if (parsed.IsGiven(mask) && !entry.TakesMask)
            throw new UsageException($"--mask does not fit {entry.Name}, which takes none; leave it out.");
        if (((Option[])[residual, saveSum]).FirstOrDefault(parsed.IsGiven) is Option sum && !entry.TakesResidual)
            throw new UsageException($"{sum.Name} does not fit {entry.Name}; leave it out, or use layer-norm or rms-norm.");
        if (parsed.IsGiven(settings.GateFirst) && !parsed.IsGiven(gate))
            throw new UsageException("--gate-first needs --gate FILE, the gate that it puts before the norm.");
        Option? ungated = ((Option[])[residual, mask, settings.Axes, settings.UnitOffset, settings.Activation]).FirstOrDefault(parsed.IsGiven);
        if (parsed.IsGiven(gate) && ungated is not null)
            throw new UsageException($"--gate and {ungated.Name} do not go together; leave out one of them.");
        if (parsed.IsGiven(saveSum) && !parsed.IsGiven(residual))
            throw new UsageException("--save-sum needs --residual FILE, which is added to the input.");
        if (parsed.IsGiven(residual) && parsed.IsGiven(mask))
            throw new UsageException("--residual and --mask do not go together; leave out one of them.");
        if (parsed.IsGiven(channelsLast) && !entry.TakesChannelsLast)
            throw new UsageException($"--channels-last does not fit {entry.Name}, whose input is {entry.Input}; leave it out.");
        if (parsed.IsGiven(state) && !entry.Parameters.Any(parameter => !parameter.IsInput))
            throw new UsageException($"--state does not fit {entry.Name}, which holds nothing; leave it out.");
        if (parsed.IsGiven(train) && parsed.IsGiven(eval))
            throw new UsageException("--train and --eval contradict each other; give one of them.");
    }

    /// <summary>Whether running statistics, what moves them and what uses them are all there or all absent.</summary>
    private void RequireMode(ParseResult parsed, LayerEntry entry, string[] given)
    {
        if (!entry.TracksRunning)
            return;
        bool fromState = parsed.IsGiven(state), isEval = parsed.IsGiven(eval) || !entry.HasModes;
        ParameterEntry? here = entry.Running.FirstOrDefault(running => given.Contains(running.Name));
        ParameterEntry? missing = entry.Running.FirstOrDefault(running => !given.Contains(running.Name) && !fromState);
        if (isEval && missing is not null)
        {
            throw new UsageException($"{entry.Name}{(entry.HasModes ? " --eval" : "")} normalizes by running statistics; give {OptionOf(missing)} FILE too"
                + $"{(entry.HasModes ? ", or leave out --eval" : "")}.");
        }
        if (here is not null && missing is not null)
            throw new UsageException($"{OptionOf(here)} without {OptionOf(missing)}; running statistics are given together or not at all.");
        Option? moving = ((Option[])[saveRunningMean, saveRunningVar, settings.Momentum]).FirstOrDefault(parsed.IsGiven);
        string? idle = (entry.TrainsByRunning || here is null ? null : OptionOf(here)) ?? moving?.Name;
        if (!isEval && !isGradient && !parsed.IsGiven(saveRunningMean) && !parsed.IsGiven(saveRunningVar) && idle is not null)
        {
            throw new UsageException(
                $"{idle} has no effect without --save-running-mean or --save-running-var; "
                + (idle == settings.Momentum.Name ? "give one of them, or leave it out."
                    : $"to normalize by these statistics {(parsed.IsGiven(train) ? "replace --train by" : "add")} --eval."));
        }
        if (isEval && moving is not null)
            throw new UsageException($"{moving.Name} does not fit --eval, which moves no running statistics; leave out one of them.");
    }

    private static string OptionOf(ParameterEntry running) => $"--{running.Name.Replace('_', '-')}";

    private static UsageException NoRunning(Option option, LayerEntry entry)
    {
        string why = !entry.TracksRunning ? "which has no running statistics" + (entry.HasModes ? "" : " and is the same in training and evaluation")
            : !entry.HasModes ? "which always normalizes by its running statistics" : "which has no such statistic";
        return new($"{option.Name} does not fit {entry.Name}, {why}; leave it out.");
    }

    private static Option<string?> FileOption(string name, string description) => new(name) { HelpName = "FILE", Description = description };
}
