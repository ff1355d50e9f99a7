using System.Numerics;
using NormKit.Interop;

namespace NormKit;

/// <summary>Instance norm for an input of shape (N, C, L), or one sample (C, L).</summary>
/// <remarks><inheritdoc/></remarks>
/// <typeparam name="T">float or double.</typeparam>
public class InstanceNorm1d<T> : InstanceNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public InstanceNorm1d(int numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false)
        : base(nameof(InstanceNorm1d<>), numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected InstanceNorm1d(string name, int? numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats)
        : base(name, numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected override int UnbatchedRank => 2;

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        // A single sample has become a batch of one by now, so another rank than that fits neither form.
        if (shape.Length != 3)
            throw new ArgumentException($"{Name}: expected 2D or 3D input (got {shape.Length}D input).", "input");
        return base.Describe(shape);
    }
}
