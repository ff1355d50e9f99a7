namespace NormKit.Cli.Catalogue;

/// <summary>Adaptive instance norm.</summary>
internal sealed class AdaptiveInstanceNormEntry : ChannelEntry
{
    public override string Name => "adaptive-instance-norm";

    public override string Shares => "a channel of a sample";

    public override string When => "style transfer to any style";

    public override string Choose =>
        "giving one image the style of another, without training for that style: nearly three orders of magnitude faster than the optimization of Gatys et "
        + "al., says the paper (Huang, Belongie 2017). A fixed set of styles needs instance norm only.";

    public override IReadOnlyList<string> Formula =>
        ["y = std(style) * (x - mean(x)) / std(x) + mean(style)", "std = sqrt(var + eps), over the positions, var / their number"];

    public override string Source => "Huang, Belongie 2017, arXiv:1703.06868";

    public override string Train => "normalizes by the content's own statistics, and gives it the style's.";

    public override OtherNames Elsewhere => new("-");

    protected override (int Least, int Most) Ranks => (3, int.MaxValue);

    public override IReadOnlyList<string> OtherInputNames => ["style"];

    public override IReadOnlyList<(string Name, nint[] Shape)> OtherInputs(nint[] shape, LayerSettings settings) => [("style", shape)];

    /// <summary>The style's positions are its own; there must be some, which have a mean.</summary>
    public override bool Fits(nint[] other, nint[] needed) =>
        other.Length == needed.Length && other.AsSpan(0, 2).SequenceEqual(needed.AsSpan(0, 2)) && (!other.Contains(0) || needed.Contains(0));

    public override LayerRun<T> Create<T>(LayerPlan plan) => new StyleRun<T>(new AdaptiveInstanceNorm<T>(plan.Settings.Eps ?? 1e-5));

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("content's mean and variance", 4), ("style's", 4), ("(x - mean) * factor + mean", 3)],
            [("sums of dy", 4), ("content's gradient", 4), ("style's", 3)]);

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        Axis[] axes = Axes(shape, AxisRole.Separate, AxisRole.Separate);
        return [new("mean and variance of the content", axes), new("mean and variance of the style", axes)];
    }
}
