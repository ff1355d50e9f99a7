using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Normalizes each sample over groups of channels and all positions; torch.nn.GroupNorm.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // var is biased: divided by C / numGroups * positions</code>
/// See <see cref="NormKit.GroupNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class GroupNorm : AffineNormModule
{
    /// <summary>A layer with weight 1 and bias 0.</summary>
    /// <param name="numGroups">How many groups the channels are split into, in their order.</param>
    /// <param name="numChannels">How many channels an input has; divisible by <paramref name="numGroups"/>.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public GroupNorm(long numGroups, long numChannels, double eps = 1e-5, bool affine = true, Device? device = null, ScalarType? dtype = null)
        : base(new GroupNormOperator(Sizes.Count(nameof(GroupNorm<>), nameof(numGroups), numGroups), Sizes.Count(nameof(GroupNorm<>), nameof(numChannels), numChannels), eps, affine), device, dtype)
    {
    }

    /// <summary>Gets how many groups the channels are split into.</summary>
    public long NumGroups => ((GroupNormOperator)Operator).NumGroups;

    /// <summary>Gets how many channels an input has.</summary>
    public long NumChannels => ((GroupNormOperator)Operator).NumChannels;

    /// <summary>Gets what is added to the variance.</summary>
    public double Eps => ((GroupNormOperator)Operator).Eps;
}
