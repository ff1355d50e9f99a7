using System.CommandLine;
using System.Globalization;

namespace NormKit.Cli.Catalogue;

/// <summary>The options that set up a layer, and which of them fit which.</summary>
internal sealed class SettingOptions
{
    private const string WholeTensor = "none";
    private static readonly string[] Windows = ["pytorch", "onnx"];
    private static readonly string[] Activations = ["none", "relu", "leaky-relu", "silu", "gelu", "gelu-tanh"];

    private readonly Option<double?> eps = Values.Number(
        "--eps", "E", "Added to the variance, inside the root, or the least norm (default 1e-5 for most).", 0, double.MaxValue);
    private readonly Option<double?> momentum = Values.Number(
        "--momentum", "M", "Saved is (1 - M) * running + M * batch, M from 0 to 1 (default 0.1).", 0, 1);
    private readonly Option<int?> groups = Values.Count(
        "--groups", "G", "Into how many groups the channels are split (group-norm, where it is required; evo-norm-s0), or the last dimension (layer-norm, rms-norm, gated-rms-norm).");
    private readonly Option<nint[]?> normalizedShape = Values.Lengths(
        "--normalized-shape", "32,64,64", "The trailing dimensions normalized over (layer-norm, rms-norm, dynamic-tanh; default: all but the first).");
    private readonly Option<int[]?> axes = Values.Of<int[]?>(
        "--axes", "1,2", "Which dimensions are normalized over, from 0 or from the end, -1 (layer-norm, rms-norm).", Integers);
    private readonly Option<bool> unitOffset = Values.Flag("--unit-offset", "The weight is stored minus one (layer-norm, rms-norm).");
    private readonly Option<bool> gateFirst = Values.Flag("--gate-first", "The gate multiplies the input before the norm, and not the normalized values (with --gate).");
    private readonly Option<bool> roundBeforeWeight = Values.Flag(
        "--round-before-weight", "Normalized values are rounded to the output's type, then multiplied by the weight (rms-norm, gated-rms-norm).");
    private readonly Option<string?> activation = Values.Word("--activation", "NAME", "What follows the norm in the same pass", Activations);
    private readonly Option<int?> numSplits = Values.Count("--num-splits", "S", "Into how many parts the batch is split (ghost-batch-norm; default 2).");
    private readonly Option<double?> rMax = Values.Number("--r-max", "R", "The largest factor r (batch-renorm; default 3).", 1, double.MaxValue);
    private readonly Option<double?> dMax = Values.Number("--d-max", "D", "The largest shift d (batch-renorm; default 5).", 0, double.MaxValue);
    private readonly Option<int?> size = Values.Count("--size", "S", "How many channels a window has (local-response-norm, where it is required).");
    private readonly Option<double?> alpha = Values.Number("--alpha", "A", "The factor of the window's mean of squares (default 1e-4).", double.MinValue, double.MaxValue);
    private readonly Option<double?> beta = Values.Number("--beta", "B", "The power of the sum (default 0.75).", double.MinValue, double.MaxValue);
    private readonly Option<double?> k = Values.Number("--k", "K", "What is added to the window's mean (default 1).", double.MinValue, double.MaxValue);
    private readonly Option<string?> window = Values.Word("--window", "NAME", "Which way a window of even size leans", Windows);
    private readonly Option<double?> p = Values.Of<double?>("--p", "P", "The order of the norm, 0 or more, or inf (lp-normalize; default 2).", Order);
    private readonly Option<string?> dim = Values.Of<string?>(
        "--dim", "D", "The dimension of the norm (lp-normalize, which takes several, 1,2; cosine-similarity; default 1), or the one kept apart (weights; default 0; weight-norm also none: one norm of the whole).", Dimension);
    private readonly Option<int?> iterations = Values.Count("--iterations", "I", "Steps of power iteration (spectral-norm; default 1).");

    public Option GateFirst => gateFirst;

    public Option Axes => axes;

    public Option UnitOffset => unitOffset;

    public Option Activation => activation;

    /// <summary>Those that decide who shares statistics.</summary>
    public IReadOnlyList<Option> OfSharing => [groups, normalizedShape, axes, dim, size, numSplits];

