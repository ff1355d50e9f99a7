using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Normalizes each channel over the batch and all positions, for an input of any rank from 2 up.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // var is biased: divided by N * positions
/// running = (1 - momentum) * running + momentum * batch         // with the unbiased variance, divided by N * positions - 1</code>
/// Input and output: (N, C, *); weight, bias and running statistics: (C). In evaluation mode the running statistics normalize; a layer that does
/// not track them uses the batch's there too. With a momentum of null they are the plain average over all batches so far.
/// Source: Ioffe, Szegedy 2015, arXiv:1502.03167.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public partial class BatchNorm<T> : RunningNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer with weight 1, bias 0, running mean 0 and running variance 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics; null for the average over all batches.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, eps is negative or not finite, or momentum is outside 0 to 1.</exception>
    public BatchNorm(int numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true)
        : this(nameof(BatchNorm<>), numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected BatchNorm(string name, int? numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats)
        : base(name, numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected double MomentumOfThisBatch => Momentum ?? 1.0 / (NumBatchesTracked + 1);

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        RequireChannels(shape);
        Grouping grouping = Groupings.Batch(Name, shape, UsesInputStatistics);
        return DescribeRunning(grouping, MomentumOfThisBatch);
    }

    private protected override void Finished(bool taken)
    {
        base.Finished(taken);
        if (Training && TrackRunningStats && taken)
            NumBatchesTracked++;
    }

    private protected override bool Fits(in NormSpec<T> saved, ReadOnlySpan<nint> shape) =>
        saved.Grouping.Sharing == Sharing.Batch && saved.Grouping.C == NumFeatures;
}
