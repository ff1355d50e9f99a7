using NormKit.Cli.Catalogue;
using NormKit.Diagnosis;

namespace NormKit.Cli.Diagnose;

/// <summary>The layers of the catalogue that diagnose knows, and their settings in its terms.</summary>
internal static class DiagnosedLayers
{
    private static readonly string[] Names =
        ["batch-norm", "frozen-batch-norm", "layer-norm", "instance-norm", "group-norm", "rms-norm", "lp-normalize", "local-response-norm"];

    /// <exception cref="UsageException">The layer is unknown, or diagnose does not know it.</exception>
    public static LayerEntry Find(string name)
    {
        LayerEntry entry = LayerCatalogue.Find(name);
        return KindOf(entry) is not null
            ? entry
            : throw new UsageException($"diagnose does not know {entry.Name}; it knows {string.Join(", ", Names)}.");
    }

    /// <summary>The layer expected, for an input.</summary>
    /// <exception cref="UsageException">The layer does not take the input's shape.</exception>
    public static ExpectedLayer Expect(LayerEntry entry, LayerSettings settings, nint[] shape, bool eval, bool channelsLast)
    {
        nint[] ofLayer = channelsLast && shape.Length > 2 ? [shape[0], shape[^1], .. shape[1..^1]] : shape;
        entry.Statistics(ofLayer, settings);
        ExpectedLayer expected = new(KindOf(entry)!.Value)
        {
            Eps = settings.Eps,
            Groups = settings.Groups,
            ChannelsLast = channelsLast,
            Eval = eval,
            UnitOffset = settings.UnitOffset,
            P = settings.P ?? 2,
            Size = settings.Size ?? 5,
            Alpha = settings.Alpha ?? 1e-4,
            Beta = settings.Beta ?? 0.75,
            K = settings.K ?? 1,
            OnnxWindow = settings.OnnxWindow,
        };
        return expected with { Axes = AxesOf(expected.Kind, settings, shape.Length) };
    }

    private static int[]? AxesOf(NormalizationKind kind, LayerSettings settings, int rank) => kind switch
    {
        NormalizationKind.LpNormalize => [Math.Min(settings.Dim ?? 1, rank - 1)],
        NormalizationKind.LayerNorm or NormalizationKind.RmsNorm => settings.Axes
            ?? (settings.NormalizedShape is nint[] lengths ? [.. Enumerable.Range(rank - lengths.Length, lengths.Length)] : null),
        _ => null,
    };

    private static NormalizationKind? KindOf(LayerEntry entry)
    {
        string name = entry.Name.Split("-norm")[0] + (entry.Name.Contains("-norm", StringComparison.Ordinal) ? "-norm" : "");
        return name switch
        {
            "batch-norm" or "lazy-batch-norm" or "frozen-batch-norm" => NormalizationKind.BatchNorm,
            "layer-norm" => NormalizationKind.LayerNorm,
            "instance-norm" or "lazy-instance-norm" => NormalizationKind.InstanceNorm,
            "group-norm" => NormalizationKind.GroupNorm,
            "rms-norm" => NormalizationKind.RmsNorm,
            "local-response-norm" => NormalizationKind.LocalResponseNorm,
            _ => entry.Name == "lp-normalize" ? NormalizationKind.LpNormalize : null,
        };
    }
}
