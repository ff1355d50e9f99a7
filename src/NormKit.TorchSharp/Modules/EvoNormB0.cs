using NormKit.TorchSharp.Operators;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace NormKit.TorchSharp;

/// <summary>A normalization and an activation in one, found by search; the larger of two deviations divides.</summary>
/// <remarks><code>y = x / max(sqrt(varBatch + eps), v[c] * x + sqrt(varInstance + eps)) * weight[c] + bias[c]</code>
/// See <see cref="NormKit.EvoNormB0{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class EvoNormB0 : AffineNormModule
{
    /// <summary>A layer with weight 1, bias 0, v 1 and running variance 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="momentum">The weight of the new value in the running variance.</param>
    /// <param name="eps">Added to the variances, inside the roots.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public EvoNormB0(long numFeatures, double momentum = 0.1, double eps = 1e-3, Device? device = null, ScalarType? dtype = null)
        : base(new EvoNormB0Operator(Sizes.Count(nameof(EvoNormB0<>), nameof(numFeatures), numFeatures), momentum, eps), device, dtype)
    {
    }

    /// <summary>Gets how much of x the second deviation has.</summary>
    public TorchParameter V => Parameter("v")!;

    /// <summary>Gets the running unbiased variance of each channel.</summary>
    public Tensor RunningVar => Buffer("running_var")!;
}
