namespace NormKit.TorchSharp;

/// <summary>Batch norm for an input of shape (N, C, D, H, W); torch.nn.BatchNorm3d.</summary>
/// <remarks><inheritdoc/></remarks>
public class BatchNorm3d : BatchNorm
{
    /// <inheritdoc cref="BatchNorm(long, double, double?, bool, bool, Device, ScalarType?)"/>
    public BatchNorm3d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null,
        ScalarType? dtype = null)
        : base(nameof(BatchNorm3d<>), 3, numFeatures, eps, momentum, affine, trackRunningStats, device, dtype)
    {
    }

    private protected BatchNorm3d(string name, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, ScalarType? dtype)
        : base(name, 3, 0, eps, momentum, affine, trackRunningStats, device, dtype, isLazy: true)
    {
    }
}
