namespace NormKit.Cli.Catalogue;

/// <summary>Cosine similarity.</summary>
internal sealed class CosineSimilarityEntry : LpNormalizeEntry
{
    public override string Name => "cosine-similarity";

    public override string Shares => "one dimension of both inputs";

    public override string Input => "two, broadcast to one shape";

    public override string When => "comparing embeddings";

    public override string Choose =>
        "comparing two embeddings by direction, one pair at a time; for many pairs normalize once with lp-normalize, then multiply. Its range is -1 to 1, whatever "
        + "the width.";

    public override IReadOnlyList<string> Formula => ["y = x1 . x2 / (max(norm(x1), eps) * max(norm(x2), eps))"];

    public override string Source => "torch.nn.CosineSimilarity";

    public override string Train => "divides by the inputs' own norms.";

    public override OtherNames Elsewhere => new("CosineSimilarity", "losses.cosine_similarity", "-", "-");

    public override IReadOnlyList<OptionEntry> Options => [new("--dim", "1"), new("--eps", "1e-8")];

    public override IReadOnlyList<string> OtherInputNames => ["x2"];

    public override bool TakesDims => false;

    public override bool BroadcastsInputs => true;

    /// <summary>Any shape that broadcasts, which has been checked before.</summary>
    public override bool Fits(nint[] other, nint[] needed) => true;

    public override LayerRun<T> Create<T>(LayerPlan plan) => new CosineRun<T>(new CosineSimilarity(plan.Settings.Dim ?? 1, plan.Settings.Eps ?? 1e-8));

    public override IReadOnlyList<(string Name, nint[] Shape)> OtherInputs(nint[] shape, LayerSettings settings) => [("x2", shape)];

    public override nint[] OutputShape(nint[] shape, LayerSettings settings)
    {
        Axis[] axes = Along(shape, settings);
        return [.. axes.Where(axis => axis.Role != AxisRole.Shared).Select(axis => axis.Length)];
    }

    protected override string What => "similarity";

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("the dot product", 2), ("norm of x1", 2), ("of x2", 2)],
            [("dx1", 3), ("dx2", 3)]);
}
