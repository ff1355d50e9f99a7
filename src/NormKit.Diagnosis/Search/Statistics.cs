using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>What is subtracted from the elements of each set and, squared, what they are divided by before eps.</summary>
internal sealed record Statistics(double[] Center, double[] Squared)
{
    /// <summary>The statistics of a hypothesis, in each cell of a view.</summary>
    public static Statistics Of(Problem problem, View view, Recipe recipe)
    {
        (Grouping grouping, Core core, Roundings roundings) = (recipe.Grouping, recipe.Core, recipe.Roundings);
        (NumberFormat inputFormat, FastVariance fast) = (roundings.MomentsInput, roundings.Fast);
        Cells cells = view.CellsOf(grouping.Sets);
        double[] center = CentersOf(problem, view, grouping, core.Center, recipe.Fold, inputFormat, recipe.Momentum);
        if (roundings.Sums != NumberFormat.Float64)
        {
            SetMoments accumulated = Accumulation.Of(view, grouping.Sets, roundings, isCentered: core.Center == Search.Center.Mean);
            double scale = recipe.IsSample ? grouping.SetSize / (grouping.SetSize - 1.0) : 1;
            return new(core.Center == Search.Center.Mean ? accumulated.Mean : center, Array.ConvertAll(accumulated.Variance, value => value * scale));
        }
        double[] squared;
        if (fast is FastVariance.Sequential or FastVariance.RoundedMoments)
        {
            squared = FloatMoments.Variances(view, grouping.Sets, inputFormat, fast == FastVariance.Sequential);
        }
        else
        {
            squared = core.Spread switch
            {
                Spread.Variance or Spread.VarianceUnrooted or Spread.Updated => view.MomentsOf(grouping.Sets, inputFormat).Variance,
                Spread.MeanSquare or Spread.MeanSquareUnrooted => MeanSquares(view.MomentsOf(grouping.Sets, inputFormat)),
                Spread.Norm or Spread.NormUnrooted when core.P == 2 => Array.ConvertAll(MeanSquares(view.MomentsOf(grouping.Sets, inputFormat)), square => square * grouping.SetSize),
                Spread.Norm => Squares(view.NormsOf(grouping.Sets, inputFormat, core.P)),
                Spread.Running => cells.Gather(problem.RunningVar!),
                Spread.RunningAfter => cells.Gather(problem.RunningVarAfter!),
                Spread.RunningUnrooted => Squares(cells.Gather(problem.RunningVar!)),
                _ => Constant(cells.Count, 1),
            };
        }
        if (recipe.IsSample && core.HasDivisor)
        {
            double n = grouping.SetSize, factor = n / (n - 1);
            squared = Array.ConvertAll(squared, value => value * factor);
        }
        if (core.Spread == Spread.Updated)
            squared = Moved(cells, problem.RunningVar, 1, squared, recipe.Momentum);

        // The recipe's root then gives the variance itself.
        if (core.Spread is Spread.VarianceUnrooted or Spread.MeanSquareUnrooted or Spread.NormUnrooted)
            squared = Squares(squared);
        return new(center, squared);
    }

    /// <summary>1 over the deviation, with eps where it is added; 0 where there is nothing to divide by.</summary>
    public static double Factor(double squared, double eps, EpsPlace place)
    {
        double divisor = place switch
        {
            EpsPlace.Inside => Math.Sqrt(squared + eps),
            EpsPlace.Outside => Math.Sqrt(squared) + eps,
            EpsPlace.After => Math.Sqrt(squared),
            _ => Math.Max(Math.Sqrt(squared), eps),
        };
        return divisor == 0 ? 0 : 1 / divisor;
    }

    /// <summary>The factors of the sets.</summary>
    public double[] Factors(Recipe recipe)
    {
        if (recipe.Core.Spread == Spread.One)
            return Constant(Squared.Length, 1);
        double[] factors = new double[Squared.Length];
        for (int set = 0; set < factors.Length; set++)
        {
            double squared = recipe.Roundings.OfVariance ? Formats.Round(Squared[set], recipe.Roundings.Statistics) : Squared[set];
            factors[set] = Factor(squared, recipe.Eps, recipe.Place);
        }
        if (!recipe.Roundings.OfVariance)
            Formats.Round(factors, recipe.Roundings.Statistics);
        return factors;
    }

    private static double[] CentersOf(Problem problem, View view, Grouping grouping, Center center, FoldFault fold, NumberFormat inputFormat, double momentum)
    {
        Cells cells = view.CellsOf(grouping.Sets);
        double[] centers = center switch
        {
            Search.Center.Mean => view.MomentsOf(grouping.Sets, inputFormat).Mean,
            Search.Center.Running => cells.Gather(problem.RunningMean!),
            Search.Center.RunningAfter => cells.Gather(problem.RunningMeanAfter!),
            Search.Center.Updated => Moved(cells, problem.RunningMean, 0, view.MomentsOf(grouping.Sets, inputFormat).Mean, momentum),
            _ => Constant(cells.Count, 0),
        };
        return fold switch
        {
            FoldFault.MeanAdded => Array.ConvertAll(centers, value => -value),
            FoldFault.MeanNotScaled => Constant(centers.Length, 0),
            FoldFault.ConvolutionBiasNotScaled or FoldFault.ConvolutionBiasDropped => [.. centers.Zip(cells.Gather(problem.ConvolutionBias!), (mean, bias) => mean + bias)],
            _ => centers,
        };
    }

    /// <summary>Running statistics after the update; where none are given, those of a new layer.</summary>
    public static double[] Moved(Cells cells, double[]? before, double initial, double[] batch, double momentum)
    {
        double[] from = before is null ? Constant(batch.Length, initial) : cells.Gather(before);
        return [.. from.Zip(batch, (old, current) => old + (momentum * (current - old)))];
    }

    private static double[] MeanSquares(SetMoments moments)
    {
        double[] squares = new double[moments.Mean.Length];
        for (int set = 0; set < squares.Length; set++)
            squares[set] = moments.Variance[set] + (moments.Mean[set] * moments.Mean[set]);
        return squares;
    }

    private static double[] Squares(double[] values) => Array.ConvertAll(values, value => value * value);

    private static double[] Constant(int count, double value)
    {
        double[] constant = new double[count];
        Array.Fill(constant, value);
        return constant;
    }
}