    /// <summary>Those of the layers that diagnose knows.</summary>
    public IReadOnlyList<Option> OfDiagnosis => [eps, groups, normalizedShape, axes, unitOffset, p, dim, size, alpha, beta, k, window];

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All =>
        [eps, momentum, groups, normalizedShape, axes, unitOffset, gateFirst, roundBeforeWeight, activation, numSplits, rMax, dMax, size, alpha, beta, k, window, p, dim, iterations];

    public Option Momentum => momentum;

    /// <exception cref="UsageException">An option does not fit the layer, or one that it needs is missing.</exception>
    public LayerSettings Read(ParseResult parsed, LayerEntry entry)
    {
        if (All.FirstOrDefault(option => parsed.IsGiven(option) && !entry.Takes(option.Name)) is Option misfit)
            throw Misfit(misfit.Name, entry);
        OptionEntry? needed = entry.Options.FirstOrDefault(option => option.Default is null && All.Any(known => known.Name == option.Name && !parsed.IsGiven(known)));
        if (needed is not null)
            throw new UsageException($"{entry.Name} needs {needed.Name} {All.First(known => known.Name == needed.Name).HelpName}.");
        string? dimension = parsed.ValueIfGiven(dim);
        bool whole = dimension == WholeTensor;
        if (whole && entry is not WeightNormEntry)
            throw new UsageException($"--dim {WholeTensor} does not fit {entry.Name}; give a dimension.");
        int[]? dims = dimension is null || whole ? null : Integers(dimension);
        if (dims is { Length: > 1 } && entry is not LpNormalizeEntry { TakesDims: true })
            throw new UsageException($"--dim {dimension} does not fit {entry.Name}, which has one; give one dimension, or use lp-normalize.");
        return new()
        {
            Eps = parsed.GetValue(eps),
            Momentum = parsed.GetValue(momentum),
            Groups = parsed.GetValue(groups),
            NormalizedShape = parsed.ValueIfGiven(normalizedShape),
            Axes = parsed.ValueIfGiven(axes),
            UnitOffset = parsed.GetValue(unitOffset),
            Dim = dims?[0],
            Dims = dims,
            GateFirst = parsed.GetValue(gateFirst),
            RoundBeforeWeight = parsed.GetValue(roundBeforeWeight),
            WholeTensor = whole,
            P = parsed.GetValue(p),
            Size = parsed.GetValue(size),
            Alpha = parsed.GetValue(alpha),
            Beta = parsed.GetValue(beta),
            K = parsed.GetValue(k),
            OnnxWindow = parsed.GetValue(window) == Windows[1],
            NumSplits = parsed.GetValue(numSplits),
            RMax = parsed.GetValue(rMax),
            DMax = parsed.GetValue(dMax),
            Iterations = parsed.GetValue(iterations),
            Activation = parsed.GetValue(activation),
        };
    }

    /// <summary>The refusal of an option, naming layers that take it.</summary>
    private static UsageException Misfit(string option, LayerEntry entry)
    {
        if (option == "--momentum")
        {
            string why = entry.HasModes || entry.TracksRunning ? "moves no running statistics" : "has no running statistics and is the same in training and evaluation";
            return new($"{option} does not fit {entry.Name}, which {why}; leave it out.");
        }
        string[] takers = [.. LayerCatalogue.All.Where(other => other.Takes(option)).Select(other => other.Name).Take(3)];
        return new($"{option} does not fit {entry.Name}; leave it out, or use {string.Join(" or ", takers)}.");
    }

    private static int[] Integers(string text) => [.. text.Split(',').Select(part =>
        int.TryParse(part.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int axis)
            ? axis
            : throw new FormatException("a list of dimensions with commas between, such as 1,2 or -1"))];

    private static string Dimension(string text) =>
        text == WholeTensor || Array.TrueForAll(text.Split(','), part => int.TryParse(part.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            ? text
            : throw new FormatException("a dimension, such as 1 or -1, or none");

    private static double? Order(string text) => text == "inf" ? double.PositiveInfinity
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double order) && double.IsFinite(order) && order >= 0
            ? order
            : throw new FormatException("a number, 0 or more, or inf");
}
