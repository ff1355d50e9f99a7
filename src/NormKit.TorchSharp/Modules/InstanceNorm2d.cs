namespace NormKit.TorchSharp;

/// <summary>Instance norm for an input of shape (N, C, H, W), or one sample (C, H, W); torch.nn.InstanceNorm2d.</summary>
/// <remarks><inheritdoc/></remarks>
public class InstanceNorm2d : InstanceNorm
{
    /// <inheritdoc cref="InstanceNorm(long, double, double?, bool, bool, Device, ScalarType?)"/>
    public InstanceNorm2d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false, Device? device = null,
        ScalarType? dtype = null)
        : base(nameof(InstanceNorm2d<>), 2, numFeatures, eps, momentum, affine, trackRunningStats, device, dtype)
    {
    }

    private protected InstanceNorm2d(string name, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, ScalarType? dtype)
        : base(name, 2, 0, eps, momentum, affine, trackRunningStats, device, dtype, isLazy: true)
    {
    }
}
