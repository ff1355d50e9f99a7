using NormKit.TorchSharp.Operators;
using NormKit.TorchSharp.Passes;

namespace NormKit.TorchSharp;

/// <summary>Gives each channel of a content the mean and deviation of the same channel of a style.</summary>
/// <remarks><code>y = std(style) * (content - mean(content)) / std(content) + mean(style)        std(z) = sqrt(var(z) + eps)</code>
/// Content and output: (N, C, *); style: (N, C, *), with positions of its own. Gradients flow to both. See
/// <see cref="NormKit.AdaptiveInstanceNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class AdaptiveInstanceNorm : torch.nn.Module<Tensor, Tensor, Tensor>
{
    private readonly AdaptiveInstanceOperator op;

    /// <summary>A layer without parameters.</summary>
    /// <param name="eps">Added to both variances, inside the roots.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is negative or not finite.</exception>
    public AdaptiveInstanceNorm(double eps = 1e-5)
        : base(nameof(AdaptiveInstanceNorm<>))
    {
        op = new(eps);
        _ = new AdaptiveInstanceNorm<float>(eps);
    }

    /// <summary>The content in the style's mean and deviation.</summary>
    /// <param name="content">(N, C, *).</param>
    /// <param name="style">(N, C, *); the lengths behind the channels are its own.</param>
    /// <exception cref="ArgumentException">Shapes, types or devices do not fit each other.</exception>
    public override Tensor forward(Tensor content, Tensor style) => Conditions.Instances(op, content, style);
}
