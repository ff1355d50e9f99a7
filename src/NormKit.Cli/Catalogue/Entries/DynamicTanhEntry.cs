namespace NormKit.Cli.Catalogue;

/// <summary>Dynamic tanh.</summary>
internal sealed class DynamicTanhEntry : TrailingEntry
{
    public override string Name => "dynamic-tanh";

    public override string Shares => "none: element by element";

    public override string When => "transformers without statistics";

    public override string Choose =>
        "in place of layer norm where a reduction is expensive or unwanted. ImageNet accuracy: ViT-B 82.5 %, layer norm 82.3 %; ViT-L 83.6 %, layer norm 83.1 % "
        + "(Zhu et al. 2025). The start of alpha matters in large language models.";

    public override IReadOnlyList<string> Formula => ["y = weight * tanh(alpha * x) + bias"];

    public override string Source => "Zhu et al. 2025, arXiv:2503.10622";

    public override string Train => "takes each element by itself: there are no statistics.";

    public override OtherNames Elsewhere => new("x-transformers DynamicTanh");

    public override IReadOnlyList<ParameterEntry> Parameters =>
        [new("alpha", "(1)", "0.5", (_, _) => [1]), Elementwise("weight", "1"), Elementwise("bias", "0")];

    public override IReadOnlyList<OptionEntry> Options => [new("--normalized-shape", "all but the first")];

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        Normalized(shape, settings);
        return [];
    }

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("alpha * x", 1), ("tanh", 1), ("weight and bias", 2)],
            [("the tanh again", 2), ("its derivative", 2), ("dx", 3), ("alpha's gradient", 2), ("weight's", 2), ("bias's", 1)]);

    public override LayerRun<T> Create<T>(LayerPlan plan) => new NormLayerRun<T>(new DynamicTanh<T>(Over(plan).Lengths));
}
