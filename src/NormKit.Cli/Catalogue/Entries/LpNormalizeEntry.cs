namespace NormKit.Cli.Catalogue;

/// <summary>Vectors of norm 1.</summary>
internal class LpNormalizeEntry : LayerEntry
{
    public override string Name => "lp-normalize";

    public override string Shares => "one dimension, or several";

    public override string Input => "any";

    public override string When => "embeddings, unit vectors";

    public override string Choose =>
        "embeddings that are compared by direction: behind it a dot product is the cosine. FaceNet compares faces so: 99.63 % on Labeled Faces in the Wild "
        + "(Schroff et al. 2015). It trains nothing and suits no hidden layer.";

    public override IReadOnlyList<string> Formula => ["y = x / max(norm_p(x), eps)     norm_p(x) = sum(|x|^p) ^ (1 / p), along one dimension or several"];

    public override string Source => "torch.nn.functional.normalize; Schroff et al. 2015, arXiv:1503.03832";

    public override string Train => "divides by the input's own norm.";

    public override OtherNames Elsewhere => new("functional.normalize", "UnitNormalization (p = 2)", "-", "LpNormalization: p 1 or 2, no eps, norm 0 gives 0");

    public override IReadOnlyList<OptionEntry> Options => [new("--p", "2"), new("--dim", "1"), new("--eps", "1e-12")];

    public override nint[] Example => [4096, 512];

    /// <summary>Whether its norm may go along several dimensions.</summary>
    public virtual bool TakesDims => true;

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings) => [new(What, Along(shape, settings))];

    protected virtual string What => "norm";

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("norm at p = 2", 2), ("x * (1 / norm)", 1)],
            [("sum of dy * x", 2), ("dx", 3)]);

    protected Axis[] Along(nint[] shape, LayerSettings settings)
    {
        int[] dims = DimsOf(settings), counted = [.. dims.Select(dim => dim < 0 ? dim + shape.Length : dim)];
        int wrong = Array.FindIndex(counted, dim => dim < 0 || dim >= shape.Length);
        if (wrong >= 0)
            throw Misfit(shape, $"it has no dimension {dims[wrong]}; give --dim from {-shape.Length} to {shape.Length - 1}.");
        return counted.Distinct().Count() == counted.Length
            ? [.. shape.Select((length, d) => new Axis($"d{d}", length, counted.Contains(d) ? AxisRole.Shared : AxisRole.Separate))]
            : throw Misfit(shape, $"--dim {string.Join(',', dims)} names a dimension twice.");
    }

    private static int[] DimsOf(LayerSettings settings) => settings.Dims ?? [settings.Dim ?? 1];

    public override LayerRun<T> Create<T>(LayerPlan plan) =>
        new NormLayerRun<T>(new LpNormalize<T>(plan.Settings.P ?? 2, DimsOf(plan.Settings), plan.Settings.Eps ?? 1e-12));
}
