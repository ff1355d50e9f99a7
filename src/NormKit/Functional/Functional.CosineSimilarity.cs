using System.Numerics.Tensors;

namespace NormKit;

public static partial class Functional
{
    /// <summary>The cosine of the angle between the vectors of two tensors; <see cref="NormKit.CosineSimilarity"/> says more, and has the gradient.</summary>
    /// <param name="x1">The first tensor.</param>
    /// <param name="x2">The second, of a shape that broadcasts with the first's.</param>
    /// <param name="dim">The dimension of the common shape along which vectors lie; a negative one counts from the end.</param>
    /// <param name="eps">The least that either length counts as.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The cosines, of the common shape without dim.</returns>
    /// <exception cref="ArgumentException">The shapes do not broadcast, or do not have the dimension.</exception>
    /// <exception cref="ArgumentOutOfRangeException">eps is negative or not finite.</exception>
    public static Tensor<T> CosineSimilarity<T>(
        in ReadOnlyTensorSpan<T> x1, in ReadOnlyTensorSpan<T> x2, int dim = 1, double eps = 1e-8,
        CancellationToken cancellationToken = default)
        where T : unmanaged => new CosineSimilarity(dim, eps).Forward(x1, x2, cancellationToken);
}
