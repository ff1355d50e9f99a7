using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Normalizes the weights of each output of a convolution or linear layer; its input is the weight.</summary>
/// <remarks><code>w = (v - mean) / sqrt(var + eps) * gain[o]</code>
/// See <see cref="NormKit.WeightStandardization{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class WeightStandardization : AffineNormModule
{
    /// <summary>A layer without a gain, unless it is asked for.</summary>
    /// <param name="numOutputs">How many outputs the weight has.</param>
    /// <param name="dim">Their dimension; a transposed convolution has them in dimension 1.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="gain">Whether there is a factor for each output, which starts at 1.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public WeightStandardization(long numOutputs, int dim = 0, double eps = 1e-6, bool gain = false, Device? device = null, ScalarType? dtype = null)
        : base(new WeightStandardizationOperator(Sizes.Count(nameof(WeightStandardization<>), nameof(numOutputs), numOutputs), dim, eps, gain), device, dtype)
    {
    }
}
