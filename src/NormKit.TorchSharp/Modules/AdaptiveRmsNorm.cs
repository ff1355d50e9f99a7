using NormKit.TorchSharp.Operators;
using NormKit.TorchSharp.Passes;

namespace NormKit.TorchSharp;

/// <summary>RMS norm whose scale and shift are given for each sample by a condition: a class, a time step, a style.</summary>
/// <remarks><code>y = x / sqrt(mean(x^2) + eps) * (1 + scale[n]) + shift[n]</code>
/// Input and output: (N, *, normalizedShape); scale and shift: (N, normalizedShape), of the input's type, or float32 with 16-bit input. Gradients flow to
/// all three. See <see cref="NormKit.AdaptiveRmsNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class AdaptiveRmsNorm : torch.nn.Module<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly AdaptiveRowOperator op;

    /// <summary>A norm over the trailing dimensions.</summary>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="eps">Added to the mean of squares, inside the root; null for the epsilon of the type computed in.</param>
    /// <exception cref="ArgumentException"><paramref name="normalizedShape"/> is empty or has a negative length, or <paramref name="eps"/> is negative or not finite.</exception>
    public AdaptiveRmsNorm(long[] normalizedShape, double? eps = null)
        : base(nameof(AdaptiveRmsNorm<>))
    {
        op = new(nameof(AdaptiveRmsNorm<>), Sizes.Of(normalizedShape), eps, Centres: false);
        _ = op.CreateAdaptive<float>();
    }

    /// <summary>Normalizes a tensor, and scales and shifts each sample.</summary>
    /// <param name="input">The tensor to normalize, (N, *, normalizedShape).</param>
    /// <param name="scale">What each sample is multiplied by, minus one: (N, normalizedShape).</param>
    /// <param name="shift">What is added to each sample: (N, normalizedShape); null for zeros.</param>
    /// <exception cref="ArgumentException">A shape, type or device does not fit.</exception>
    public override Tensor forward(Tensor input, Tensor scale, Tensor? shift) => Conditions.Rows(op, input, scale, shift);
}
