namespace NormKit.Cli.Catalogue;

/// <summary>Batch norm over parts of the batch.</summary>
internal sealed class GhostBatchNormEntry : ChannelEntry
{
    public override string Name => "ghost-batch-norm";

    public override string Shares => "a channel of a part of the batch";

    public override string When => "very large batches";

    public override string Choose =>
        "batches so large that batch norm's noise, which regularizes, is missed. CIFAR-10, ResNet-44, accuracy at batch 4096: 89.3 % with an adapted "
        + "learning rate, 90.5 % with ghost batches too; 92.8 % at a small batch (Hoffer et al. 2017).";

    public override IReadOnlyList<string> Formula =>
    [
        "y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]",
        "mean and var of each of numSplits equal parts of the batch, in order",
    ];

    public override string Source => "Hoffer, Hubara, Soudry 2017, arXiv:1705.08741";

    public override string Train => "normalizes each part by its own statistics, and moves the running ones once, by the mean over the parts.";

    public override string Eval => "normalizes by the running statistics, as batch norm.";

    public override OtherNames Elsewhere => new("timm SplitBatchNorm2d");

    public override IReadOnlyList<ParameterEntry> Parameters => [.. Affine(), .. Statistics()];

    public override IReadOnlyList<OptionEntry> Options => [new("--num-splits", "2"), new("--eps", "1e-5"), new("--momentum", "0.1"), new("--activation", "none")];

    public override Work Work(nint[] shape, LayerSettings settings) => MeanAndVariance(affine: true);

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        int splits = settings.NumSplits ?? 2;
        return shape[0] % splits == 0
            ? [new("mean and variance", Axes(shape, AxisRole.Split, AxisRole.Separate, splits))]
            : throw Misfit(shape, $"{Plural.Of(splits, "part")} do not divide a batch of {shape[0]}; give --num-splits a divisor.");
    }

    public override LayerSettings InEvaluation(LayerSettings settings) => settings with { NumSplits = 1 };

    public override bool TakesMask => true;

    public override LayerRun<T> Create<T>(LayerPlan plan) => Run(
        new GhostBatchNorm<T>(
            plan.Channels, plan.Settings.NumSplits ?? 2, plan.Settings.Eps ?? 1e-5, plan.Settings.Momentum ?? 0.1, plan.IsAffine, plan.Tracks),
        plan);
}
