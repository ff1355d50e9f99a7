using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>
/// How unlikely hypotheses are before any look at the numbers, in units of a common mistake. Only what fits equally well is decided by them:
/// <see cref="Score"/> takes a tenth of the error for twenty of these units.
/// </summary>
internal static class Costs
{
    private const double UnitsPerDecade = 20;
    private const double OtherMap = 1.5;
    private const double NotExpected = 1.5;

    /// <summary>A weight for each set fits whatever the set's statistics are.</summary>
    private const double OneSetACell = 2.5;

    /// <summary>Where one line says it all, a weight for each channel is one too many.</summary>
    private const double ManyOfALine = 4;

    /// <summary>A factor that is free for each set fits any divisor and eps too.</summary>
    private const double UnknownOrder = 6;

    /// <summary>Lower is better.</summary>
    /// <param name="error">The relative error.</param>
    /// <param name="floor">The error below which nothing can be told.</param>
    /// <param name="cost">Of the hypothesis.</param>
    public static double Score(double error, double floor, double cost) =>
        (UnitsPerDecade / 2 * Math.Log10((error * error) + (floor * floor))) + cost;

    /// <summary>The cost of a recipe.</summary>
    public static double Of(Problem problem, Recipe recipe) =>
        ReadingOf(problem, recipe).Cost + CoreCost(recipe) + recipe.Affine.Cost + EpsCost(problem, recipe) + RoundingCost(recipe.Roundings, problem)
        + (recipe.Affine.Weight.IsFitted && recipe.Affine.Weight.Map!.Equals(recipe.Grouping.Sets) && recipe.Grouping.Sets.Count > 1 ? OneSetACell : 0)
        + (recipe.Affine.IsFitted && recipe.Grouping.Sets.Count > 1 && problem.Plain is { IsLine: true } ? ManyOfALine : 0)
        + (recipe.Fold == FoldFault.None ? 0 : 1.5) + (recipe.IsSample ? (recipe.Core.Spread switch { Spread.MeanSquare or Spread.MeanSquareUnrooted => 2.5, Spread.Updated => 0, _ => 1 })
            : recipe.Core.Spread == Spread.Updated ? 0.5 : 0);

    /// <summary>The likeliest name for a recipe's grouping, with the weights that it has, and what that costs.</summary>
    public static (Reading Reading, double Cost) ReadingOf(Problem problem, Recipe recipe)
    {
        IndexMap? weights = recipe.Affine.Weight.Map ?? recipe.Affine.Bias.Map;
        if (recipe.Affine.Weight.Spreading == Spreading.Scalar || recipe.Affine.Bias.Spreading == Spreading.Scalar)
            weights = null;
        Reading best = recipe.Grouping.Readings[0];
        double bestCost = double.PositiveInfinity;
        foreach (Reading reading in recipe.Grouping.Readings)
        {
            double cost = reading.Cost + (weights is null || weights.Equals(reading.Weights) ? 0 : OtherMap)
                + (problem.Expected is ExpectedLayer expected ? (Expectation.Fits(expected, reading, recipe.Core, problem.Shape) ? -reading.Cost : NotExpected) : 0)
                + (recipe.Core.IsRms && reading.Kind != NormalizationKind.LayerNorm ? 1.2 : 0);
            if (cost < bestCost)
                (best, bestCost) = (reading, cost);
        }
        return (best, bestCost);
    }

    /// <summary>What eps is by default in a layer.</summary>
    public static double DefaultEps(Problem problem, Core core) => problem.Expected?.EpsOrDefault
        ?? (core.IsNorm ? 1e-12 : core.IsRms ? 1e-6 : 1e-5);

    /// <summary>Whether eps is a value that no program has: it was fitted, as a weight is.</summary>
    public static bool IsOddEps(Problem problem, Recipe recipe) =>
        recipe.Core.Spread != Spread.One && recipe.Eps > 0 && recipe.Eps != DefaultEps(problem, recipe.Core) && !EpsSolver.IsUsual(recipe.Eps);

    private static double CoreCost(Recipe recipe) => (recipe.Core.Center, recipe.Core.Spread) switch
    {
        (Center.Mean, Spread.Variance) => 0,
        (Center.None, Spread.MeanSquare) => 0.4,
        (Center.None, Spread.Norm) => recipe.Core.P == 2 ? 0.8 : 1.2,
        (Center.Running, Spread.Running) => 0,
        (Center.RunningAfter, Spread.RunningAfter) => 1.2,
        (Center.None, Spread.Initial) => 1.2,
        (Center.Updated, _) => recipe.Momentum is 0.1 or 0.01 or 0.9 or 0.99 or 0.5 ? 1.5 : recipe.Momentum * 100 == Math.Round(recipe.Momentum * 100) ? 2.2 : 5,
        (Center.Mean, Spread.VarianceUnrooted) or (Center.None, Spread.MeanSquareUnrooted) or (Center.None, Spread.NormUnrooted) => 2,
        (Center.None, Spread.Running) or (Center.Running, Spread.RunningUnrooted) => 2,
        (Center.Running, Spread.One) or (Center.Mean, Spread.One) => 3,
        (Center.None, Spread.One) => 4,
        _ => 2.5,
    };

    private static double EpsCost(Problem problem, Recipe recipe)
    {
        if (recipe.Core.Spread == Spread.One)
            return 0;
        bool isNorm = recipe.Core.IsNorm;
        double place = recipe.Place switch
        {
            EpsPlace.Inside => isNorm ? 0.8 : 0,
            EpsPlace.Outside => recipe.Core.IsUnrooted ? 0 : isNorm ? 0.5 : 1.2,
            EpsPlace.After => 1.6,
            _ => isNorm ? 0 : 1.5,
        };
        if (recipe.Eps == 0)
            place = 0;
        double eps = recipe.Eps, expected = DefaultEps(problem, recipe.Core);
        double value = eps == expected ? 0
            : eps is 1e-3 or 1e-5 or 1e-6 or 0 ? 0.4
            : eps is 1e-12 or 1e-8 or 1e-4 or 1.1920928955078125e-7 ? 0.5
            : eps is 1e-7 or 1e-2 or 0.1 or 1 or 0.0078125 or 0.0009765625 ? 0.8 : eps > 0.1 ? 2.5 : 1.5;
        return place + value;
    }

    private static double RoundingCost(Roundings roundings, Problem problem) =>
        (roundings.Input == NumberFormat.Float64 ? 0 : roundings.InputUse == RoundedUse.Both ? 1.5 : 2) + (roundings.Sums == NumberFormat.Float64 ? 0 : 2)
        + (roundings.WeightSum == NumberFormat.Float64 ? 0 : 1) + (roundings.IsTruncated ? 1.5 : 0) + (roundings.Statistics == NumberFormat.Float64 ? 0 : 2)
        + (roundings.Normalized == NumberFormat.Float64 ? 0 : roundings.Normalized == problem.OutputFormat ? 1 : 2.5)
        + (roundings.Parameters == NumberFormat.Float64 ? 0 : 1.5) + (roundings.Fast switch { FastVariance.None => 0, FastVariance.UnknownOrder => UnknownOrder, _ => 2 });
}
