namespace NormKit.Cli.Catalogue;

/// <summary>Batch norm multiplied into the weights beside it.</summary>
internal sealed class BatchNormFoldingEntry : WeightEntry
{
    public override string Name => "batch-norm-folding";

    public override string Shares => "none: fixed statistics per channel";

    public override string When => "inference after batch norm";

    public override string Choose =>
        "inference: the convolution or linear layer before a batch norm takes it in, and the pass over memory that the norm was is gone. Integer inference folds so too "
        + "(Jacob et al. 2017). After folding the running statistics are fixed for good.";

    public override IReadOnlyList<string> Formula =>
    [
        "w' = w * weight[o] / sqrt(running_var[o] + eps)",
        "b' = (b - running_mean[o]) * weight[o] / sqrt(running_var[o] + eps) + bias[o]",
    ];

    public override string Source => "Ioffe, Szegedy 2015, arXiv:1502.03167; Jacob et al. 2017, arXiv:1712.05877";

    public override string Train => "not for training.";

    public override string Eval => "once, before the first use.";

    public override OtherNames Elsewhere => new("nn.utils.fusion.fuse_conv_bn_eval");

    public override IReadOnlyList<OptionEntry> Options => [];

    public override bool IsApplied => false;

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings) => [];

    public override string Page => "docs/choosing.md#inference-folding";

    public override Work Work(nint[] shape, LayerSettings settings) => new([("w * factor", 1)], []);
}
