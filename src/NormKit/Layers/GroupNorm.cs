using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Normalizes each sample over groups of channels and all positions: independent of the batch, so the norm for small batches.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // var is biased: divided by C / numGroups * positions</code>
/// Input and output: (N, C, *); weight and bias: (C). One group is layer norm over (C, *), C groups are instance norm.
/// Training and evaluation are alike. Source: Wu, He 2018, arXiv:1803.08494.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class GroupNorm<T> : GroupedNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer with weight 1 and bias 0.</summary>
    /// <param name="numGroups">How many groups the channels are split into, in their order.</param>
    /// <param name="numChannels">How many channels an input has; divisible by <paramref name="numGroups"/>.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <exception cref="ArgumentException">The channels do not split into equal groups.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is less than 1, or <paramref name="eps"/> is negative or not finite.</exception>
    public GroupNorm(int numGroups, int numChannels, double eps = 1e-5, bool affine = true)
        : base(nameof(GroupNorm<>), eps)
    {
        if (numGroups < 1)
            throw new ArgumentOutOfRangeException(nameof(numGroups), numGroups, $"{Name}: expected the number of groups to be greater than 0, got {numGroups}.");
        RequireCount(numChannels);
        if (numChannels % numGroups != 0)
            throw new ArgumentException($"{Name}: numChannels must be divisible by numGroups, but {numChannels} channels do not split into {numGroups} equal groups.", nameof(numChannels));
        NumGroups = numGroups;
        NumChannels = numChannels;
        Weight = affine ? new([numChannels], T.One) : null;
        Bias = affine ? new([numChannels], T.Zero) : null;
    }

    /// <summary>How many groups the channels are split into.</summary>
    public int NumGroups { get; }

    /// <summary>How many channels an input has.</summary>
    public int NumChannels { get; }

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        if (shape.Length >= 2 && shape[1] != NumChannels)
            throw new ArgumentException($"{Name}: expected {NumChannels} channels in dimension 1, got input size {Shapes.Text(shape)}.", "input");
        return new(Name, Groupings.Group(Name, shape, NumGroups), new(Spread.StandardDeviation, Eps));
    }

    private protected override bool Fits(in NormSpec<T> saved, ReadOnlySpan<nint> shape) =>
        saved.Grouping.Sharing == Sharing.Group && saved.Grouping.C == NumChannels && saved.Grouping.G == NumGroups;
}
