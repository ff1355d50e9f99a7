using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Batch norm that splits a training batch, in order, into equal parts with statistics of their own.</summary>
/// <remarks><code>y = (x - mean[part]) / sqrt(var[part] + eps) * weight[c] + bias[c]</code>
/// See <see cref="NormKit.GhostBatchNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class GhostBatchNorm : BatchNorm
{
    /// <summary>A layer with weight 1, bias 0, running mean 0 and running variance 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="numSplits">Into how many parts a training batch is split; must divide it.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics; null for the average over all batches.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public GhostBatchNorm(long numFeatures, long numSplits = 2, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null, ScalarType? dtype = null)
        : base(new GhostBatchNormOperator(Sizes.Count(nameof(GhostBatchNorm<>), nameof(numFeatures), numFeatures), Sizes.Count(nameof(GhostBatchNorm<>), nameof(numSplits), numSplits), eps, momentum, affine, trackRunningStats, RunningStatisticsPolicy.Propagate), device, dtype)
    {
    }

    /// <summary>Gets into how many parts a training batch is split.</summary>
    public long NumSplits => ((GhostBatchNormOperator)Operator).NumSplits;
}
