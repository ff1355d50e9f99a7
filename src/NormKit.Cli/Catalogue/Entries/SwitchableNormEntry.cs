namespace NormKit.Cli.Catalogue;

/// <summary>Switchable norm.</summary>
internal sealed class SwitchableNormEntry : ChannelEntry
{
    public override string Name => "switchable-norm";

    public override string Shares => "channel, sample and batch, mixed";

    public override string When => "convolutions, batch size not settled";

    public override string Choose =>
        "convolutional networks that should learn which statistics suit each layer. ImageNet, ResNet-50, accuracy at 32 images per GPU: 76.9 %, batch norm "
        + "76.4 %, group norm 75.9 %; at 2 images 75.6 %, 65.3 % and 75.9 % (Luo et al. 2018).";

    public override IReadOnlyList<string> Formula =>
    [
        "y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]",
        "mean = softmax(mean_weight) . (mean of the instance, of the layer, of the batch)",
        "var = softmax(var_weight) . (variance of the instance, of the layer, of the batch)",
    ];

    public override string Source => "Luo et al. 2018, arXiv:1806.10779";

    public override string Train => "mixes all three of the input's own statistics, and moves the running ones by the batch's.";

    public override string Eval => "the same, with the running statistics in place of the batch's.";

    public override OtherNames Elsewhere => new("-");

    public override IReadOnlyList<ParameterEntry> Parameters =>
    [
        .. Affine(), new("mean_weight", "(3)", "1", (_, _) => [3]), new("var_weight", "(3)", "1", (_, _) => [3]), .. Statistics(),
    ];

    public override IReadOnlyList<OptionEntry> Options => [new("--eps", "1e-5"), new("--momentum", "0.1")];

    protected override (int Least, int Most) Ranks => (3, int.MaxValue);

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("mean", 1), ("variance of the instance, from which the others follow", 3), ("(x - mean) * invStd", 2), ("weight and bias", 2)],
            [("dy * weight", 1), ("its two means", 4), ("dx", 4), ("weight's gradient", 2), ("bias's", 1)]);

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        return
        [
            new("mean and variance (instance)", Axes(shape, AxisRole.Separate, AxisRole.Separate)),
            new("mean and variance (layer)", Axes(shape, AxisRole.Separate, AxisRole.Shared)),
            new("mean and variance (batch)", Axes(shape, AxisRole.Shared, AxisRole.Separate)),
        ];
    }

    public override LayerRun<T> Create<T>(LayerPlan plan) =>
        new NormLayerRun<T>(new SwitchableNorm<T>(plan.Channels, plan.Settings.Eps ?? 1e-5, plan.Settings.Momentum ?? 0.1));
}
