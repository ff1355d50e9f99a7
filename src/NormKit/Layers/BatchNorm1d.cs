using System.Numerics;
using NormKit.Interop;

namespace NormKit;

/// <summary>Batch norm for an input of shape (N, C) or (N, C, L).</summary>
/// <remarks><inheritdoc/></remarks>
/// <typeparam name="T">float or double.</typeparam>
public class BatchNorm1d<T> : BatchNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public BatchNorm1d(int numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true)
        : base(nameof(BatchNorm1d<>), numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    private protected BatchNorm1d(string name, int? numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats)
        : base(name, numFeatures, eps, momentum, affine, trackRunningStats)
    {
    }

    /// <inheritdoc cref="BatchNorm{T}.FromKeras"/>
    public static new BatchNorm1d<T> FromKeras(
        ReadOnlySpan<T> gamma, ReadOnlySpan<T> beta, ReadOnlySpan<T> movingMean, ReadOnlySpan<T> movingVariance, double momentum = 0.99, double epsilon = 1e-3) =>
        Import(Keras, gamma, beta, movingMean, movingVariance, momentum, epsilon, static (c, eps, m, affine) => new BatchNorm1d<T>(c, eps, m, affine));

    /// <inheritdoc cref="BatchNorm{T}.FromOnnx"/>
    public static new BatchNorm1d<T> FromOnnx(
        ReadOnlySpan<T> scale, ReadOnlySpan<T> bias, ReadOnlySpan<T> mean, ReadOnlySpan<T> var, double momentum = 0.9, double epsilon = 1e-5) =>
        Import(Onnx, scale, bias, mean, var, momentum, epsilon, static (c, eps, m, affine) => new BatchNorm1d<T>(c, eps, m, affine));

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        if (shape.Length is not (2 or 3))
            throw new ArgumentException($"{Name}: expected 2D or 3D input (got {shape.Length}D input).", "input");
        return base.Describe(shape);
    }
}
