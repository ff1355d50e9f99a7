using System.Numerics;
using NormKit.Interop;
using NormKit.Threading;

namespace NormKit;

/// <summary>Scales the vectors along a dimension, or the arrays along several, to length 1.</summary>
/// <remarks><code>y = x / max(norm, eps)        norm = (sum of |x|^p over dims)^(1/p)</code>
/// Input and output: any shape with these dimensions. A p of 0 counts the elements that are not 0, infinity takes the largest magnitude. eps is a lower
/// bound, so longer vectors are scaled exactly; a vector of zeros stays one. Where the norm is below eps it has no gradient, and none of p = 0 has; the
/// largest of p = infinity share theirs equally, all as in PyTorch. There is nothing to train; training and evaluation are alike; it takes no mask.
/// Source: torch.nn.functional.normalize.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class LpNormalize<T> : NormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int[] dims;

    /// <summary>A layer.</summary>
    /// <param name="p">The norm; not negative.</param>
    /// <param name="dim">The dimension along which vectors lie; a negative one counts from the end.</param>
    /// <param name="eps">The least that is divided by.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is negative or NaN, or <paramref name="eps"/> is negative or not finite.</exception>
    public LpNormalize(double p = 2, int dim = 1, double eps = 1e-12)
        : this(p, [dim], eps)
    {
    }

    /// <summary>A layer whose norm goes along several dimensions.</summary>
    /// <param name="p">The norm; not negative.</param>
    /// <param name="dims">The dimensions, in any order; negative ones count from the end.</param>
    /// <param name="eps">The least that is divided by.</param>
    /// <exception cref="ArgumentException"><paramref name="dims"/> is empty, or names a dimension twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is negative or NaN, or <paramref name="eps"/> is negative or not finite.</exception>
    public LpNormalize(double p, ReadOnlySpan<int> dims, double eps = 1e-12)
        : base(nameof(LpNormalize<>), eps)
    {
        LpCall.CheckNorm(Name, p);
        LpCall.CheckDims(Name, dims);
        P = p;
        this.dims = dims.ToArray();
    }

    /// <summary>The norm.</summary>
    public double P { get; }

    /// <summary>The dimension along which vectors lie; the first where there are several.</summary>
    public int Dim => dims[0];

    /// <summary>The dimensions that the norm goes along.</summary>
    public ReadOnlySpan<int> Dims => dims;

    private protected override void ForwardCore<TInput>(
        in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency)
    {
        RequireNoMask(mask);
        LpCall.Forward<TInput, T>(Name, P, dims, Eps, x, y, saved, concurrency);
    }

    private protected override void BackwardCore<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, SavedStatistics saved, in Operand<TInput> dx, in Operand<bool> mask, Concurrency concurrency)
    {
        RequireNoMask(mask);
        LpCall.Backward<TInput, T>(Name, P, dims, Eps, dy, x, saved, dx, concurrency);
    }
}
