using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Scales the vectors along a dimension to length 1.</summary>
/// <remarks><code>y = x / max(norm, eps)        norm = (sum of |x|^p over dim)^(1/p)</code>
/// See <see cref="NormKit.LpNormalize{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class LpNormalize : NormModule
{
    /// <summary>A layer.</summary>
    /// <param name="p">The norm; not negative.</param>
    /// <param name="dim">The dimension along which vectors lie; a negative one counts from the end.</param>
    /// <param name="eps">The least that is divided by.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public LpNormalize(double p = 2, int dim = 1, double eps = 1e-12)
        : base(new LpNormalizeOperator(nameof(LpNormalize<>), p, dim, eps), null, null)
    {
    }
}
