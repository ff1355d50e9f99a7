namespace NormKit.Cli.Catalogue;

/// <summary>Batch norm, and its classes for one rank.</summary>
internal class BatchNormEntry(int? positions = null) : ChannelEntry
{
    public override string Name => positions is int count ? $"batch-norm-{count}d" : "batch-norm";

    public override string Shares => "a channel of all samples";

    public override string Input => positions switch
    {
        1 => "(N, C) or (N, C, L)",
        int count => $"(N, C, {string.Join(", ", Positions(count))})",
        null => "(N, C, *)",
    };

    public override string When => "convolutions, 16+ images a device";

    public override string Choose =>
        "convolutional networks trained on large batches. ImageNet, ResNet-50, validation error: 23.6 % at 32 images per GPU, 34.7 % at 2, where group "
        + "norm has 24.1 % at both (Wu, He 2018). A sample's output depends on its batch in training, and on running statistics afterwards; then it "
        + "folds into the convolution before it.";

    public override IReadOnlyList<string> Formula =>
    [
        "y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]",
        "running = (1 - momentum) * running + momentum * batch",
        "var is divided by n = N * positions where it normalizes, by n - 1 in running_var",
    ];

    public override string Source => "Ioffe, Szegedy 2015, arXiv:1502.03167";

    public override string Train => "normalizes by the batch's statistics, and moves the running ones.";

    public override string Eval => "normalizes by the running statistics.";

    public override OtherNames Elsewhere => new(
        positions is int count ? $"BatchNorm{count}d" : "BatchNorm1d, 2d, 3d",
        "BatchNormalization: eps 1e-3, momentum 0.99 weighs the old value, biased running variance",
        "BatchNorm: momentum 0.99 weighs the old value",
        "BatchNormalization: momentum 0.9 weighs the old value, biased running variance");

    public override IReadOnlyList<ParameterEntry> Parameters => [.. Affine(), .. Statistics()];

    public override IReadOnlyList<OptionEntry> Options => [new("--eps", "1e-5"), new("--momentum", "0.1"), new("--activation", "none")];

    public override IReadOnlyList<LayerEntry> Variants => positions is null ? [new BatchNormEntry(1), new BatchNormEntry(2), new BatchNormEntry(3)] : [];

    public override nint[] Example => positions switch { 1 => [16, 32, 64], 3 => [16, 32, 8, 64, 64], _ => [16, 32, 64, 64] };

    public override bool TakesMask => true;

    public override string Page => "docs/layers/batch-norm.md";

    protected override (int Least, int Most) Ranks => positions switch { 1 => (2, 3), int count => (count + 2, count + 2), null => (2, int.MaxValue) };

    public override Work Work(nint[] shape, LayerSettings settings) => MeanAndVariance(affine: true);

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        return [new("mean and variance", Axes(shape, AxisRole.Shared, AxisRole.Separate))];
    }

    public override LayerRun<T> Create<T>(LayerPlan plan)
    {
        int channels = plan.Channels;
        LayerSettings settings = plan.Settings;
        (double eps, double momentum) = (settings.Eps ?? 1e-5, settings.Momentum ?? 0.1);
        BatchNorm<T> layer = positions switch
        {
            null => new BatchNorm<T>(channels, eps, momentum, plan.IsAffine, plan.Tracks),
            1 => new BatchNorm1d<T>(channels, eps, momentum, plan.IsAffine, plan.Tracks),
            2 => new BatchNorm2d<T>(channels, eps, momentum, plan.IsAffine, plan.Tracks),
            _ => new BatchNorm3d<T>(channels, eps, momentum, plan.IsAffine, plan.Tracks),
        };
        return Run(layer, plan);
    }

    public override string? TooFewValues(nint[] shape, LayerSettings settings, bool eval) => !eval && Cost.Product(shape) == shape[1]
        ? $"one value per channel, and {Name} needs more than 1 value per channel; use a larger batch, or --eval with --running-mean and --running-var."
        : null;
}
