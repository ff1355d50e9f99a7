using NormKit.TorchSharp.Passes;

namespace NormKit.TorchSharp.Tests;

/// <summary>One module, inputs that it takes, and torch's own layer or operators where there are any.</summary>
/// <param name="Name">Its name in the test's output.</param>
/// <param name="Create">The module, with parameters of this type.</param>
/// <param name="Shape">The shape of its input.</param>
/// <param name="Torch">torch's own operator on the input and the module's own tensors, or null.</param>
public sealed record ModuleCase(
    string Name, Func<ScalarType, NormModule> Create, long[] Shape, Func<Tensor, IReadOnlyDictionary<string, Tensor>, bool, Tensor>? Torch = null)
{
    public override string ToString() => Name;

    /// <summary>All modules with one input; sizes pairwise distinct, weights random.</summary>
    public static IReadOnlyList<ModuleCase> All { get; } =
    [
        new("BatchNorm1d 2D", type => new BatchNorm1d(5, dtype: type), [7, 5], Batch(1e-5)),
        new("BatchNorm1d", type => new BatchNorm1d(5, dtype: type), [7, 5, 11], Batch(1e-5)),
        new("BatchNorm2d", type => new BatchNorm2d(5, eps: 1e-3, dtype: type), [3, 5, 4, 7], Batch(1e-3)),
        new("BatchNorm3d", type => new BatchNorm3d(5, dtype: type), [3, 5, 2, 4, 7], Batch(1e-5)),
        new("BatchNorm", type => new BatchNorm(5, dtype: type), [3, 5, 2, 3, 2, 7], Batch(1e-5)),
        new("BatchNorm2d no affine", type => new BatchNorm2d(5, affine: false, dtype: type), [3, 5, 4, 7], Batch(1e-5)),
        new("BatchNorm2d no tracking", type => new BatchNorm2d(5, trackRunningStats: false, dtype: type), [3, 5, 4, 7], Batch(1e-5)),
        new("BatchNorm2d cumulative", type => new BatchNorm2d(5, momentum: null, dtype: type), [3, 5, 4, 7], Batch(1e-5)),
        new("GhostBatchNorm", type => new GhostBatchNorm(5, numSplits: 3, dtype: type), [6, 5, 4, 7]),
        new("BatchRenorm", type => new BatchRenorm(5, rMax: 1.5, dMax: 0.5, dtype: type), [3, 5, 4, 7]),
        new("FrozenBatchNorm", type => new FrozenBatchNorm(5, dtype: type), [3, 5, 4, 7], (x, s, _) => torch.nn.functional.batch_norm(x, s["running_mean"], s["running_var"], s["weight"], s["bias"], false, 0.1, 1e-5)),
        new("InstanceNorm1d", type => new InstanceNorm1d(5, affine: true, dtype: type), [3, 5, 11], Instance),
        new("InstanceNorm2d", type => new InstanceNorm2d(5, affine: true, dtype: type), [3, 5, 4, 7], Instance),
        new("InstanceNorm2d sample", type => new InstanceNorm2d(5, affine: true, dtype: type), [5, 4, 7], (x, s, t) => Instance(x.unsqueeze(0), s, t).squeeze(0)),
        new("InstanceNorm2d plain", type => new InstanceNorm2d(5, dtype: type), [3, 5, 4, 7], Instance),
        new("InstanceNorm2d tracking", type => new InstanceNorm2d(5, affine: true, trackRunningStats: true, dtype: type), [3, 5, 4, 7], Instance),
        new("InstanceNorm3d", type => new InstanceNorm3d(5, affine: true, dtype: type), [3, 5, 2, 4, 7], Instance),
        new("InstanceNorm", type => new InstanceNorm(5, affine: true, dtype: type), [3, 5, 2, 3, 2, 7], Instance),
        new("GroupNorm", type => new GroupNorm(3, 12, dtype: type), [2, 12, 5, 7], (x, s, _) => torch.nn.functional.group_norm(x, 3, s["weight"], s["bias"], 1e-5)),
        new("GroupNorm 2D", type => new GroupNorm(3, 12, dtype: type), [4, 12]),
        new("GroupNorm no affine", type => new GroupNorm(4, 12, affine: false, dtype: type), [2, 12, 5], (x, _, _) => torch.nn.functional.group_norm(x, 4, null, null, 1e-5)),
        new("LayerNorm", type => new LayerNorm(13, dtype: type), [4, 3, 13], (x, s, _) => torch.nn.functional.layer_norm(x, [13], s["weight"], s["bias"], 1e-5)),
        new("LayerNorm 2", type => new LayerNorm([3, 13], eps: 1e-3, dtype: type), [4, 3, 13], (x, s, _) => torch.nn.functional.layer_norm(x, [3, 13], s["weight"], s["bias"], 1e-3)),
        new("LayerNorm no bias", type => new LayerNorm(13, bias: false, dtype: type), [4, 3, 13], (x, s, _) => torch.nn.functional.layer_norm(x, [13], s["weight"], null, 1e-5)),
        new("LayerNorm no affine", type => new LayerNorm(13, elementwiseAffine: false, dtype: type), [4, 3, 13], (x, _, _) => torch.nn.functional.layer_norm(x, [13], null, null, 1e-5)),
        new("LayerNorm axis 1", type => new LayerNorm([12], axes: [1], dtype: type), [2, 12, 5, 7], (x, s, _) => torch.nn.functional.layer_norm(x.permute(0, 2, 3, 1), [12], s["weight"], s["bias"], 1e-5).permute(0, 3, 1, 2)),
        new("LayerNorm axes 0 and 2", type => new LayerNorm([4, 13], axes: [0, 2], dtype: type), [4, 3, 13]),
        new("LayerNorm unit offset", type => new LayerNorm([13], unitOffset: true, dtype: type), [4, 3, 13], (x, s, _) => torch.nn.functional.layer_norm(x, [13], 1 + s["weight"], s["bias"], 1e-5)),
        new("RMSNorm", type => new RMSNorm(13, dtype: type), [4, 3, 13], (x, s, _) => x * (x.square().mean([-1L], keepdim: true) + (x.dtype == ScalarType.Float64 ? Math.Pow(2, -52) : Math.Pow(2, -23))).rsqrt() * s["weight"]),
        new("RMSNorm 2", type => new RMSNorm([3, 13], eps: 1e-3, dtype: type), [4, 3, 13], (x, s, _) => x * (x.square().mean([-1L, -2L], keepdim: true) + 1e-3).rsqrt() * s["weight"]),
        new("RMSNorm no affine", type => new RMSNorm(13, eps: 1e-5, elementwiseAffine: false, dtype: type), [4, 3, 13], (x, _, _) => x * (x.square().mean([-1L], keepdim: true) + 1e-5).rsqrt()),
        new("ScaleNorm", type => new ScaleNorm(13, dtype: type), [4, 3, 13], (x, s, _) => s["weight"] * torch.nn.functional.normalize(x, 2, -1, 1e-5)),
        new("QueryKeyNorm", type => new QueryKeyNorm(3, 13, dtype: type), [2, 3, 5, 13]),
        new("DynamicTanh", type => new DynamicTanh([13], dtype: type), [4, 3, 13], (x, s, _) => s["weight"] * torch.tanh(s["alpha"] * x) + s["bias"]),
        new("SwitchableNorm", type => new SwitchableNorm(5, dtype: type), [3, 5, 4, 7]),
        new("FilterResponseNorm", type => new FilterResponseNorm(5, dtype: type), [3, 5, 4, 7]),
        new("FilterResponseNorm no threshold", type => new FilterResponseNorm(5, threshold: false, dtype: type), [3, 5, 4, 7]),
        new("GlobalResponseNorm", type => new GlobalResponseNorm(5, dtype: type), [3, 5, 4, 7]),
        new("EvoNormS0", type => new EvoNormS0(12, groups: 3, dtype: type), [2, 12, 5, 7]),
        new("EvoNormB0", type => new EvoNormB0(5, dtype: type), [3, 5, 4, 7]),
        new("LocalResponseNorm", _ => new LocalResponseNorm(5, alpha: 0.5), [2, 12, 5, 7], (x, _, _) => torch.nn.functional.local_response_norm(x, 5, 0.5, 0.75, 1)),
        new("LocalResponseNorm even", _ => new LocalResponseNorm(4, alpha: 0.5, k: 2), [2, 12, 5], (x, _, _) => torch.nn.functional.local_response_norm(x, 4, 0.5, 0.75, 2)),
        new("LocalResponseNorm ONNX", _ => new LocalResponseNorm(4, alpha: 0.5, k: 2, window: LrnWindow.OnnxLrn), [2, 12, 5], (x, _, _) => torch.nn.functional.local_response_norm(x.flip(1), 4, 0.5, 0.75, 2).flip(1)),
        new("LocalResponseNorm wide", _ => new LocalResponseNorm(9, alpha: 0.5), [2, 3, 5], (x, _, _) => torch.nn.functional.local_response_norm(x, 9, 0.5, 0.75, 1)),
        new("LpNormalize", _ => new LpNormalize(), [4, 13, 3], (x, _, _) => torch.nn.functional.normalize(x, 2, 1, 1e-12)),
        new("LpNormalize 1", _ => new LpNormalize(p: 1, dim: -1), [4, 3, 13], (x, _, _) => x / x.abs().sum(-1, keepdim: true)),
        new("LpNormalize 3", _ => new LpNormalize(p: 3, dim: 0), [4, 3, 13], (x, _, _) => x / x.abs().pow(3).sum(0, keepdim: true).pow(1 / 3.0)),
        new("LpNormalize infinity", _ => new LpNormalize(p: double.PositiveInfinity, dim: -1), [4, 3, 13], (x, _, _) => x / x.abs().amax([-1], keepdim: true)),
        new("WeightStandardization", type => new WeightStandardization(5, gain: true, dtype: type), [5, 3, 4, 7]),
        new("WeightStandardization transposed", type => new WeightStandardization(5, dim: 1, dtype: type), [3, 5, 4, 7]),
    ];

    public static TheoryData<string> Names => [.. All.Select(c => c.Name)];

    public static ModuleCase Of(string name) => All.Single(c => c.Name == name);

    /// <summary>The module with random parameters and running statistics.</summary>
    public NormModule Random(ScalarType type)
    {
        NormModule module = Create(type);
        using IDisposable quiet = torch.no_grad();
        foreach ((string name, Tensor tensor) in module.state_dict())
        {
            if (name == "num_batches_tracked")
                continue;
            bool positive = name.EndsWith("var", StringComparison.Ordinal);
            tensor.copy_(positive ? torch.rand(tensor.shape) + 0.5 : torch.randn(tensor.shape) * 0.5 + (name == "weight" ? 1 : 0));
        }
        return module;
    }

    /// <summary>Runs something with formulas composed of torch's operators on the CPU too.</summary>
    public static T Composed<T>(Func<T> call)
    {
        Layers.ComposeAlways = true;
        try
        {
            return call();
        }
        finally
        {
            Layers.ComposeAlways = false;
        }
    }

    private static Func<Tensor, IReadOnlyDictionary<string, Tensor>, bool, Tensor> Batch(double eps) => (x, s, training) => torch.nn.functional.batch_norm(
        x, s.GetValueOrDefault("running_mean")?.clone(), s.GetValueOrDefault("running_var")?.clone(), s.GetValueOrDefault("weight"), s.GetValueOrDefault("bias"),
        training || !s.ContainsKey("running_mean"), 0.1, eps);

    private static Tensor Instance(Tensor x, IReadOnlyDictionary<string, Tensor> s, bool training) => torch.nn.functional.instance_norm(
        x, s.GetValueOrDefault("running_mean")?.clone(), s.GetValueOrDefault("running_var")?.clone(), s.GetValueOrDefault("weight"), s.GetValueOrDefault("bias"),
        training || !s.ContainsKey("running_mean"), 0.1, 1e-5);
}
