namespace NormKit.Cli.Catalogue;

/// <summary>Instance norm, and its classes for one rank.</summary>
internal class InstanceNormEntry(int? positions = null) : ChannelEntry
{
    public override string Name => positions is int count ? $"instance-norm-{count}d" : "instance-norm";

    public override string Shares => "a channel of a sample";

    public override string Input => positions is int count ? $"(N, C, {string.Join(", ", Positions(count))})" : "(N, C, *)";

    public override string When => "style transfer, image generation";

    public override string Choose =>
        "style transfer, where the contrast of one image must not count: \"significant qualitative improvement\", the paper gives no figure (Ulyanov et "
        + "al. 2016). For classification it discards too much: ImageNet, ResNet-50, 28.4 % error against batch norm's 23.6 % (Wu, He 2018).";

    public override IReadOnlyList<string> Formula => ["y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]", "var is divided by the number of positions"];

    public override string Source => "Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022";

    public override string Train => "normalizes by each sample's own statistics; where running ones are tracked, moves them by their mean over the batch.";

    public override string Eval => "the same, unless running statistics are tracked: then by those.";

    public override OtherNames Elsewhere => new(
        positions is int count ? $"InstanceNorm{count}d" : "InstanceNorm1d, 2d, 3d", "GroupNormalization with groups=-1: eps 1e-3", "InstanceNorm: eps 1e-6",
        "InstanceNormalization");

    public override IReadOnlyList<ParameterEntry> Parameters => [.. Affine(isOptional: true), .. Statistics(isOptional: true)];

    public override IReadOnlyList<OptionEntry> Options => [new("--eps", "1e-5"), new("--momentum", "0.1"), new("--activation", "none")];

    public override IReadOnlyList<LayerEntry> Variants =>
        positions is null ? [new InstanceNormEntry(1), new InstanceNormEntry(2), new InstanceNormEntry(3)] : [];

    public override nint[] Example => positions switch { 1 => [16, 32, 64], 3 => [16, 32, 8, 64, 64], _ => [16, 32, 64, 64] };

    public override bool TakesMask => true;

    public override string Page => "docs/layers/instance-norm.md";

    protected override (int Least, int Most) Ranks => positions is int count ? (count + 2, count + 2) : (3, int.MaxValue);

    public override Work Work(nint[] shape, LayerSettings settings) => MeanAndVariance(affine: false);

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        return [new("mean and variance", Axes(shape, AxisRole.Separate, AxisRole.Separate))];
    }

    public override LayerRun<T> Create<T>(LayerPlan plan)
    {
        int channels = plan.Channels;
        LayerSettings settings = plan.Settings;
        (double eps, double momentum) = (settings.Eps ?? 1e-5, settings.Momentum ?? 0.1);
        InstanceNorm<T> layer = positions switch
        {
            null => new InstanceNorm<T>(channels, eps, momentum, plan.IsAffine, plan.Tracks),
            1 => new InstanceNorm1d<T>(channels, eps, momentum, plan.IsAffine, plan.Tracks),
            2 => new InstanceNorm2d<T>(channels, eps, momentum, plan.IsAffine, plan.Tracks),
            _ => new InstanceNorm3d<T>(channels, eps, momentum, plan.IsAffine, plan.Tracks),
        };
        return Run(layer, plan);
    }

    public override string? TooFewValues(nint[] shape, LayerSettings settings, bool eval) => !eval && shape.Length > 2 && Cost.Product(shape[2..]) == 1
        ? $"one position in a channel, and {Name} needs more; use a larger input, or --eval with --running-mean and --running-var."
        : null;
}
