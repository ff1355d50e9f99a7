namespace NormKit.TorchSharp;

/// <summary>Instance norm for an input of shape (N, C, D, H, W), or one sample (C, D, H, W); torch.nn.InstanceNorm3d.</summary>
/// <remarks><inheritdoc/></remarks>
public class InstanceNorm3d : InstanceNorm
{
    /// <inheritdoc cref="InstanceNorm(long, double, double?, bool, bool, Device, ScalarType?)"/>
    public InstanceNorm3d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false, Device? device = null,
        ScalarType? dtype = null)
        : base(nameof(InstanceNorm3d<>), 3, numFeatures, eps, momentum, affine, trackRunningStats, device, dtype)
    {
    }

    private protected InstanceNorm3d(string name, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, ScalarType? dtype)
        : base(name, 3, 0, eps, momentum, affine, trackRunningStats, device, dtype, isLazy: true)
    {
    }
}
