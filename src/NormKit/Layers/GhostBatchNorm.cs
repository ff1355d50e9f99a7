using System.Numerics;
using NormKit.Interop;

namespace NormKit;

/// <summary>Batch norm that splits a large batch, in order, into equal parts which are normalized by statistics of their own, as small batches are.</summary>
/// <remarks>The formula is that of <see cref="BatchNorm{T}"/>, part by part, with one weight and bias. The running statistics move once a batch, by the
/// mean over the parts; in evaluation mode they normalize, and the batch is not split.
/// Source: Hoffer, Hubara, Soudry 2017, arXiv:1705.08741.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class GhostBatchNorm<T> : BatchNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer with weight 1, bias 0, running mean 0 and running variance 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="numSplits">Into how many parts a training batch is split; must divide it.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics; null for the average over all batches.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel or no part, eps is negative or not finite, or momentum is outside 0 to 1.</exception>
    public GhostBatchNorm(
        int numFeatures, int numSplits = 2, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true)
        : base(nameof(GhostBatchNorm<>), numFeatures, eps, momentum, affine, trackRunningStats)
    {
        RequireCount(numSplits);
        NumSplits = numSplits;
    }

    /// <summary>Into how many parts a training batch is split.</summary>
    public int NumSplits { get; }

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        if (!Training)
            return base.Describe(shape);
        RequireChannels(shape);
        return DescribeRunning(Groupings.Ghost(Name, shape, NumSplits), MomentumOfThisBatch);
    }

    // One part: in evaluation mode, where running statistics are used if there are any.
    private protected override bool Fits(in NormSpec<T> saved, ReadOnlySpan<nint> shape) =>
        base.Fits(saved, shape) && (saved.Grouping.Parts == NumSplits || (saved.Grouping.Parts == 1 && (saved.FixedStatistics || !TrackRunningStats)));
}
