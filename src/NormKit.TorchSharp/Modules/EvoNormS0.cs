using NormKit.TorchSharp.Operators;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace NormKit.TorchSharp;

/// <summary>A normalization and an activation in one, found by search; statistics of the sample only.</summary>
/// <remarks><code>y = x * sigmoid(v[c] * x) / sqrt(var + eps) * weight[c] + bias[c]     // var: of the group of channels in the sample</code>
/// See <see cref="NormKit.EvoNormS0{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class EvoNormS0 : AffineNormModule
{
    /// <summary>A layer with weight 1, bias 0 and v 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="groups">Into how many groups of neighbours they split.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public EvoNormS0(long numFeatures, long groups = 32, double eps = 1e-5, Device? device = null, ScalarType? dtype = null)
        : base(new EvoNormS0Operator(Sizes.Count(nameof(EvoNormS0<>), nameof(numFeatures), numFeatures), Sizes.Count(nameof(EvoNormS0<>), nameof(groups), groups), eps), device, dtype)
    {
    }

    /// <summary>Gets the steepness of each channel's gate.</summary>
    public TorchParameter V => Parameter("v")!;
}
