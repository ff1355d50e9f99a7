using NormKit.TorchSharp.Passes;

namespace NormKit.TorchSharp.Models;

/// <summary>Mean and variance of each channel of a tensor, to be merged with those of other tensors.</summary>
internal static class ChannelMoments
{
    /// <summary>The moments of each channel of (N, C, *).</summary>
    public static Moments[] Of(Tensor x)
    {
        using global::TorchSharp.DisposeScope scope = torch.NewDisposeScope();
        using IDisposable quiet = torch.no_grad();
        int channels = checked((int)x.size(1));
        if (x.numel() == 0)
            return new Moments[channels];
        if (x.numel() == channels)
            return Array.ConvertAll(Doubles(x), value => new Moments(1, value, 0));
        Tensor host = x.detach().cpu();
        return host.dtype switch
        {
            ScalarType.Float64 => Of<double, double>(host, channels),
            ScalarType.Float32 => Of<float, float>(host, channels),
            ScalarType.BFloat16 => Of<float, BFloat16>(host, channels),
            _ => Of<float, Half>(host, channels),
        };
    }

    /// <summary>The moments of both together, channel by channel.</summary>
    public static void Add(ref Moments[]? total, Moments[] more)
    {
        if (total is null)
        {
            total = more;
            return;
        }
        for (int c = 0; c < more.Length; c++)
            total[c] = Moments.Combine(total[c], more[c]);
    }

    private static Moments[] Of<T, TInput>(Tensor x, int channels)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TInput : unmanaged
    {
        Tensor dense = TensorMemory.Dense(x), unused = torch.empty_like(dense);
        SavedStatistics saved = new();
        new BatchNorm<T>(channels, affine: false, trackRunningStats: false).Forward<TInput>(TensorMemory.Span<TInput>(dense), TensorMemory.Span<TInput>(unused), saved);
        GC.KeepAlive(unused);
        return saved.Moments.ToArray();
    }

    private static double[] Doubles(Tensor x) => x.detach().cpu().to(ScalarType.Float64).flatten().data<double>().ToArray();
}
