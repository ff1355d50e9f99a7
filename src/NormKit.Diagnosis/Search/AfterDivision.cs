namespace NormKit.Diagnosis.Search;

/// <summary>Eps that is added to the quotient, as in "(x - mean) / std + eps", where parentheses are missing.</summary>
internal static class AfterDivision
{
    private const int MostTried = 24;
    private const double Confidence = 4;

    /// <summary>So many times less must be left for it to count.</summary>
    private const double Better = 3;

    /// <summary>The recipes among those found that leave a constant before weight and bias, with it.</summary>
    public static List<Prediction> Try(Problem problem, View view, IEnumerable<Prediction> found, CancellationToken stop)
    {
        SetSearch search = new(problem, view, stop);
        Recipe[] starts = [.. found.Where(prediction => prediction.Hypothesis is Recipe { Affine.IsFitted: false, Core: { Spread: not Spread.One, IsNorm: false } } && prediction.Error < 0.1)
            .Select(prediction => (Recipe)prediction.Hypothesis with { Place = EpsPlace.After, Eps = 0, EpsRange = (0, 0) }).Distinct().Take(MostTried)];
        return InParallel.Map(starts, start =>
        {
            double before = start.Predict(problem, view).Error;
            Prediction made = search.WithCost(Solve(problem, view, start)).Predict(problem, view);
            return made.Error * Better < before ? (Prediction[])[made with { Values = [] }] : [];
        }, stop);
    }

    /// <summary>The constant by least squares, as people would write it where that is within its error.</summary>
    public static Recipe Solve(Problem problem, View view, Recipe recipe)
    {
        double[] without = (recipe with { Eps = 0 }).Predict(problem, view).Values;
        (double[] factor, _) = problem.ValuesOf(view, recipe.Affine, recipe.Roundings);
        double products = 0, squares = 0;
        for (int i = 0; i < without.Length; i++)
        {
            double weight = factor[i] / view.Scales[i], rest = (view.Y[i] - without[i]) / view.Scales[i];
            if (!view.IsCompared[i] || !double.IsFinite(weight) || !double.IsFinite(rest))
                continue;
            products += weight * rest;
            squares += weight * weight;
        }
        double eps = squares == 0 ? 0 : Math.Max(0, products / squares), error = squares == 0 ? 0 : Confidence * problem.ComputingUnit * problem.SmallSample / Math.Sqrt(squares) * Math.Sqrt(2);
        error = Math.Max(error, problem.ComputingUnit);
        return recipe with { Eps = EpsSolver.Round(eps, Math.Max(0, eps - error), eps + error, null), EpsRange = (Math.Max(0, eps - error), eps + error) };
    }
}
