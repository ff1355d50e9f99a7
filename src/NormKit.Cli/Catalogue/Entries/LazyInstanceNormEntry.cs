namespace NormKit.Cli.Catalogue;

/// <summary>Instance norm that takes its channels from the first input.</summary>
internal sealed class LazyInstanceNormEntry(int? positions = null) : InstanceNormEntry(positions)
{
    private readonly int? positions = positions;

    public override string Name => positions is int count ? $"lazy-instance-norm-{count}d" : "lazy-instance-norm";

    public override string When => "channel count not known beforehand";

    public override string Choose =>
        "as instance norm, where the number of channels is known only when data comes: it is taken from dimension 1 of the first input. "
            + "The numbers are instance norm's, to the bit.";

    public override OtherNames Elsewhere => new(
        positions is int count ? $"LazyInstanceNorm{count}d" : "LazyInstanceNorm1d, 2d, 3d", "every layer is built at its first input",
        "every layer is built at its first input");

    public override bool IsApplied => false;

    public override IReadOnlyList<LayerEntry> Variants =>
        positions is null ? [new LazyInstanceNormEntry(1), new LazyInstanceNormEntry(2), new LazyInstanceNormEntry(3)] : [];
}
