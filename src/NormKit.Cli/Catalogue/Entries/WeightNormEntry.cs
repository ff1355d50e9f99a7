namespace NormKit.Cli.Catalogue;

/// <summary>Weight norm.</summary>
internal sealed class WeightNormEntry : WeightEntry
{
    public override string Name => "weight-norm";

    public override string Shares => "the weights of an output channel";

    public override string When => "recurrent nets, audio, generators";

    public override string Choose =>
        "weights whose length and direction should train apart: recurrent networks, audio models, reinforcement learning, where a norm of activations is in the way. "
        + "With mean-only batch norm CIFAR-10's error was 7.31 % (Salimans, Kingma 2016).";

    public override IReadOnlyList<string> Formula => ["w = g * v / norm(v)     the norm over all dimensions but dim; with --dim none over all"];

    public override string Source => "Salimans, Kingma 2016, arXiv:1602.07868";

    public override string Train => "makes the weight w of g and v.";

    public override OtherNames Elsewhere => new("nn.utils.parametrizations.weight_norm", "-", "WeightNorm");

    public override IReadOnlyList<ParameterEntry> Parameters =>
    [
        new("g", "(O, 1, ...)", "norm(v)", (shape, settings) =>
            settings.WholeTensor ? [1] : [.. shape.Select((length, d) => d == DimOf(shape, settings) ? length : 1)])
        {
            Key = "parametrizations.weight.original0",
            OtherKeys = ["weight_g"],
        },
        new("v", "(O, ...)", "the weight", (shape, _) => shape, IsInput: true),
    ];

    public override IReadOnlyList<OptionEntry> Options => [new("--dim", "0")];

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        int dim = settings.WholeTensor ? -1 : DimOf(shape, settings);
        return [new("norm", Axes(shape, d => d == dim ? AxisRole.Separate : AxisRole.Shared))];
    }

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("norm", 2), ("v * (g / norm)", 1)],
            [("sum of dw * v, and g's gradient from it", 2), ("dv", 3)]);

    public override LayerRun<T> Create<T>(LayerPlan plan)
    {
        nint[] magnitude = Parameters[0].Shape(plan.Shape, plan.Settings);
        return new WeightNormRun<T>(plan.Settings.WholeTensor ? null : DimOf(plan.Shape, plan.Settings), plan.Has("g") ? magnitude : null);
    }
}
