namespace NormKit.Cli.Catalogue;

/// <summary>EvoNorm B0: a batch's variance against an instance's.</summary>
internal sealed class EvoNormB0Entry : ChannelEntry
{
    public override string Name => "evo-norm-b0";

    public override string Shares => "a channel of all samples and of each";

    public override string When => "norm and activation, large batches";

    public override string Choose =>
        "in place of batch norm and the activation behind it, on large batches: its authors find EvoNorms better than batch norm with ReLU in 12 of 14 "
        + "classification settings (Liu et al. 2020). It depends on the batch as batch norm does.";

    public override IReadOnlyList<string> Formula =>
    [
        "y = x / max(sqrt(batch_var + eps), v[c] * x + sqrt(instance_var + eps)) * weight[c] + bias[c]",
        "eval: running_var in place of batch_var",
    ];

    public override string Source => "Liu, Brock, Simonyan, Le 2020, arXiv:2004.02967";

    public override string Train => "uses the batch's variance, and moves the running one.";

    public override string Eval => "uses the running variance; the instance's is computed there too.";

    public override OtherNames Elsewhere => new("timm EvoNorm2dB0");

    public override IReadOnlyList<ParameterEntry> Parameters =>
        [.. Affine(), PerChannel("v", "1"), PerChannel(RunningVar, "1", isTrained: false)];

    public override IReadOnlyList<OptionEntry> Options => [new("--eps", "1e-3"), new("--momentum", "0.1")];

    protected override (int Least, int Most) Ranks => (3, int.MaxValue);

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("variance of the batch", 4), ("of the instance", 4), ("v * x + std", 2), ("max", 1), ("division", 1), ("weight and bias", 2)],
            [("the denominator again", 3), ("its derivative", 5), ("sums", 6), ("dx", 4), ("the gradients of weight, bias and v", 4)]);

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        return
        [
            new("batch variance", Axes(shape, AxisRole.Shared, AxisRole.Separate)),
            new("instance variance", Axes(shape, AxisRole.Separate, AxisRole.Separate)),
        ];
    }

    public override LayerRun<T> Create<T>(LayerPlan plan) =>
        new NormLayerRun<T>(new EvoNormB0<T>(plan.Channels, plan.Settings.Momentum ?? 0.1, plan.Settings.Eps ?? 1e-3));
}
