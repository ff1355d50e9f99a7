using System.Numerics;
using NormKit.Interop;

namespace NormKit;

/// <summary>Instance norm for an input of shape (N, C, H, W), or one sample (C, H, W).</summary>
/// <remarks><inheritdoc/></remarks>
/// <typeparam name="T">float or double.</typeparam>
public class InstanceNorm2d<T> : InstanceNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public InstanceNorm2d(int numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false)
        : base(nameof(InstanceNorm2d<>), numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected InstanceNorm2d(string name, int? numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats)
        : base(name, numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected override int UnbatchedRank => 3;

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        // A single sample has become a batch of one by now, so another rank than that fits neither form.
        if (shape.Length != 4)
            throw new ArgumentException($"{Name}: expected 3D or 4D input (got {shape.Length}D input).", "input");
        return base.Describe(shape);
    }
}
