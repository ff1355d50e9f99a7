namespace NormKit.Cli.Catalogue;

/// <summary>Local response norm.</summary>
internal sealed class LocalResponseNormEntry : ChannelEntry
{
    public override string Name => "local-response-norm";

    public override string Shares => "neighbouring channels at a position";

    public override string When => "networks of 2012 to 2014 (AlexNet)";

    public override string Choose =>
        "running or continuing networks of its time: AlexNet's ImageNet error fell by 1.4 % (top 1) and 1.2 % (top 5) with it (Krizhevsky et al. 2012). New "
        + "networks use batch or group norm.";

    public override IReadOnlyList<string> Formula =>
    [
        "y = x / (k + alpha / size * sum(x^2 over the window)) ^ beta",
        "window: channels c - size / 2 to c + (size - 1) / 2, rounded down",
        "--window onnx: its mirror image, another one where size is even",
    ];

    public override string Source => "Krizhevsky, Sutskever, Hinton 2012, NIPS 25";

    public override OtherNames Elsewhere => new("LocalResponseNorm (not CrossMapLRN2d)", "- (TensorFlow: tf.nn.lrn, depth_radius, alpha not divided)", "-", "LRN");

    public override IReadOnlyList<OptionEntry> Options =>
        [new("--size", null), new("--alpha", "1e-4"), new("--beta", "0.75"), new("--k", "1"), new("--window", "pytorch")];

    protected override (int Least, int Most) Ranks => (3, int.MaxValue);

    public override Work Work(nint[] shape, LayerSettings settings)
    {
        int size = SizeOf(settings);
        return new(
            [("square", 1), ("window", size - 1), ("alpha / size and k", 2), ("power", 1), ("division", 1)],
            [("the forward's power again", 1), ("dy * y / base", 3), ("window", size - 1), ("dx", 5)]);
    }

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        RequireRank(shape);
        return [new("mean of squares", Axes(shape, AxisRole.Separate, AxisRole.Window, SizeOf(settings), AxisRole.Separate))];
    }

    private int SizeOf(LayerSettings settings) =>
        settings.Size ?? throw new UsageException($"{Name} needs --size S.");

    public override LayerRun<T> Create<T>(LayerPlan plan) => new NormLayerRun<T>(new LocalResponseNorm<T>(
        SizeOf(plan.Settings), plan.Settings.Alpha ?? 1e-4, plan.Settings.Beta ?? 0.75, plan.Settings.K ?? 1,
        plan.Settings.OnnxWindow ? LrnWindow.OnnxLrn : LrnWindow.PyTorch));
}
