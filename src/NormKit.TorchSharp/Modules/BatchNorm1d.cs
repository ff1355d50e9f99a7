namespace NormKit.TorchSharp;

/// <summary>Batch norm for an input of shape (N, C) or (N, C, L); torch.nn.BatchNorm1d.</summary>
/// <remarks><inheritdoc/></remarks>
public class BatchNorm1d : BatchNorm
{
    /// <inheritdoc cref="BatchNorm(long, double, double?, bool, bool, Device, ScalarType?)"/>
    public BatchNorm1d(
        long numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null,
        ScalarType? dtype = null)
        : base(nameof(BatchNorm1d<>), 1, numFeatures, eps, momentum, affine, trackRunningStats, device, dtype)
    {
    }

    private protected BatchNorm1d(string name, double eps, double? momentum, bool affine, bool trackRunningStats, Device? device, ScalarType? dtype)
        : base(name, 1, 0, eps, momentum, affine, trackRunningStats, device, dtype, isLazy: true)
    {
    }
}
