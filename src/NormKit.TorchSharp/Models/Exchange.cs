using TorchSharp.Modules;

namespace NormKit.TorchSharp.Models;

/// <summary>Which module of NormKit's takes the place of which of torch's.</summary>
internal static class Exchange
{
    /// <summary>NormKit's module with the state of torch's, which it shares; null where torch's is no norm.</summary>
    /// <exception cref="NotSupportedException">It is a norm that NormKit has no module for.</exception>
    public static NormModule? For(torch.nn.Module module)
    {
        NormModule? own = module switch
        {
            global::TorchSharp.Modules.BatchNorm1d n => new BatchNorm1d(n.num_features, n.eps, Momentum(n), n.affine, n.track_running_stats),
            global::TorchSharp.Modules.BatchNorm2d n => new BatchNorm2d(n.num_features, n.eps, Momentum(n), n.affine, n.track_running_stats),
            global::TorchSharp.Modules.BatchNorm3d n => new BatchNorm3d(n.num_features, n.eps, Momentum(n), n.affine, n.track_running_stats),
            global::TorchSharp.Modules.InstanceNorm1d n => new InstanceNorm1d(n.num_features, n.eps, Momentum(n), n.affine, n.track_running_stats),
            global::TorchSharp.Modules.InstanceNorm2d n => new InstanceNorm2d(n.num_features, n.eps, Momentum(n), n.affine, n.track_running_stats),
            global::TorchSharp.Modules.InstanceNorm3d n => new InstanceNorm3d(n.num_features, n.eps, Momentum(n), n.affine, n.track_running_stats),
            global::TorchSharp.Modules.LayerNorm n => new LayerNorm(n.normalized_shape, n.eps, n.elementwise_affine, n.bias is not null),
            global::TorchSharp.Modules.GroupNorm n => Group(n),
            global::TorchSharp.Modules.LocalResponseNorm n => new LocalResponseNorm(n.size, n.alpha, n.beta, n.k),
            NormBase => throw new NotSupportedException($"{module.GetType().Name} is derived from torch's norms, and may do otherwise than they do"),
            _ => null,
        };
        own?.Adopt(module);
        return own;
    }

    private static double? Momentum(NormBase norm) => norm.momentum;

    private static GroupNorm Group(global::TorchSharp.Modules.GroupNorm norm) => norm.weight is { } weight
        ? new(norm.num_groups, weight.size(0), norm.eps)
        : throw new NotSupportedException("a GroupNorm without weights does not say how many channels it has");
}
