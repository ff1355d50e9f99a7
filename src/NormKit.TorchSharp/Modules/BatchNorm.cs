using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Normalizes each channel over the batch and all positions, for an input of any rank from 2 up.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // var is biased: divided by N * positions
/// running = (1 - momentum) * running + momentum * batch         // with the unbiased variance, divided by N * positions - 1</code>
/// See <see cref="NormKit.BatchNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public class BatchNorm : RunningNormModule
{
    /// <summary>A layer with weight 1, bias 0, running mean 0 and running variance 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics; null for the average over all batches.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and running statistics; torch's default unless given.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, eps is negative or not finite, or momentum is outside 0 to 1.</exception>
    public BatchNorm(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null,
        ScalarType? dtype = null)
        : this(nameof(BatchNorm<>), 0, numFeatures, eps, momentum, affine, trackRunningStats, device, dtype)
    {
    }

    private protected BatchNorm(
        string name, int ranks, long numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, ScalarType? dtype,
        bool isLazy = false)
        : this(
            new BatchNormOperator(
                name, ranks, Sizes.Count(name, nameof(numFeatures), numFeatures), eps, momentum, affine, trackRunningStats, RunningStatisticsPolicy.Propagate),
            device, dtype, isLazy)
    {
    }

    private protected BatchNorm(BatchNormOperator op, Device? device, ScalarType? dtype, bool isLazy = false)
        : base(op, device, dtype, isLazy)
    {
    }
}
