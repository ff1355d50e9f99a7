using NormKit.Diagnosis.Numbers;

namespace NormKit.Diagnosis.Search;

/// <summary>The roundings that may have happened on the way, tried on structures that fit but for them.</summary>
internal static class RoundingSearch
{
    /// <summary>The recipes with every rounding, solved again for divisor and eps.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="view">Where to try them.</param>
    /// <param name="recipes">The structures.</param>
    /// <param name="most">How many roundings may come together.</param>
    /// <param name="stop">Ends the search.</param>
    public static List<Prediction> Try(Problem problem, View view, IReadOnlyList<Recipe> recipes, int most, CancellationToken stop)
    {
        (Recipe Recipe, Roundings Roundings)[] trials =
        [
            .. from recipe in recipes
               from roundings in Variants(problem, recipe)
               where Count(roundings) <= most && (Count(roundings) == most || most == 1)
               select (recipe, roundings),
        ];
        return Solve(problem, view, trials, stop);
    }

    /// <summary>E[x^2] - E[x]^2 where it leaves so little of the variance that the structure without it is no near fit.</summary>
    public static List<Prediction> TryFast(Problem problem, View view, IReadOnlyList<Recipe> recipes, CancellationToken stop)
    {
        (Recipe Recipe, Roundings Roundings)[] trials =
            [.. from recipe in recipes from roundings in Fast(problem, recipe) where roundings.Fast != FastVariance.UnknownOrder select (recipe, roundings)];
        return Solve(problem, view, trials, stop);
    }

    private static List<Prediction> Solve(Problem problem, View view, (Recipe Recipe, Roundings Roundings)[] trials, CancellationToken stop)
    {
        SetSearch search = new(problem, view, stop);
        return InParallel.Map(trials, trial => search.SolveAgain(trial.Recipe with { Roundings = trial.Roundings })
            .Select(solved => search.WithCost(solved).Predict(problem, view) with { Values = [] }), stop);
    }

    private static int Count(Roundings roundings) => (roundings.Input == NumberFormat.Float64 ? 0 : 1) + (roundings.Statistics == NumberFormat.Float64 ? 0 : 1)
        + (roundings.Normalized == NumberFormat.Float64 ? 0 : 1) + (roundings.Parameters == NumberFormat.Float64 ? 0 : 1)
        + (roundings.Sums == NumberFormat.Float64 ? 0 : 1) + (roundings.WeightSum == NumberFormat.Float64 ? 0 : 1) + (roundings.IsTruncated ? 1 : 0);

    private static IEnumerable<Roundings> Variants(Problem problem, Recipe recipe)
    {
        NumberFormat[] narrow = [NumberFormat.Float16, NumberFormat.BFloat16];
        NumberFormat[] inputs = [NumberFormat.Float64, .. narrow.Where(format => !problem.InputFormat.Is16Bit())];
        bool hasAffine = recipe.Affine.Weight.Origin is Origin.Weight or Origin.Bias || recipe.Affine.Bias.Origin is Origin.Weight or Origin.Bias
            || (recipe.Affine.Weight.IsFitted && problem.OutputFormat.Is16Bit());
        bool ownStatistics = !recipe.Core.UsesRunning;
        foreach (NumberFormat input in inputs)
        {
            foreach (Roundings rest in Inner(problem, hasAffine, ownStatistics))
                yield return rest with { Input = input, Output = problem.OutputFormat };
        }
        foreach (Roundings roundings in Fast(problem, recipe))
            yield return roundings;
        foreach (Roundings roundings in problem.OutputFormat.Is16Bit() ? Special(problem, recipe) : [])
            yield return roundings with { Output = problem.OutputFormat };
    }

    /// <summary>What 16-bit programs do besides; each of them alone or with the normalized value rounded.</summary>
    private static IEnumerable<Roundings> Special(Problem problem, Recipe recipe)
    {
        NumberFormat format = problem.OutputFormat;
        foreach (Roundings start in (Roundings[])[Roundings.None, Roundings.None with { Normalized = format }])
        {
            if (start.Normalized != NumberFormat.Float64 && recipe.Affine.Weight.Origin == Origin.None)
                continue;
            yield return start with { IsTruncated = true };
            if (recipe.Affine.Weight.Use == Use.PlusOne)
                yield return start with { WeightSum = format };
            if (recipe.Core.UsesRunning)
                continue;
            if (!problem.InputFormat.Is16Bit())
            {
                yield return start with { Input = format, InputUse = RoundedUse.Statistics };
                yield return start with { Input = format, InputUse = RoundedUse.Elements };
            }
            if (recipe.Core.Spread is not (Spread.Variance or Spread.MeanSquare))
                continue;
            yield return start with { Sums = format };
            yield return start with { Sums = format, RoundsTerms = true };
        }
    }

    private static IEnumerable<Roundings> Fast(Problem problem, Recipe recipe)
    {
        if (recipe.Core.Spread != Spread.Variance || recipe.Core.UsesRunning)
            yield break;
        FastVariance[] fasts = [FastVariance.Sequential, FastVariance.RoundedMoments, .. recipe.Affine.IsFitted ? (FastVariance[])[] : [FastVariance.UnknownOrder]];
        foreach (FastVariance fast in fasts)
            yield return Roundings.None with { Fast = fast, Output = problem.OutputFormat };
    }

    private static IEnumerable<Roundings> Inner(Problem problem, bool hasAffine, bool ownStatistics)
    {
        NumberFormat[] narrow = [NumberFormat.Float16, NumberFormat.BFloat16];
        foreach (NumberFormat parameters in hasAffine ? (NumberFormat[])[NumberFormat.Float64, .. narrow] : [NumberFormat.Float64])
        {
            foreach (NumberFormat normalized in hasAffine ? (NumberFormat[])[NumberFormat.Float64, .. narrow] : [NumberFormat.Float64])
            {
                Roundings roundings = Roundings.None with { Parameters = parameters, Normalized = normalized };
                yield return roundings;
                if (!ownStatistics)
                    continue;
                foreach (NumberFormat statistics in narrow)
                {
                    yield return roundings with { Statistics = statistics };
                    yield return roundings with { Statistics = statistics, OfVariance = true };
                }
            }
        }
    }
}
