using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>What is subtracted.</summary>
internal enum Center
{
    Mean,
    None,

    /// <summary>The running mean given.</summary>
    Running,

    /// <summary>The running mean after the call.</summary>
    RunningAfter,

    /// <summary>The running mean, or that of a new layer, moved towards the batch's by the recipe's momentum.</summary>
    Updated,
}

/// <summary>What is divided by.</summary>
internal enum Spread
{
    /// <summary>The root of the mean squared deviation.</summary>
    Variance,

    /// <summary>The root of the mean square.</summary>
    MeanSquare,

    /// <summary>A norm.</summary>
    Norm,

    /// <summary>The root of the running variance given.</summary>
    Running,

    /// <summary>The root of the running variance after the call.</summary>
    RunningAfter,

    /// <summary>The running variance itself, without a root.</summary>
    RunningUnrooted,

    /// <summary>The variance itself, without a root.</summary>
    VarianceUnrooted,

    /// <summary>The mean square itself, without a root.</summary>
    MeanSquareUnrooted,

    /// <summary>The sum of squares: a 2-norm without its root.</summary>
    NormUnrooted,

    /// <summary>The root of the running variance, or that of a new layer, moved towards the batch's by the recipe's momentum.</summary>
    Updated,

    /// <summary>The root of 1: a running variance that never moved.</summary>
    Initial,

    /// <summary>Nothing.</summary>
    One,
}

/// <summary>Where eps is added.</summary>
internal enum EpsPlace
{
    Inside,
    Outside,

    /// <summary>The deviation is at least eps.</summary>
    Clamp,

    /// <summary>Added to the quotient, before weight and bias.</summary>
    After,
}

/// <summary>What may go wrong when batch norm is folded into the convolution before it.</summary>
internal enum FoldFault
{
    None,
    MeanAdded,
    MeanNotScaled,
    ConvolutionBiasNotScaled,
    ConvolutionBiasDropped,
}

/// <summary>A statistic: what is subtracted and what is divided by.</summary>
internal readonly record struct Core(Center Center, Spread Spread, double P = 2)
{
    /// <summary>Whether a divisor n or n - 1 enters.</summary>
    public bool HasDivisor => Spread is Spread.Variance or Spread.MeanSquare or Spread.VarianceUnrooted or Spread.MeanSquareUnrooted or Spread.Updated;

    /// <summary>Whether the root of what is divided by is missing; there is no place for eps inside it then.</summary>
    public bool IsUnrooted => Spread is Spread.RunningUnrooted or Spread.VarianceUnrooted or Spread.MeanSquareUnrooted or Spread.NormUnrooted;

    public bool IsRms => Center == Center.None && Spread is Spread.MeanSquare or Spread.MeanSquareUnrooted;

    public bool IsNorm => Spread is Spread.Norm or Spread.NormUnrooted;

    public bool UsesRunning => Center is Center.Running or Center.RunningAfter or Center.Updated
        || Spread is Spread.Running or Spread.RunningAfter or Spread.RunningUnrooted or Spread.Initial;
}

/// <summary>Where roundings to 16 bits, or to float where more would be expected, happen on the way.</summary>
internal sealed record Roundings
{
    public static readonly Roundings None = new();

    public NumberFormat Input { get; init; } = NumberFormat.Float64;

    /// <summary>Mean, and the factor or the variance.</summary>
    public NumberFormat Statistics { get; init; } = NumberFormat.Float64;

    /// <summary>Whether the variance is rounded rather than the factor made of it.</summary>
    public bool OfVariance { get; init; }

    /// <summary>The normalized value, before weight and bias.</summary>
    public NumberFormat Normalized { get; init; } = NumberFormat.Float64;

    public NumberFormat Parameters { get; init; } = NumberFormat.Float64;

    public NumberFormat Output { get; init; } = NumberFormat.Float64;

    /// <summary>Which of them see the rounded input: elements and statistics, or one of the two.</summary>
    public RoundedUse InputUse { get; init; }

    /// <summary>The type in which sums are accumulated, one element after the other.</summary>
    public NumberFormat Sums { get; init; } = NumberFormat.Float64;

    /// <summary>Whether each term of a sum is rounded before it is added.</summary>
    public bool RoundsTerms { get; init; }

    /// <summary>The type of 1 + weight, where 1 is added to a weight.</summary>
    public NumberFormat WeightSum { get; init; } = NumberFormat.Float64;

    /// <summary>Whether the output is cut off, towards 0, and not rounded.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>What the input is rounded to for the statistics.</summary>
    public NumberFormat MomentsInput => InputUse == RoundedUse.Elements ? NumberFormat.Float64 : Input;

    /// <summary>What it is rounded to for the elements.</summary>
    public NumberFormat ElementsInput => InputUse == RoundedUse.Statistics ? NumberFormat.Float64 : Input;

    /// <summary>How a variance as E[x^2] - E[x]^2 in float is imitated.</summary>
    public FastVariance Fast { get; init; }
}

/// <summary>What a rounded input is used for.</summary>
internal enum RoundedUse
{
    Both,
    Statistics,
    Elements,
}

/// <summary>The ways in which a variance is computed as the mean of squares less the square of the mean.</summary>
internal enum FastVariance
{
    None,

    /// <summary>Float sums, one element after the other.</summary>
    Sequential,

    /// <summary>Sums without error, then float.</summary>
    RoundedMoments,

    /// <summary>In an order that is not known: each set has the scale that fits, and those scatter as that error does.</summary>
    UnknownOrder,
}

/// <summary>A guess at what made the output.</summary>
internal abstract record Hypothesis
{
    /// <summary>How unlikely it is beside others that fit as well.</summary>
    public double Cost { get; init; }

    /// <summary>The output that follows from it, held against that found.</summary>
    public abstract Prediction Predict(Problem problem, View view);
}

/// <summary>A normalization by sets: everything that makes an output from an input.</summary>
internal sealed record Recipe(Grouping Grouping, Core Core, Affine Affine) : Hypothesis
{
    /// <summary>Whether the divisor is n - 1.</summary>
    public bool IsSample { get; init; }

    public double Eps { get; init; }

    public EpsPlace Place { get; init; }

    public FoldFault Fold { get; init; }

    /// <summary>The batch's share in statistics that are used after the update.</summary>
    public double Momentum { get; init; }

    public Roundings Roundings { get; init; } = Roundings.None;

    /// <summary>How far eps can be told: the values that give the same output.</summary>
    public (double Least, double Most) EpsRange { get; init; } = (double.NaN, double.NaN);

    public override Prediction Predict(Problem problem, View view) => Prediction.Of(problem, view, this);
}
