namespace NormKit.Cli.Catalogue;

/// <summary>Batch norm that always uses its running statistics.</summary>
internal sealed class FrozenBatchNormEntry : ChannelEntry
{
    public override string Name => "frozen-batch-norm";

    public override string Shares => "none: fixed statistics per channel";

    public override string When => "fine-tuning with few images";

    public override string Choose =>
        "fine-tuning a network that was trained with batch norm, on batches too small for statistics of their own. Mask R-CNN on COCO: 38.6 / 34.5 box "
        + "and mask AP; group norm trained from the start 40.8 / 36.1, batch norm left to move at 2 images about 6 box AP lower (Wu, He 2018).";

    public override IReadOnlyList<string> Formula => ["y = (x - running_mean[c]) / sqrt(running_var[c] + eps) * weight[c] + bias[c]"];

    public override string Source => "Ioffe, Szegedy 2015, arXiv:1502.03167; torchvision's FrozenBatchNorm2d";

    public override string Train => "normalizes by the running statistics, which stay; nothing in it trains.";

    public override OtherNames Elsewhere => new(
        "torchvision.ops.FrozenBatchNorm2d", "BatchNormalization with trainable=False", "BatchNorm with use_running_average=True",
        "BatchNormalization with training_mode=0");

    public override IReadOnlyList<ParameterEntry> Parameters =>
    [
        PerChannel("weight", "1", isTrained: false), PerChannel("bias", "0", isTrained: false), .. Statistics(),
    ];

    public override IReadOnlyList<OptionEntry> Options => [new("--eps", "1e-5"), new("--activation", "none")];

    public override bool HasModes => false;

    public override Work Work(nint[] shape, LayerSettings settings) => new([("x * scale + shift, both made once a channel", 2)], [("dy * scale", 1)]);

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        return [];
    }

    public override bool TakesMask => true;

    public override LayerRun<T> Create<T>(LayerPlan plan) => Run(new FrozenBatchNorm<T>(plan.Channels, plan.Settings.Eps ?? 1e-5), plan);
}
