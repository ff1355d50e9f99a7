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

    public override IReadOnlyList<LayerEntry> Variants =>
        positions is null ? [new LazyInstanceNormEntry(1), new LazyInstanceNormEntry(2), new LazyInstanceNormEntry(3)] : [];

    public override LayerRun<T> Create<T>(LayerPlan plan)
    {
        (double eps, double momentum) = (plan.Settings.Eps ?? 1e-5, plan.Settings.Momentum ?? 0.1);
        InstanceNorm<T> layer = positions switch
        {
            null => new LazyInstanceNorm<T>(eps, momentum, plan.IsAffine, plan.Tracks),
            1 => new LazyInstanceNorm1d<T>(eps, momentum, plan.IsAffine, plan.Tracks),
            2 => new LazyInstanceNorm2d<T>(eps, momentum, plan.IsAffine, plan.Tracks),
            _ => new LazyInstanceNorm3d<T>(eps, momentum, plan.IsAffine, plan.Tracks),
        };

        // What files give goes into the layer before its first input.
        if (plan.IsAffine || plan.Tracks)
            ((IStateful<T>)layer).Materialize(plan.Channels);
        return Run(layer, plan);
    }
}
