using System.CommandLine;
using System.Globalization;

namespace NormKit.Cli.Catalogue;

/// <summary>The options that set up a layer, and which of them fit which.</summary>
internal sealed class SettingOptions
{
    private readonly Option<int?> groups = Values.Count("--groups", "G", "Into how many groups the channels are split (group-norm, evo-norm-s0).");
    private readonly Option<nint[]?> normalizedShape = Values.Lengths(
        "--normalized-shape", "32,64,64", "The trailing dimensions normalized over (layer-norm, rms-norm, dynamic-tanh).");
    private readonly Option<int[]?> axes = Values.Of<int[]?>(
        "--axes", "1,2", "Which dimensions are normalized over, from 0 or from the end, -1 (layer-norm, rms-norm).", Integers);
    private readonly Option<string?> dim = Values.Of<string?>(
        "--dim", "D", "The dimension of the norm (lp-normalize, cosine-similarity), or the one kept apart (weights).", Dimension);
    private readonly Option<int?> size = Values.Count("--size", "S", "How many channels a window has (local-response-norm).");
    private readonly Option<int?> numSplits = Values.Count("--num-splits", "S", "Into how many parts the batch is split (ghost-batch-norm).");

    /// <summary>Those that decide who shares statistics.</summary>
    public IReadOnlyList<Option> OfSharing => [groups, normalizedShape, axes, dim, size, numSplits];

    /// <exception cref="UsageException">An option does not fit the layer.</exception>
    public LayerSettings Read(ParseResult parsed, LayerEntry entry)
    {
        if (OfSharing.FirstOrDefault(option => parsed.IsGiven(option) && !entry.Takes(option.Name)) is Option misfit)
            throw Misfit(misfit.Name, entry);
        bool whole = parsed.ValueIfGiven(dim) == WholeTensor;
        if (whole && entry is not WeightNormEntry)
            throw new UsageException($"--dim {WholeTensor} does not fit {entry.Name}; give a dimension.");
        return new()
        {
            Groups = parsed.GetValue(groups),
            NormalizedShape = parsed.ValueIfGiven(normalizedShape),
            Axes = parsed.ValueIfGiven(axes),
            Dim = parsed.ValueIfGiven(dim) is string text && !whole ? int.Parse(text, CultureInfo.InvariantCulture) : null,
            WholeTensor = whole,
            Size = parsed.GetValue(size),
            NumSplits = parsed.GetValue(numSplits),
        };
    }

    private const string WholeTensor = "none";

    private static UsageException Misfit(string option, LayerEntry entry)
    {
        string[] takers = [.. LayerCatalogue.All.Where(other => other.Takes(option)).Select(other => other.Name).Take(3)];
        return new($"{option} does not fit {entry.Name}; leave it out, or use {string.Join(" or ", takers)}.");
    }

    private static int[] Integers(string text) => [.. text.Split(',').Select(part =>
        int.TryParse(part.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int axis)
            ? axis
            : throw new FormatException("a list of dimensions with commas between, such as 1,2 or -1"))];

    private static string Dimension(string text) =>
        text == WholeTensor || int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            ? text
            : throw new FormatException("a dimension, such as 1 or -1, or none");
}
