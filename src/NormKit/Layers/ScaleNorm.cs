using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Scales each row to one length, which is the only parameter: layer norm's cheapest relative.</summary>
/// <remarks><code>y = weight * x / max(|x|, eps)        // |x|: the Euclidean length of the row</code>
/// Input and output: (*, dim); weight: (1). Source: Nguyen, Salazar 2019, arXiv:1910.05895.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class ScaleNorm<T> : GroupedNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer whose weight is the root of <paramref name="dim"/>, so that elements start with a mean square of 1.</summary>
    /// <param name="dim">The length of the last dimension.</param>
    /// <param name="eps">The smallest length that is divided by.</param>
    /// <exception cref="ArgumentOutOfRangeException">dim is less than 1, or eps is negative or not finite.</exception>
    public ScaleNorm(int dim, double eps = 1e-5)
        : base(nameof(ScaleNorm<>), eps)
    {
        RequireCount(dim);
        Dim = dim;
        Weight = new([1], T.CreateTruncating(Math.Sqrt(dim)));
    }

    /// <summary>The length of the last dimension.</summary>
    public int Dim { get; }

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        NormSpec<T> rows = Groupings.Rows<T>(Name, shape, [Dim], default, default);
        return new(Name, rows.Grouping with { OneWeight = true }, new(Spread.Length, Eps)) { NormalizedRank = 1 };
    }

    private protected override bool Fits(in NormSpec<T> saved, ReadOnlySpan<nint> shape) =>
        saved.Grouping.Sharing == Sharing.Layer && saved.Grouping.C == Dim;
}
