using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Normalizes the weights of each output of a convolution or linear layer, so that small batches can do without batch norm.</summary>
/// <remarks><code>w = (v - mean) / sqrt(var + eps) * gain[o]        // mean and biased variance over all weights of output o</code>
/// Input and output: the weight, (O, *), or with another dim a shape that has the outputs there; gain: (O).
/// Source: Qiao et al. 2019, arXiv:1903.10520; with a gain Brock, De, Smith 2021, arXiv:2101.08692.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class WeightStandardization<T> : GroupedNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer without a gain, unless it is asked for.</summary>
    /// <param name="numOutputs">How many outputs the weight has.</param>
    /// <param name="dim">Their dimension; a transposed convolution has them in dimension 1. Negative ones count from the end.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="gain">Whether there is a factor for each output, which starts at 1 (<see cref="NormLayer{T}.Weight"/>).</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no output, or eps is negative or not finite.</exception>
    public WeightStandardization(int numOutputs, int dim = 0, double eps = 1e-6, bool gain = false)
        : base(nameof(WeightStandardization<>), eps)
    {
        RequireCount(numOutputs);
        NumOutputs = numOutputs;
        Dim = dim;
        Weight = gain ? new([numOutputs], T.One) : null;
    }

    /// <summary>How many outputs the weight has.</summary>
    public int NumOutputs { get; }

    /// <summary>Their dimension.</summary>
    public int Dim { get; }

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        if (Dim < -shape.Length || Dim >= shape.Length)
            throw new ArgumentException($"{Name}: a weight of size {Shapes.Text(shape)} has no dimension {Dim}, where the outputs are.", "input");
        Grouping grouping = Groupings.Slices(Name, shape, Dim);
        if (grouping.C != NumOutputs)
            throw new ArgumentException($"{Name}: expected {NumOutputs} outputs in dimension {Dim}, got a weight of size {Shapes.Text(shape)}.", "input");
        if (grouping.SetSize == 1)
            throw new ArgumentException($"{Name}: an output needs more than 1 weight to have a variance, got a weight of size {Shapes.Text(shape)}.", "input");
        return new(Name, grouping, new(Spread.StandardDeviation, Eps));
    }

    // Other dimensions may be as long.
    private protected override bool Fits(in NormSpec<T> saved, ReadOnlySpan<nint> shape) =>
        saved.Grouping.C == NumOutputs && Dim >= -shape.Length && Dim < shape.Length && saved.Grouping == Groupings.Slices(Name, shape, Dim);
}
