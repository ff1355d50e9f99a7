namespace NormKit.Cli.Catalogue;

/// <summary>Layer norm.</summary>
internal sealed class LayerNormEntry : TrailingEntry
{
    public override string Name => "layer-norm";

    public override string Shares => "the trailing dimensions of a sample";

    public override string When => "transformers, recurrent networks";

    public override string Choose =>
        "sequences, recurrent networks and transformers: any batch size, the same in training and afterwards. Order-embeddings reach their best model in 60 % "
        + "of the baseline's time; for convolutional networks its authors, too, found batch norm better (Ba et al. 2016). Over the channels alone (--axes 1 "
        + "for (N, C, H, W)) it is ConvNeXt's norm.";

    public override IReadOnlyList<string> Formula => ["y = (x - mean) / sqrt(var + eps) * weight + bias", "var is divided by the number of elements normalized over"];

    public override string Source => "Ba, Kiros, Hinton 2016, arXiv:1607.06450";

    public override OtherNames Elsewhere => new(
        "LayerNorm", "LayerNormalization: axis may be a list, eps 1e-3", "LayerNorm: eps 1e-6",
        "LayerNormalization; with a residual SkipLayerNormalization: eps 1e-12");

    public override IReadOnlyList<ParameterEntry> Parameters => [Elementwise("weight", "1"), Elementwise("bias", "0")];

    public override IReadOnlyList<OptionEntry> Options =>
        [new("--normalized-shape", "all but the first"), new("--axes", "those"), new("--groups", "1, of the last dimension"), new("--eps", "1e-5"), new("--unit-offset", "off"), new("--activation", "none")];

    public override bool TakesMask => true;

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("mean", 1), ("variance", 3), ("(x - mean) * invStd", 2), ("weight and bias", 2)],
            [("dy * weight", 1), ("its two means", 4), ("dx", 4), ("weight's gradient", 3), ("bias's", 1)]);

    public override bool TakesChannelsLast => true;

    public override bool TakesResidual => true;

    public override LayerRun<T> Create<T>(LayerPlan plan)
    {
        (nint[] lengths, int[] axes) = Over(plan);
        return Rows(
            plan, new LayerNorm<T>(lengths, axes, plan.Settings.Eps ?? 1e-5, plan.IsAffine || plan.Settings.UnitOffset, plan.Has("bias"), plan.Settings.UnitOffset)
            {
                NumGroups = plan.Settings.Groups ?? 1,
            });
    }
}
