using NormKit.TorchSharp.Operators;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace NormKit.TorchSharp;

/// <summary>Bounds each element by a scaled tanh, in place of a normalization.</summary>
/// <remarks><code>y = weight * tanh(alpha * x) + bias</code>
/// See <see cref="NormKit.DynamicTanh{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class DynamicTanh : AffineNormModule
{
    /// <summary>A layer with weight 1 and bias 0.</summary>
    /// <param name="normalizedShape">The trailing dimensions, each element of which has a weight and a bias.</param>
    /// <param name="alpha">Where <see cref="Alpha"/> starts.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public DynamicTanh(long[] normalizedShape, double alpha = 0.5, Device? device = null, ScalarType? dtype = null)
        : base(new DynamicTanhOperator(Sizes.Of(normalizedShape), alpha), device, dtype)
    {
    }

    /// <summary>Gets the factor inside the tanh, of shape [1].</summary>
    public TorchParameter Alpha => Parameter("alpha")!;
}
