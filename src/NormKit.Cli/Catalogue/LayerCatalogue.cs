namespace NormKit.Cli.Catalogue;

/// <summary>The layers, in the order of lists.</summary>
internal static class LayerCatalogue
{
    public static readonly IReadOnlyList<LayerEntry> All =
    [
        new BatchNormEntry(), new LazyBatchNormEntry(), new FrozenBatchNormEntry(), new BatchRenormEntry(), new GhostBatchNormEntry(), new InstanceNormEntry(),
        new LazyInstanceNormEntry(), new AdaptiveInstanceNormEntry(), new GroupNormEntry(), new SwitchableNormEntry(), new FilterResponseNormEntry(),
        new GlobalResponseNormEntry(), new EvoNormS0Entry(), new EvoNormB0Entry(), new LocalResponseNormEntry(), new LayerNormEntry(), new RmsNormEntry(),
        new AdaptiveLayerNormEntry(), new AdaptiveRmsNormEntry(), new GatedRmsNormEntry(), new ScaleNormEntry(), new QueryKeyNormEntry(), new DynamicTanhEntry(), new LpNormalizeEntry(),
        new CosineSimilarityEntry(), new WeightNormEntry(), new SpectralNormEntry(), new WeightStandardizationEntry(), new BatchNormFoldingEntry(),
    ];

    /// <summary>Those and the ones for a single rank.</summary>
    private static readonly IReadOnlyList<LayerEntry> Known = [.. All.SelectMany(entry => entry.Variants.Prepend(entry))];

    /// <summary>Whether there is a layer of exactly that name.</summary>
    public static bool Has(string name) => Known.Any(entry => entry.Name == name);

    /// <summary>The layer of a name, as written on the command line.</summary>
    /// <exception cref="UsageException">There is none; names the nearest.</exception>
    public static LayerEntry Find(string name)
    {
        if (Known.FirstOrDefault(entry => entry.Name == name) is LayerEntry known)
            return known;

        // A class name, as in code or in PyTorch, and a name whose last word is missing.
        LayerEntry? meant = Known.FirstOrDefault(entry => string.Equals(entry.ClassName, name, StringComparison.OrdinalIgnoreCase))
            ?? Known.FirstOrDefault(entry => entry.Name == $"{name}-norm");
        string near = meant is null ? Suggestion.For(name, Known.Select(entry => entry.Name)) : $", did you mean '{meant.Name}'?";
        throw new UsageException($"unknown layer '{name}'{near} 'normkit layers' lists them.");
    }
}
