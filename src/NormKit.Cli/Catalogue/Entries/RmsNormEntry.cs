namespace NormKit.Cli.Catalogue;

/// <summary>Root mean square norm.</summary>
internal sealed class RmsNormEntry : TrailingEntry
{
    public override string Name => "rms-norm";

    public override string Shares => "the trailing dimensions of a sample";

    public override string When => "large language models";

    public override string Choose =>
        "transformers, large language models above all: as good as layer norm there, and cheaper, since it has no mean to take off. Transformer base, "
        + "translation: 26.8 / 27.7 BLEU in 6.9 % less time, layer norm 26.6 / 27.7 (Zhang, Sennrich 2019). Where rows have mean 0 it is layer norm.";

    public override IReadOnlyList<string> Formula => ["y = x / sqrt(mean(x^2) + eps) * weight"];

    public override string Source => "Zhang, Sennrich 2019, arXiv:1910.07467";

    public override string Train => "normalizes by the input's own root mean square.";

    public override OtherNames Elsewhere => new("RMSNorm", "RMSNormalization: eps 1e-6", "RMSNorm: eps 1e-6", "RMSNormalization: eps 1e-5");

    public override IReadOnlyList<ParameterEntry> Parameters => [Elementwise("weight", "1")];

    public override IReadOnlyList<OptionEntry> Options =>
    [
        new("--normalized-shape", "all but the first"), new("--axes", "those"), new("--groups", "1, of the last dimension"), new("--eps", "1.19e-7, in double 2.22e-16"),
        new("--unit-offset", "off"), new("--round-before-weight", "off"), new("--gate-first", "off"),
        new("--activation", "none"),
    ];

    protected override string What => "root mean square";

    public override Work Work(nint[] shape, LayerSettings settings) => RootMeanSquare(weight: true);

    public override bool TakesMask => true;

    public override bool TakesChannelsLast => true;

    public override bool TakesResidual => true;

    public override bool TakesGate => true;

    public override LayerRun<T> Create<T>(LayerPlan plan)
    {
        (nint[] lengths, int[] axes) = Over(plan);
        if (plan.HasGate)
            return GatedRmsNormEntry.Gated<T>(plan, lengths, plan.Settings.Eps ?? (typeof(T) == typeof(float) ? Math.ScaleB(1, -23) : Math.ScaleB(1, -52)));
        return Rows(plan, new RmsNorm<T>(lengths, axes, plan.Settings.Eps, plan.Has("weight") || plan.Settings.UnitOffset, plan.Settings.UnitOffset)
        {
            NumGroups = plan.Settings.Groups ?? 1,
            RoundBeforeWeight = plan.Settings.RoundBeforeWeight,
        });
    }
}
