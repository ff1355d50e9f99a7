using System.Numerics;
using NormKit.Interop;

namespace NormKit;

/// <summary>Instance norm for an input of shape (N, C, D, H, W), or one sample (C, D, H, W).</summary>
/// <remarks><inheritdoc/></remarks>
/// <typeparam name="T">float or double.</typeparam>
public class InstanceNorm3d<T> : InstanceNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public InstanceNorm3d(int numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false)
        : base(nameof(InstanceNorm3d<>), numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected InstanceNorm3d(string name, int? numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats)
        : base(name, numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected override int UnbatchedRank => 4;

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        // A single sample has become a batch of one by now, so another rank than that fits neither form.
        if (shape.Length != 5)
            throw new ArgumentException($"{Name}: expected 4D or 5D input (got {shape.Length}D input).", "input");
        return base.Describe(shape);
    }
}
