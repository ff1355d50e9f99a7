using System.Numerics;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Normalizes over the trailing or other dimensions, sample by sample: the norm of transformers and recurrent networks.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight + bias     // var is biased: divided by the number of elements normalized over</code>
/// Input and output: (*, normalizedShape), or with axes a shape that has those lengths there; weight and bias: normalizedShape. Over axis 1 of
/// (N, C, H, W) it is the layer norm of ConvNeXt, without a permutation. Training and evaluation are alike.
/// Source: Ba, Kiros, Hinton 2016, arXiv:1607.06450.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class LayerNorm<T> : RowNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer with weight 1 and bias 0.</summary>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="elementwiseAffine">Whether there is a weight, and a bias unless <paramref name="bias"/> is false.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="unitOffset">Whether the weight is stored minus one, and so starts at 0.</param>
    /// <exception cref="ArgumentException"><paramref name="normalizedShape"/> is empty or has a negative length.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is negative or not finite.</exception>
    public LayerNorm(ReadOnlySpan<nint> normalizedShape, double eps = 1e-5, bool elementwiseAffine = true, bool bias = true, bool unitOffset = false)
        : this(normalizedShape, default, eps, elementwiseAffine, bias, unitOffset)
    {
    }

    /// <summary>A layer over the last dimension, of <paramref name="normalizedShape"/> elements.</summary>
    /// <inheritdoc cref="LayerNorm{T}(ReadOnlySpan{nint}, double, bool, bool, bool)"/>
    public LayerNorm(int normalizedShape, double eps = 1e-5, bool elementwiseAffine = true, bool bias = true, bool unitOffset = false)
        : this([normalizedShape], eps, elementwiseAffine, bias, unitOffset)
    {
    }

    /// <summary>A layer over any dimensions.</summary>
    /// <inheritdoc cref="LayerNorm{T}(ReadOnlySpan{nint}, double, bool, bool, bool)"/>
    /// <param name="normalizedShape">The lengths of the dimensions that share statistics.</param>
    /// <param name="axes">Which dimensions these are, in ascending order, negative ones counted from the end; none for the trailing ones.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="elementwiseAffine">Whether there is a weight, and a bias unless <paramref name="bias"/> is false.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="unitOffset">Whether the weight is stored minus one, and so starts at 0.</param>
    public LayerNorm(
        ReadOnlySpan<nint> normalizedShape, ReadOnlySpan<int> axes, double eps = 1e-5, bool elementwiseAffine = true, bool bias = true, bool unitOffset = false)
        : base(nameof(LayerNorm<>), Spread.StandardDeviation, normalizedShape, axes, eps, elementwiseAffine, bias, unitOffset)
    {
    }
}
