namespace NormKit.Cli.Catalogue;

/// <summary>Layer norm whose scale and shift come from outside.</summary>
internal class AdaptiveLayerNormEntry : TrailingEntry
{
    public override string Name => "adaptive-layer-norm";

    public override string Shares => "the last dimension";

    public override string Input => "(N, *, D)";

    public override string When => "diffusion transformers, conditioning";

    public override string Choose =>
        "networks steered by a class, a time step or a text: a small network makes scale and shift of it. DiT-XL/2 on ImageNet 256 x 256 with it in all blocks: "
        + "FID 2.27 (Peebles, Xie 2022).";

    public override IReadOnlyList<string> Formula =>
        ["y = (x - mean) / sqrt(var + eps) * (1 + scale[n]) + shift[n]     scale and shift: (N, D)"];

    public override string Source => "Perez et al. 2017, arXiv:1709.07871 (FiLM); Peebles, Xie 2022, arXiv:2212.09748 (adaLN)";

    public override OtherNames Elsewhere => new("x-transformers AdaptiveLayerNorm");

    protected override int DefaultTrailing(nint[] shape) => 1;

    public override IReadOnlyList<ParameterEntry> Conditions =>
    [
        Condition("scale"), Condition("shift"),
    ];

    private static ParameterEntry Condition(string name) =>
        new(name, "(N, D)", "0", (shape, _) => [shape[0], shape[^1]]) { Along = (shape, _) => [0, shape.Length - 1] };

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings) =>
        shape.Length >= 2 ? base.Statistics(shape, settings) : throw Misfit(shape, $"it needs at least 2 dimensions, {Input}.");

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("mean", 1), ("variance", 3), ("(x - mean) * invStd", 2), ("scale and shift", 2)],
            [("dy * (1 + scale)", 1), ("its two means", 4), ("dx", 4), ("scale's gradient", 3), ("shift's", 1)]);

    public override LayerRun<T> Create<T>(LayerPlan plan) => new AdaptiveRun<T>(
        new AdaptiveLayerNorm<T>(checked((int)plan.Shape[^1]), plan.Settings.Eps ?? 1e-5), plan.Shape[0], plan.Shape[^1]);
}
