using System.Globalization;
using System.Numerics;
using NormKit.Kernels;

namespace NormKit.Interop;

/// <summary>What a call does with running statistics.</summary>
internal enum RunningUse
{
    /// <summary>Nothing: there are none, or they are not tracked.</summary>
    None,

    /// <summary>Normalizes by the input's statistics and moves them towards these.</summary>
    Move,

    /// <summary>Normalizes by them.</summary>
    Normalize,
}

/// <summary>Running statistics as a call uses them.</summary>
internal readonly ref struct Running<T>(RunningUse use, Span<T> mean, Span<T> variance, double momentum, RunningStatisticsPolicy nonFinite)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public readonly RunningUse Use = use;
    public readonly Span<T> Mean = mean;
    public readonly Span<T> Variance = variance;
    public readonly double Momentum = momentum;
    public readonly RunningStatisticsPolicy NonFinite = nonFinite;

    public static Running<T> None => default;

    /// <summary>Those of a function: moved where the input's own statistics are used, else used; none are needed to be moved.</summary>
    /// <exception cref="ArgumentException">They are needed and missing, one is given without the other, or they are not contiguous.</exception>
    public static Running<T> For(string layer, scoped in Operand<T> mean, scoped in Operand<T> variance, bool inputStatistics, double momentum,
        RunningStatisticsPolicy nonFinite = RunningStatisticsPolicy.Propagate)
    {
        if (!inputStatistics && !mean.IsPresent)
            throw new ArgumentException($"{layer}: runningMean must be defined in evaluation mode.", "runningMean");
        if (!inputStatistics && !variance.IsPresent)
            throw new ArgumentException($"{layer}: runningVar must be defined in evaluation mode.", "runningVar");
        if (mean.IsPresent != variance.IsPresent)
            throw new ArgumentException($"{layer}: runningMean and runningVar are given together or not at all.", "runningVar");
        if (!mean.IsPresent)
            return None;
        if (!mean.Has(Layouts.Contiguous) || !variance.Has(Layouts.Contiguous))
            throw new ArgumentException($"{layer}: runningMean and runningVar must be contiguous.", "runningMean");
        return new(inputStatistics ? RunningUse.Move : RunningUse.Normalize, mean.Dense, variance.Dense, momentum, nonFinite);
    }

    /// <summary>Moves them towards the statistics of a call's sets.</summary>
    /// <returns>Whether they took the batch: false only where their policy is to skip it.</returns>
    public bool Move(ReadOnlySpan<Moments> moments) => RunningStatistics.Update(Mean, Variance, moments, Momentum, NonFinite);

    /// <exception cref="ArgumentException">There is not one mean and one variance a channel, or a variance that is used is negative.</exception>
    public void Check<TInput>(string layer, Grouping grouping, in Operand<TInput> x) where TInput : unmanaged
    {
        if (Use == RunningUse.None)
            return;
        if (Mean.Length != grouping.C)
            throw new ArgumentException($"{layer}: runningMean should contain {grouping.C} elements, one a channel of input {Shapes.Text(x.Lengths)}, not {Mean.Length}.", "runningMean");
        if (Variance.Length != grouping.C)
            throw new ArgumentException($"{layer}: runningVar should contain {grouping.C} elements, one a channel of input {Shapes.Text(x.Lengths)}, not {Variance.Length}.", "runningVar");
        if (Use == RunningUse.Normalize)
            RequireVariances(layer, Variance);
        if (Use == RunningUse.Move && !(Momentum >= 0 && Momentum <= 1))
            throw new ArgumentOutOfRangeException("momentum", Momentum, $"{layer}: momentum is the weight of the new value, between 0 and 1.");
    }

    /// <summary>A negative variance would make the channel NaN without a word. One that is NaN already is the batch's doing, and its outputs show it.</summary>
    /// <exception cref="ArgumentException">A variance is negative.</exception>
    public static void RequireVariances(string layer, ReadOnlySpan<T> variances)
    {
        for (int c = 0; c < variances.Length; c++)
        {
            if (variances[c] < T.Zero)
                throw new ArgumentException($"{layer}: runningVar is {variances[c].ToString(null, CultureInfo.InvariantCulture)} in channel {c}, and no variance is negative; check where it comes from.", "runningVar");
        }
    }

    /// <summary>Running statistics that move must be apart from all that the call reads, and those that it reads from the output.</summary>
    public void CheckApart<TInput>(string layer, in Operand<TInput> x, in Operand<TInput> y, in Operand<T> weight, in Operand<T> bias)
        where TInput : unmanaged
    {
        if (Use == RunningUse.None)
            return;
        Operand<T> mean = Operand<T>.OfOptional(Mean), variance = Operand<T>.OfOptional(Variance);
        NormCall.CheckApart(layer, "destination", y, "runningMean", mean);
        NormCall.CheckApart(layer, "destination", y, "runningVar", variance);
        if (Use != RunningUse.Move)
            return;
        NormCall.CheckApart(layer, "runningMean", mean, "runningVar", variance);
        NormCall.CheckApart(layer, "runningMean", mean, "input", x);
        NormCall.CheckApart(layer, "runningMean", mean, "weight", weight);
        NormCall.CheckApart(layer, "runningMean", mean, "bias", bias);
        NormCall.CheckApart(layer, "runningVar", variance, "input", x);
        NormCall.CheckApart(layer, "runningVar", variance, "weight", weight);
        NormCall.CheckApart(layer, "runningVar", variance, "bias", bias);
    }
}
