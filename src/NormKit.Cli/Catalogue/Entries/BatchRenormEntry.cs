namespace NormKit.Cli.Catalogue;

/// <summary>Batch norm corrected towards its running statistics.</summary>
internal sealed class BatchRenormEntry : ChannelEntry
{
    public override string Name => "batch-renorm";

    public override string Shares => "a channel of all samples";

    public override string When => "batch norm on small batches";

    public override string Choose =>
        "a network made for batch norm that must train on small batches, or on batches whose samples belong together. ImageNet, ResNet-50, 4 images per "
        + "GPU: 26.3 % error, batch norm 27.3 %, group norm 24.2 % (Wu, He 2018).";

    public override IReadOnlyList<string> Formula =>
    [
        "train: y = ((x - mean) / std * r + d) * weight[c] + bias[c]",
        "       r = clip(std / running_std, 1 / rMax, rMax)",
        "       d = clip((mean - running_mean) / running_std, -dMax, dMax)",
        "eval:  y = (x - running_mean) / sqrt(running_var + eps) * weight[c] + bias[c]",
    ];

    public override string Source => "Ioffe 2017, arXiv:1702.03275";

    public override string Train => "normalizes by the batch's statistics, corrected by r and d, which are constants to the gradient; moves the running ones.";

    public override string Eval => "normalizes by the running statistics.";

    public override OtherNames Elsewhere => new("-", "BatchNormalization with renorm=True");

    public override IReadOnlyList<ParameterEntry> Parameters => [.. Affine(), .. Statistics()];

    public override IReadOnlyList<OptionEntry> Options =>
        [new("--eps", "1e-5"), new("--momentum", "0.1"), new("--r-max", "3"), new("--d-max", "5")];

    public override bool TrainsByRunning => true;

    public override Work Work(nint[] shape, LayerSettings settings) => MeanAndVariance(affine: true);

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        return [new("mean and variance", Axes(shape, AxisRole.Shared, AxisRole.Separate))];
    }

    public override LayerRun<T> Create<T>(LayerPlan plan) => Run(
        new BatchRenorm<T>(
            plan.Channels, plan.Settings.Eps ?? 1e-5, plan.Settings.Momentum ?? 0.1, plan.Settings.RMax ?? 3, plan.Settings.DMax ?? 5),
        plan);
}
