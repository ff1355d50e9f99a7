namespace NormKit.TorchSharp;

/// <summary>Instance norm for an input of shape (N, C, L), or one sample (C, L); torch.nn.InstanceNorm1d.</summary>
/// <remarks><inheritdoc/></remarks>
public class InstanceNorm1d : InstanceNorm
{
    /// <inheritdoc cref="InstanceNorm(long, double, double?, bool, bool, Device, ScalarType?)"/>
    public InstanceNorm1d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = false, bool trackRunningStats = false, Device? device = null,
        ScalarType? dtype = null)
        : base(nameof(InstanceNorm1d<>), 1, numFeatures, eps, momentum, affine, trackRunningStats, device, dtype)
    {
    }

    private protected InstanceNorm1d(string name, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, ScalarType? dtype)
        : base(name, 1, 0, eps, momentum, affine, trackRunningStats, device, dtype, isLazy: true)
    {
    }
}
