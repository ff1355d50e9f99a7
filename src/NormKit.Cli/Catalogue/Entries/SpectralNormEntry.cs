namespace NormKit.Cli.Catalogue;

/// <summary>Spectral norm.</summary>
internal sealed class SpectralNormEntry : WeightEntry
{
    public override string Name => "spectral-norm";

    public override string Shares => "the whole weight, as a matrix";

    public override string When => "discriminators of GANs";

    public override string Choose =>
        "the discriminator of a generative adversarial network, to bound how steep it is. CIFAR-10, ResNet, inception score 8.22, FID 21.7 (Miyato et al. 2018).";

    public override IReadOnlyList<string> Formula =>
    [
        "w = W / sigma     sigma = u . (W v), W taken as a matrix (O, I * ...)",
        "a step of power iteration: v = W^T u / norm(W^T u), u = W v / norm(W v)",
    ];

    public override string Source => "Miyato et al. 2018, arXiv:1802.05957";

    public override string Train => "takes a step of power iteration, then divides by sigma; 15 steps when it is made.";

    public override string Eval => "divides by sigma; u and v stay.";

    public override OtherNames Elsewhere => new("nn.utils.parametrizations.spectral_norm", "SpectralNormalization", "SpectralNorm");

    public override IReadOnlyList<ParameterEntry> Parameters =>
    [
        new("weight", "(O, ...)", "the weight", (shape, _) => shape, IsInput: true),
        new("u", "(O)", "random", (shape, settings) => [shape[DimOf(shape, settings)]], IsTrained: false)
        {
            Key = "parametrizations.weight.0._u",
            OtherKeys = ["weight_u"],
            Broadcasts = false,
        },
        new("v", "(I * ...)", "random", (shape, settings) => [Rest(shape, DimOf(shape, settings))], IsTrained: false)
        {
            Key = "parametrizations.weight.0._v",
            OtherKeys = ["weight_v"],
            Broadcasts = false,
        },
    ];

    public override IReadOnlyList<OptionEntry> Options => [new("--dim", "0"), new("--iterations", "1"), new("--eps", "1e-12")];

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        DimOf(shape, settings);
        return [new("largest singular value", Axes(shape, _ => AxisRole.Shared))];
    }

    public override bool HasModes => true;

    public override Work Work(nint[] shape, LayerSettings settings) => new(
            [("W^T u of one step", 2), ("W v", 2), ("division", 1)],
            [("sum of dw * w", 2), ("dW", 3)]);

    private static nint Rest(nint[] shape, int dim) => shape.Where((_, d) => d != dim).Aggregate((nint)1, (product, length) => product * length);

    public override LayerRun<T> Create<T>(LayerPlan plan) => new SpectralNormRun<T>(
        plan.Settings.Iterations ?? 1, plan.Settings.Eps ?? 1e-12, DimOf(plan.Shape, plan.Settings),
        plan.Has("u") ? Parameters[1].Shape(plan.Shape, plan.Settings) : null, plan.Has("v") ? Parameters[2].Shape(plan.Shape, plan.Settings) : null);
}
