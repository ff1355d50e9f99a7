namespace NormKit.Diagnosis;

/// <summary>What a residual looks like.</summary>
/// <param name="Shape">In a few words: "noise", "constant in each channel", "proportional to the output in each set" ...</param>
/// <param name="Where">In which channels and positions it is.</param>
/// <param name="Constant">The share of its squares that one constant explains.</param>
/// <param name="ConstantByChannel">The share that a constant a channel explains.</param>
/// <param name="Proportional">The share that a multiple of the output explains.</param>
/// <param name="ProportionalByChannel">The share that a multiple of the output in each channel explains.</param>
/// <param name="ByChannel">The root mean square in each channel, by the second dimension.</param>
/// <param name="Histogram">How many differences are in each of equal bins from -limit to limit.</param>
/// <param name="HistogramLimit">The largest absolute difference.</param>
public sealed record ResidualLook(
    string Shape, string Where, double Constant, double ConstantByChannel, double Proportional, double ProportionalByChannel,
    IReadOnlyList<double> ByChannel, IReadOnlyList<int> Histogram, double HistogramLimit)
{
    /// <summary>The share that a constant in each set of elements that share statistics explains; null where such sets are fewer than two or of fewer than four elements.</summary>
    public double? ConstantBySet { get; init; }

    /// <summary>The share that a multiple of the output in each such set explains.</summary>
    public double? ProportionalBySet { get; init; }
}
