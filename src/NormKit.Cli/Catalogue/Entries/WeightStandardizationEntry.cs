namespace NormKit.Cli.Catalogue;

/// <summary>Weight standardization.</summary>
internal sealed class WeightStandardizationEntry : WeightEntry
{
    public override string Name => "weight-standardization";

    public override string Shares => "the weights of an output channel";

    public override string When => "convolutions beside group norm";

    public override string Choose =>
        "the weights of convolutions followed by group norm: trained with 1 image per GPU the two match or beat batch norm trained with large batches (Qiao et al. "
        + "2019).";

    public override IReadOnlyList<string> Formula => ["w = (W - mean) / sqrt(var + eps) [* gain[o]]     mean and biased variance of an output channel"];

    public override string Source => "Qiao et al. 2019, arXiv:1903.10520";

    public override string Train => "makes the weight w of W.";

    public override OtherNames Elsewhere => new("timm StdConv2d");

    public override IReadOnlyList<ParameterEntry> Parameters =>
        [new("weight", "(O)", "1", (shape, settings) => [shape[DimOf(shape, settings)]], IsOptional: true)];

    public override IReadOnlyList<OptionEntry> Options => [new("--dim", "0"), new("--eps", "1e-6")];

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        int dim = DimOf(shape, settings);
        if (shape[dim] == 0)
            throw Misfit(shape, "it needs at least one output channel.");
        return [new("mean and variance", Axes(shape, d => d == dim ? AxisRole.Separate : AxisRole.Shared))];
    }

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("mean", 1), ("variance", 3), ("(W - mean) * invStd", 2)],
            [("the two means of dw", 4), ("dW", 4)]);

    public override LayerRun<T> Create<T>(LayerPlan plan)
    {
        int dim = DimOf(plan.Shape, plan.Settings);
        return Run(new WeightStandardization<T>(checked((int)plan.Shape[dim]), dim, plan.Settings.Eps ?? 1e-6, gain: plan.Has("weight")), plan);
    }
}
