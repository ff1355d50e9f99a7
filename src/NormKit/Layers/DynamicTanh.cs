using System.Numerics;
using NormKit.Interop;
using NormKit.Threading;

namespace NormKit;

/// <summary>Bounds each element by a scaled tanh, in place of a normalization; no statistics at all.</summary>
/// <remarks><code>y = weight * tanh(alpha * x) + bias</code>
/// Input and output: (*, normalizedShape); weight and bias: normalizedShape; alpha: one number, shape [1]. Computed in double and rounded once.
/// There is no eps; training and evaluation are alike; it takes no mask.
/// Source: Zhu, Chen, He, LeCun, Liu 2025, arXiv:2503.10622.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class DynamicTanh<T> : NormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly nint[] normalizedShape;

    /// <summary>A layer with weight 1 and bias 0.</summary>
    /// <param name="normalizedShape">The trailing dimensions, each element of which has a weight and a bias.</param>
    /// <param name="alpha">Where <see cref="Alpha"/> starts.</param>
    /// <exception cref="ArgumentException"><paramref name="normalizedShape"/> is empty or has a negative length.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="alpha"/> is not finite.</exception>
    public DynamicTanh(ReadOnlySpan<nint> normalizedShape, double alpha = 0.5)
        : base(nameof(DynamicTanh<>), eps: 0)
    {
        Groupings.RequireNormalizedShape(Name, normalizedShape);
        if (!double.IsFinite(alpha))
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, $"{Name}: alpha must be finite.");
        this.normalizedShape = normalizedShape.ToArray();
        Alpha = new([1], T.CreateTruncating(alpha));
        Weight = new(normalizedShape, T.One);
        Bias = new(normalizedShape, T.Zero);
    }

    /// <summary>A layer over the last dimension, of <paramref name="normalizedShape"/> elements.</summary>
    /// <inheritdoc cref="DynamicTanh{T}(ReadOnlySpan{nint}, double)"/>
    public DynamicTanh(int normalizedShape, double alpha = 0.5)
        : this([normalizedShape], alpha)
    {
    }

    /// <summary>The lengths of the trailing dimensions.</summary>
    public ReadOnlySpan<nint> NormalizedShape => normalizedShape;

    /// <summary>The factor inside the tanh; shape [1].</summary>
    public Parameter<T> Alpha { get; }

    private protected override void DescribeState(StateList<T> state)
    {
        state.AddParameter("alpha", Alpha);
        base.DescribeState(state);
    }

    private protected override void ForwardCore<TInput>(
        in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency)
    {
        RequireNoMask(mask);
        DynamicTanhCall.Forward(Name, normalizedShape, Of(gradients: false), x, y, saved, concurrency);
    }

    private protected override void BackwardCore<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, SavedStatistics saved, in Operand<TInput> dx, in Operand<bool> mask, Concurrency concurrency)
    {
        RequireNoMask(mask);
        DynamicTanhCall.Backward(Name, normalizedShape, Of(gradients: false), Of(gradients: true), dy, x, saved, dx, concurrency);
    }

    private TanhParameters<T> Of(bool gradients) => new(Alpha, Weight!, Bias!, gradients);
}
