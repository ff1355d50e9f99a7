using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Normalizes each channel of each sample over its positions, for a batch of any rank from 3 up.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // var is biased: divided by the number of positions</code>
/// See <see cref="NormKit.InstanceNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public class InstanceNorm : RunningNormModule
{
    /// <summary>A layer without weight, bias and running statistics, unless they are asked for.</summary>
    /// <param name="numFeatures">How many channels an input has; not checked where the layer holds nothing of each channel, as in PyTorch.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics; null for 0.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and running statistics; torch's default unless given.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, eps is negative or not finite, or momentum is outside 0 to 1.</exception>
    public InstanceNorm(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false, Device? device = null,
        ScalarType? dtype = null)
        : this(nameof(InstanceNorm<>), 0, numFeatures, eps, momentum, affine, trackRunningStats, device, dtype)
    {
    }

    private protected InstanceNorm(
        string name, int ranks, long numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, ScalarType? dtype,
        bool isLazy = false)
        : base(
            new InstanceNormOperator(
                name, ranks, Sizes.Count(name, nameof(numFeatures), numFeatures), eps, momentum, affine, trackRunningStats, RunningStatisticsPolicy.Propagate),
            device, dtype, isLazy)
    {
    }
}
