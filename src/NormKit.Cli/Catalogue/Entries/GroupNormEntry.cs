namespace NormKit.Cli.Catalogue;

/// <summary>Group norm.</summary>
internal sealed class GroupNormEntry : ChannelEntry
{
    public override string Name => "group-norm";

    public override string Shares => "a group of channels of a sample";

    public override string When => "convolutions, few images a device";

    public override string Choose =>
        "convolutional networks on small batches: detection, segmentation, video. ImageNet, ResNet-50, error at 2 images per GPU 24.1 % (32 groups) where "
        + "batch norm has 34.7 %; COCO Mask R-CNN from 38.6 / 34.5 to 40.8 / 36.1 box / mask AP in place of frozen batch norm (Wu, He 2018).";

    public override IReadOnlyList<string> Formula => ["y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]", "var is divided by C / groups * positions"];

    public override string Source => "Wu, He 2018, arXiv:1803.08494";

    public override OtherNames Elsewhere => new(
        "GroupNorm", "GroupNormalization: 32 groups, eps 1e-3", "GroupNorm: 32 groups, eps 1e-6",
        "GroupNormalization: scale per group in version 18, per channel from 21");

    public override IReadOnlyList<ParameterEntry> Parameters => Affine();

    public override IReadOnlyList<OptionEntry> Options => [new("--groups", null), new("--eps", "1e-5"), new("--activation", "none")];

    public override bool TakesMask => true;

    public override Work Work(nint[] shape, LayerSettings settings) => MeanAndVariance(affine: true);

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        return [new("mean and variance", Axes(shape, AxisRole.Separate, AxisRole.Split, GroupsOf(shape, settings)))];
    }

    public override LayerRun<T> Create<T>(LayerPlan plan) => Run(
        new GroupNorm<T>(GroupsOf(plan.Shape, plan.Settings), plan.Channels, plan.Settings.Eps ?? 1e-5, plan.IsAffine), plan);

    public override string? TooFewValues(nint[] shape, LayerSettings settings, bool eval) => shape[0] == 1 && Cost.Product(shape) == settings.Groups
        ? $"one value per group with --groups {settings.Groups}, and {Name} needs more; use fewer groups."
        : null;
}
