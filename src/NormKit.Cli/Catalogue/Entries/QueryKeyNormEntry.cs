namespace NormKit.Cli.Catalogue;

/// <summary>The norm of queries and keys, head by head.</summary>
internal sealed class QueryKeyNormEntry : LayerEntry
{
    public override string Name => "query-key-norm";

    public override string Shares => "one head of one position";

    public override string Input => "(*, H, L, D)";

    public override string When => "attention whose logits grow";

    public override string Choose =>
        "queries and keys, before their product: it bounds attention's logits, which let large models diverge (ViT-22B, Dehghani et al. 2023). Translation, five "
        + "low-resource pairs: 0.928 BLEU more on average, with a norm of 1 (Henry et al. 2020).";

    public override IReadOnlyList<string> Formula => ["y = x / sqrt(mean(x^2) + eps) * weight[h]     mean over D, a weight for each head"];

    public override string Source => "Henry et al. 2020, arXiv:2010.04245; Dehghani et al. 2023, arXiv:2302.05442";

    public override string Train => "normalizes by the input's own root mean square.";

    public override OtherNames Elsewhere => new("x-transformers MultiheadRMSNorm");

    public override IReadOnlyList<ParameterEntry> Parameters =>
    [
        // The gamma of x-transformers' MultiheadRMSNorm is the weight minus one.
        new("weight", "(H, D)", "1", (shape, _) => [shape[^3], shape[^1]]) { Along = (shape, _) => [shape.Length - 3, shape.Length - 1], OtherKeys = [] },
    ];

    public override int[] LackedByMask(nint[] shape, LayerSettings settings) => [shape.Length - 1];

    public override IReadOnlyList<OptionEntry> Options => [new("--eps", "1.19e-7, in double 2.22e-16")];

    public override nint[] Example => [8, 12, 512, 64];

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        if (shape.Length < 3)
            throw Misfit(shape, $"it needs at least 3 dimensions, {Input}: heads, positions, features of a head, and samples before them.");
        if (shape[^3] == 0 || shape[^1] == 0)
            throw Misfit(shape, $"it needs at least one head and one feature, {Input}.");
        string[] names = [.. Enumerable.Range(1, shape.Length - 3).Select(i => shape.Length == 4 ? "N" : $"N{i}"), "H", "L", "D"];
        return [new("root mean square", [.. shape.Zip(names, (length, name) => new Axis(name, length, name == "D" ? AxisRole.Shared : AxisRole.Separate))])];
    }

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("mean of squares", 2), ("x * invRms", 1), ("weight", 1)],
            [("dy * weight", 1), ("its mean with x", 2), ("dx", 3), ("weight's gradient", 3)]);

    public override bool TakesMask => true;

    public override LayerRun<T> Create<T>(LayerPlan plan) => Run(
        new QueryKeyNorm<T>(checked((int)plan.Shape[^3]), checked((int)plan.Shape[^1]), plan.Settings.Eps), plan);
}
