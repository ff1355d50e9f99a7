using System.Numerics;

namespace NormKit;

/// <summary>InstanceNorm that takes the number of channels from its first input, of any rank, or from the state that is loaded into it.</summary>
/// <remarks>Until then <see cref="RunningNormLayer{T}.NumFeatures"/> is 0, and weight, bias and running statistics are null. A refused input leaves it so.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class LazyInstanceNorm<T> : InstanceNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer without channels yet.</summary>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics; null: see <see cref="InstanceNorm{T}"/>.</param>
    /// <param name="affine">Whether there will be a weight and a bias.</param>
    /// <param name="trackRunningStats">Whether running statistics will be kept.</param>
    /// <exception cref="ArgumentOutOfRangeException">eps is negative or not finite, or momentum is outside 0 to 1.</exception>
    public LazyInstanceNorm(double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false)
        : base(nameof(LazyInstanceNorm<>), null, eps, momentum, affine, trackRunningStats)
    {
    }
}
