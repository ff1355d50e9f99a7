using System.Numerics;
using NormKit.Interop;

namespace NormKit;

/// <summary>Normalizes over the trailing dimensions, sample by sample: the norm of transformers and recurrent networks.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight + bias     // var is biased: divided by the number of elements normalized over</code>
/// Input and output: (*, normalizedShape); weight and bias: normalizedShape. Training and evaluation are alike.
/// Source: Ba, Kiros, Hinton 2016, arXiv:1607.06450.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class LayerNorm<T> : NormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly nint[] normalizedShape;

    /// <summary>A layer with weight 1 and bias 0.</summary>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="elementwiseAffine">Whether there is a weight, and a bias unless <paramref name="bias"/> is false.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <exception cref="ArgumentException"><paramref name="normalizedShape"/> is empty or has a negative length.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is negative or not finite.</exception>
    public LayerNorm(ReadOnlySpan<nint> normalizedShape, double eps = 1e-5, bool elementwiseAffine = true, bool bias = true)
        : base(nameof(LayerNorm<>), eps)
    {
        Groupings.RequireNormalizedShape(Name, normalizedShape);
        this.normalizedShape = normalizedShape.ToArray();
        ElementwiseAffine = elementwiseAffine;
        Weight = elementwiseAffine ? new(normalizedShape, T.One) : null;
        Bias = elementwiseAffine && bias ? new(normalizedShape, T.Zero) : null;
    }

    /// <summary>A layer over the last dimension, of <paramref name="normalizedShape"/> elements.</summary>
    /// <inheritdoc cref="LayerNorm{T}(ReadOnlySpan{nint}, double, bool, bool)"/>
    public LayerNorm(int normalizedShape, double eps = 1e-5, bool elementwiseAffine = true, bool bias = true)
        : this([normalizedShape], eps, elementwiseAffine, bias)
    {
    }

    /// <summary>The trailing dimensions that share statistics.</summary>
    public ReadOnlySpan<nint> NormalizedShape => normalizedShape;

    /// <summary>Whether the layer has a weight.</summary>
    public bool ElementwiseAffine { get; }

    private protected override void ForwardCore(in Operand<T> x, in Operand<T> y, SavedStatistics? saved) =>
        Functional.LayerNormCore(Name, x, y, normalizedShape, Operand<T>.OfOptional(Weight?.Values), Operand<T>.OfOptional(Bias?.Values), Eps, saved, MaxDegreeOfParallelism);

    private protected override bool Fits(Kernels.Grouping grouping) => grouping.C == Shapes.Product(normalizedShape);
}
