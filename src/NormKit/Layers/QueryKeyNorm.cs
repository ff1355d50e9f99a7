using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>RMS norm of the queries or keys of attention, with a weight for each head: keeps their products, and so the softmax, in range.</summary>
/// <remarks><code>y = x / sqrt(mean(x^2) + eps) * weight[h]        // the mean over the head's dimensions</code>
/// Input and output: (*, H, L, D), heads before positions as attention has them; weight: (H, D). With one weight for all heads use
/// <see cref="RmsNorm{T}"/>, or <see cref="LayerNorm{T}"/>, over D. Sources: Henry et al. 2020, arXiv:2010.04245 (query-key norm); Dehghani et al. 2023,
/// arXiv:2302.05442 (in large vision transformers).</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class QueryKeyNorm<T> : GroupedNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer with weight 1.</summary>
    /// <param name="numHeads">How many heads there are, H.</param>
    /// <param name="headDim">The dimensions of a head, D.</param>
    /// <param name="eps">Added to the mean of squares, inside the root; null for 2^-23 in float and 2^-52 in double, as <see cref="RmsNorm{T}"/> has it.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is less than 1, or eps is negative or not finite.</exception>
    public QueryKeyNorm(int numHeads, int headDim, double? eps = null)
        : base(nameof(QueryKeyNorm<>), eps ?? RmsNorm<T>.DefaultEps)
    {
        RequireCount(numHeads);
        RequireCount(headDim);
        NumHeads = numHeads;
        HeadDim = headDim;
        Weight = new([numHeads, headDim], T.One);
    }

    /// <summary>How many heads there are.</summary>
    public int NumHeads { get; }

    /// <summary>The dimensions of a head.</summary>
    public int HeadDim { get; }

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        if (shape.Length < 3 || shape[^3] != NumHeads || shape[^1] != HeadDim)
            throw new ArgumentException($"{Name}: expected input (*, H, L, D) with {NumHeads} heads of {HeadDim} dimensions, got input size {Shapes.Text(shape)}.", "input");
        Grouping rows = Grouping.Layer(Shapes.Product(shape[..^1]), HeadDim);
        return new(Name, rows with { Weights = new(Math.Max(1, shape[^2]), NumHeads) }, new(Spread.RootMeanSquare, Eps)) { NormalizedRank = 1 };
    }

    private protected override bool Fits(in NormSpec<T> saved, ReadOnlySpan<nint> shape) =>
        saved.Grouping.Sharing == Sharing.Layer && saved.Grouping.C == HeadDim && saved.Grouping.Weights.Groups == NumHeads;
}
