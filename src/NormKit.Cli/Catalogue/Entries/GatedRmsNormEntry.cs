using System.Numerics;

namespace NormKit.Cli.Catalogue;

/// <summary>Root mean square norm with a gate.</summary>
internal sealed class GatedRmsNormEntry : TrailingEntry
{
    public override string Name => "gated-rms-norm";

    public override string Shares => "the last dimension, or a group of it";

    public override string Input => "(*, D), and a gate";

    public override string When => "state space and linear attention";

    public override string Choose =>
        "the output of a state space layer or of linear attention, which a second branch gates: Mamba2 and Zamba2 gate before the norm, Qwen3-Next behind it. "
        + "Groups let each device of a tensor-parallel model normalize its own part, without an exchange (Dao, Gu 2024). The keys of a model do not tell where its gate "
        + "is: look at its reference code.";

    public override IReadOnlyList<string> Formula =>
    [
        "y = x / sqrt(mean(x^2) + eps) * weight * silu(gate)     silu(g) = g * sigmoid(g)",
        "with --gate-first: y = h / sqrt(mean(h^2) + eps) * weight, h = x * silu(gate)",
    ];

    public override string Source => "Dao, Gu 2024, arXiv:2405.21060 (Mamba2); Zhang, Sennrich 2019, arXiv:1910.07467";

    public override string Train => "normalizes by the input's own root mean square.";

    public override OtherNames Elsewhere => new("mamba_ssm RMSNormGated; Zamba2RMSNormGated, Qwen3NextRMSNormGated in Transformers");

    public override nint[] Example => [8, 512, 1024];

    public override IReadOnlyList<ParameterEntry> Parameters => [Elementwise("weight", "1")];

    public override IReadOnlyList<OptionEntry> Options =>
    [
        new("--gate-first", "off"), new("--groups", "1"), new("--normalized-shape", "the last dimension"), new("--eps", "1e-5"), new("--round-before-weight", "off"),
    ];

    public override IReadOnlyList<string> OtherInputNames => [LayerJob.Gate];

    public override IReadOnlyList<(string Name, nint[] Shape)> OtherInputs(nint[] shape, LayerSettings settings) => [(LayerJob.Gate, shape)];

    protected override int DefaultTrailing(nint[] shape) => 1;

    protected override string What => "root mean square";

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("silu(gate)", 4), ("times it", 1), ("mean of squares", 2), ("x * invRms", 1), ("weight", 1)],
            [("silu and its slope", 8), ("dy * weight", 1), ("its mean with x", 2), ("dx", 4), ("weight's gradient", 3), ("gate's", 3)]);

    public override LayerRun<T> Create<T>(LayerPlan plan) => Gated<T>(plan, Over(plan).Lengths, plan.Settings.Eps ?? 1e-5);

    /// <summary>The layer, which rms-norm with a gate is too.</summary>
    public static GatedRun<T> Gated<T>(LayerPlan plan, nint[] lengths, double eps) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        new(new(lengths, eps, plan.Has("weight"))
        {
            NumGroups = plan.Settings.Groups ?? 1,
            GateFirst = plan.Settings.GateFirst,
            RoundBeforeWeight = plan.Settings.RoundBeforeWeight,
        });
}
