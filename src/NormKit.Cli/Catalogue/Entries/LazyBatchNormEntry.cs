namespace NormKit.Cli.Catalogue;

/// <summary>Batch norm that takes its channels from the first input.</summary>
internal sealed class LazyBatchNormEntry(int? positions = null) : BatchNormEntry(positions)
{
    private readonly int? positions = positions;

    public override string Name => positions is int count ? $"lazy-batch-norm-{count}d" : "lazy-batch-norm";

    public override string When => "channel count not known beforehand";

    public override string Choose =>
        "as batch norm, where the number of channels is known only when data comes: it is taken from dimension 1 of the first input. "
            + "The numbers are batch norm's, to the bit.";

    public override OtherNames Elsewhere => new(
        positions is int count ? $"LazyBatchNorm{count}d" : "LazyBatchNorm1d, 2d, 3d", "every layer is built at its first input",
        "every layer is built at its first input");

    public override IReadOnlyList<LayerEntry> Variants =>
        positions is null ? [new LazyBatchNormEntry(1), new LazyBatchNormEntry(2), new LazyBatchNormEntry(3)] : [];

    public override LayerRun<T> Create<T>(LayerPlan plan)
    {
        (double eps, double momentum) = (plan.Settings.Eps ?? 1e-5, plan.Settings.Momentum ?? 0.1);
        BatchNorm<T> layer = positions switch
        {
            null => new LazyBatchNorm<T>(eps, momentum, plan.IsAffine, plan.Tracks),
            1 => new LazyBatchNorm1d<T>(eps, momentum, plan.IsAffine, plan.Tracks),
            2 => new LazyBatchNorm2d<T>(eps, momentum, plan.IsAffine, plan.Tracks),
            _ => new LazyBatchNorm3d<T>(eps, momentum, plan.IsAffine, plan.Tracks),
        };

        // What files give goes into the layer before its first input.
        if (plan.IsAffine || plan.Tracks)
            ((IStateful<T>)layer).Materialize(plan.Channels);
        return Run(layer, plan);
    }
}
