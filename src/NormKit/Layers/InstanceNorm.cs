using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Normalizes each channel of each sample over its positions, for a batch of any rank from 3 up: removes contrast, as style transfer needs.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // var is biased: divided by the number of positions</code>
/// Input and output: (N, C, *); weight, bias and running statistics: (C). Where running statistics are tracked they take the mean over the samples
/// of each batch, and normalize in evaluation mode. As in PyTorch a momentum of null never moves them, and batches are not counted.
/// Source: Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public class InstanceNorm<T> : RunningNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer without weight, bias and running statistics, unless they are asked for.</summary>
    /// <param name="numFeatures">How many channels an input has; not checked where the layer holds nothing of each channel, as in PyTorch.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics; null for 0.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, eps is negative or not finite, or momentum is outside 0 to 1.</exception>
    public InstanceNorm(int numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false)
        : this(nameof(InstanceNorm<>), numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected InstanceNorm(string name, int? numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats)
        : base(name, numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        if (Weight is not null || TrackRunningStats)
            RequireChannels(shape);
        Grouping grouping = Groupings.Instance(Name, shape, UsesInputStatistics);
        return DescribeRunning(grouping, Momentum ?? 0);
    }

    private protected override bool Fits(in NormSpec<T> saved, ReadOnlySpan<nint> shape) =>
        saved.Grouping.Sharing == Sharing.Group && (saved.Grouping.C == NumFeatures || (Weight is null && !TrackRunningStats));
}
