namespace NormKit.Cli.Catalogue;

/// <summary>Scale norm.</summary>
internal sealed class ScaleNormEntry : TrailingEntry
{
    public override string Name => "scale-norm";

    public override string Shares => "the last dimension";

    public override string Input => "(*, D)";

    public override string When => "small transformers, little data";

    public override string Choose =>
        "transformers trained on little data: one number in place of a weight for each feature. With normalization before each block and fixed word norms: 1.1 BLEU "
        + "more on average over five low-resource translation pairs (Nguyen, Salazar 2019).";

    public override IReadOnlyList<string> Formula => ["y = g * x / max(norm(x), eps)     one g, which starts at sqrt(D)"];

    public override string Source => "Nguyen, Salazar 2019, arXiv:1910.05895";

    public override string Train => "normalizes by the input's own norm.";

    public override OtherNames Elsewhere => new("x-transformers ScaleNorm");

    public override IReadOnlyList<ParameterEntry> Parameters => [new("weight", "(1)", "sqrt(D)", (_, _) => [1])];

    protected override int DefaultTrailing(nint[] shape) => 1;

    protected override string What => "norm";

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("norm", 2), ("x * (g / norm)", 1)],
            [("sum of dy * x, and g's gradient from it", 2), ("dx", 3)]);

    public override bool TakesMask => true;

    public override LayerRun<T> Create<T>(LayerPlan plan) => Run(new ScaleNorm<T>(checked((int)plan.Shape[^1]), plan.Settings.Eps ?? 1e-5), plan);
}
