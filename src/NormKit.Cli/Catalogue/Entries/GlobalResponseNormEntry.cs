namespace NormKit.Cli.Catalogue;

/// <summary>Global response norm.</summary>
internal sealed class GlobalResponseNormEntry : ChannelEntry
{
    public override string Name => "global-response-norm";

    public override string Shares => "positions, then channels of a sample";

    public override string When => "ConvNeXt V2, after its wide layer";

    public override string Choose =>
        "convolutional networks trained by masked autoencoding, whose channels otherwise grow alike. ConvNeXt-B, ImageNet accuracy: 83.7 % without, 83.8 % "
        + "with layer norm in its place, 84.6 % with it (Woo et al. 2023).";

    public override IReadOnlyList<string> Formula =>
    [
        "y = x + weight[c] * (x * n[c]) + bias[c]     n[c] = g[c] / (mean(g over the channels) + eps)",
        "g[c] = sqrt(sum(x^2 over the positions))",
    ];

    public override string Source => "Woo et al. 2023, arXiv:2301.00808";

    public override OtherNames Elsewhere => new("timm GlobalResponseNorm");

    public override IReadOnlyList<ParameterEntry> Parameters => Affine(weight: "0");

    public override IReadOnlyList<OptionEntry> Options => [new("--eps", "1e-6")];

    protected override (int Least, int Most) Ranks => (3, int.MaxValue);

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("sum of squares", 2), ("x * (1 + weight * n)", 1), ("bias", 1)],
            [("sum of dy * x, and weight's gradient from it", 2), ("dx", 3), ("bias's gradient", 1)]);

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        return
        [
            new("norm", Axes(shape, AxisRole.Separate, AxisRole.Separate)),
            new("mean of the norms", [new("N", shape[0], AxisRole.Separate), new("C", shape[1], AxisRole.Shared)]),
        ];
    }

    public override LayerRun<T> Create<T>(LayerPlan plan) =>
        new NormLayerRun<T>(new GlobalResponseNorm<T>(plan.Channels, plan.Settings.Eps ?? 1e-6));
}
