namespace NormKit.TorchSharp;

/// <summary>Batch norm for an input of shape (N, C, H, W); torch.nn.BatchNorm2d.</summary>
/// <remarks><inheritdoc/></remarks>
public class BatchNorm2d : BatchNorm
{
    /// <inheritdoc cref="BatchNorm(long, double, double?, bool, bool, Device, ScalarType?)"/>
    public BatchNorm2d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null,
        ScalarType? dtype = null)
        : base(nameof(BatchNorm2d<>), 2, numFeatures, eps, momentum, affine, trackRunningStats, device, dtype)
    {
    }

    private protected BatchNorm2d(string name, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, ScalarType? dtype)
        : base(name, 2, 0, eps, momentum, affine, trackRunningStats, device, dtype, isLazy: true)
    {
    }
}
