using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>The search among normalizations by sets, on one view.</summary>
internal sealed class SetSearch(Problem problem, View view, CancellationToken stop)
{
    /// <summary>How many of the best fitting structures are solved for divisor and eps.</summary>
    private const int MostSolved = 140;
    private const int MostExact = 4;

    /// <summary>So many are solved whatever they leave; the others where their bound is within reach of the best solved.</summary>
    private const int LeastSolved = 24;

    /// <summary>What a likelier hypothesis may be ahead of by its cost alone, as a factor of the error.</summary>
    private const double Reach = 30;

    /// <summary>The error at which a fit with one norm may be one with another: norms of a set go up and down together.</summary>
    private const double Promising = 0.5;

    /// <summary>Above this no divisor or eps makes an answer.</summary>
    private const double FarOff = 0.1;

    /// <summary>How many of the structures that fit best with weights and biases are looked at without one of them.</summary>
    private const int MostFitted = 40;

    /// <summary>Structures whose weights are given or absent, with the divisor and eps that fit best.</summary>
    public List<Prediction> WithGivenWeights(IReadOnlyList<Grouping> groupings)
    {
        List<Affine> variants = AffineVariants.Given(problem);
        Grouping[] tried = [.. groupings.Where(grouping => grouping.SetSize > 1 || problem.RunningMean is not null || IsBatch(grouping))];
        List<(Recipe Recipe, ScaleFit Fit)> fits = InParallel.Map(tried, grouping =>
            from center in Centers(grouping)
            from affine in variants
            let recipe = new Recipe(grouping, new(center.Center, Spread.One), affine)
            {
                Fold = center.Fold,
                Momentum = center.Center == Center.Updated ? Updates.MomentumOf(problem, view, grouping, affine) : 0,
            }
            where !double.IsNaN(recipe.Momentum)
            select (recipe, ScaleFit.Of(problem, view, recipe, Statistics.Of(problem, view, recipe).Center)), stop);
        (Recipe Recipe, ScaleFit Fit)[] best = [.. fits.OrderBy(fit => fit.Fit.Bound).ThenBy(fit => fit.Recipe.Affine.Cost).Take(MostSolved)];
        Exact = [.. Exact, .. best.Where(fit => fit.Fit.Bound <= problem.ComputingUnit * Finder.RoundingFactor && fit.Recipe.Core.Center == Center.Mean)
            .Take(MostExact).Select(fit => fit.Recipe with { Core = new(Center.Mean, Spread.Variance) })];
        List<Prediction> found = [];
        double least = problem.ComputingUnit;
        for (int start = 0; start < best.Length; start += LeastSolved)
        {
            (Recipe Recipe, ScaleFit Fit)[] next = [.. best.Skip(start).Take(LeastSolved).Where(fit => start == 0 || (fit.Fit.Bound <= Reach * least && fit.Fit.Bound <= FarOff))];
            if (next.Length == 0)
                break;
            found.AddRange(InParallel.Map(next, fit =>
                from recipe in Spreads(fit.Recipe, hasNorms: fit.Fit.Bound <= FarOff)
                from solved in Solve(recipe, fit.Fit)
                select new Prediction(WithCost(solved.Recipe), []) { Error = solved.Error }, stop));
            least = Math.Max(problem.ComputingUnit, found.Min(prediction => prediction.Error));
        }
        return found;
    }

    /// <summary>Structures whose sets each have some factor that leaves nothing but rounding, whatever that factor comes from.</summary>
    public IReadOnlyList<Recipe> Exact { get; private set; } = [];

    /// <summary>Structures whose weights are found by least squares.</summary>
    public List<Prediction> WithFittedWeights(IReadOnlyList<Grouping> groupings)
    {
        // A weight and a bias together fit whatever one of them fits: those first.
        Recipe[] both = [.. from grouping in groupings
                            where grouping.SetSize > 1
                            from affine in AffineVariants.Fitted(problem, grouping)
                            where affine.Weight.IsFitted && affine.Bias.IsFitted && LeastSquares.CanTell(problem, view, affine)
                            from core in FittedCores
                            select Start(grouping, core, affine)];
        List<Prediction> fits = Predict(both);

        // Other norms take a pass over everything each, and are no fit where the root mean square is far off.
        fits.AddRange(Predict([.. from prediction in fits
                                  let recipe = (Recipe)prediction.Hypothesis
                                  where recipe.Core.Spread == Spread.MeanSquare && prediction.Error < Promising
                                  from p in (double[])[1, double.PositiveInfinity]
                                  select Start(recipe.Grouping, new(Center.None, Spread.Norm, p), recipe.Affine)]));
        // By cost where errors are rounding: an output whose channels have weights fits scores of odd groupings with a weight for each element.
        IEnumerable<Recipe> best = fits.OrderBy(prediction => Costs.Score(prediction.Error, problem.ComputingUnit, prediction.Hypothesis.Cost))
            .Take(MostFitted).Select(prediction => (Recipe)prediction.Hypothesis);
        Recipe[] all = [.. best.SelectMany(recipe => AffineVariants.Fitted(problem, recipe.Grouping)
            .Where(affine => (affine.Weight.Map is null || affine.Weight.Map.Equals(recipe.Affine.Weight.Map) || !affine.Weight.IsFitted) && LeastSquares.CanTell(problem, view, affine))
            .SelectMany(affine => (Recipe[])[Start(recipe.Grouping, recipe.Core, affine), Start(recipe.Grouping, recipe.Core, affine) with { Eps = 1e-3 }])).Distinct()];
        return Predict(all);
    }

    /// <summary>The eps that are told apart by the roundings of 16-bit output.</summary>
    public static readonly double[] Told16 = [0, 1e-6, 1e-5, 1e-3, 0.0078125, 0.0009765625];

    private List<Prediction> Predict(Recipe[] recipes) =>
        InParallel.Map(recipes, recipe => (Prediction[])[WithCost(recipe).Predict(problem, view) with { Values = [] }], stop);

    private Recipe Start(Grouping grouping, Core core, Affine affine) =>
        new(grouping, core, affine) { Eps = Costs.DefaultEps(problem, core), Place = core.Spread == Spread.Norm ? EpsPlace.Clamp : EpsPlace.Inside };

    /// <summary>Solves one structure again on this view, with its roundings.</summary>
    public IEnumerable<Recipe> SolveAgain(Recipe recipe)
    {
        if (recipe.Affine.IsFitted)
            return [recipe];
        if (recipe.Place == EpsPlace.After)
            return [WithCost(AfterDivision.Solve(problem, view, recipe))];
        double[] centers = Statistics.Of(problem, view, recipe).Center;
        ScaleFit fit = ScaleFit.Of(problem, view, recipe, centers);
        if (recipe.Roundings.Fast == FastVariance.UnknownOrder)
        {
            Recipe plain = recipe with { IsSample = false, Eps = Costs.DefaultEps(problem, recipe.Core), Place = EpsPlace.Inside, EpsRange = (0, double.PositiveInfinity) };
            return UnknownOrder.Fits(problem, view, plain, fit) ? [WithCost(plain)] : [];
        }
        return Solve(recipe, fit).Select(pair => WithCost(pair.Recipe));
    }

    public Recipe WithCost(Recipe recipe) => recipe with { Cost = Costs.Of(problem, recipe) };

    private static readonly Core[] FittedCores =
    [
        new(Center.Mean, Spread.Variance), new(Center.None, Spread.MeanSquare), new(Center.None, Spread.Variance),
    ];

    /// <summary>A structure with every spread that goes with its center.</summary>
    private IEnumerable<Recipe> Spreads(Recipe recipe, bool hasNorms)
    {
        Center center = recipe.Core.Center;
        bool hasRunning = HasRunning(recipe.Grouping);
        Core[] cores = center switch
        {
            Center.Mean => [new(center, Spread.Variance), new(center, Spread.MeanSquare), new(center, Spread.VarianceUnrooted), new(center, Spread.One)],
            Center.None =>
                [new(center, Spread.MeanSquare), new(center, Spread.Variance), new(center, Spread.MeanSquareUnrooted), new(center, Spread.Norm, 2), new(center, Spread.NormUnrooted, 2),
                    .. hasNorms ? OtherNorms(problem.Expected) : []],
            Center.RunningAfter => [new(center, Spread.RunningAfter)],
            Center.Updated => [new(center, Spread.Updated)],
            _ => [new(center, Spread.Running), new(center, Spread.Variance), new(center, Spread.RunningUnrooted), new(center, Spread.One)],
        };
        foreach (Core core in cores)
        {
            if (recipe.Grouping.SetSize == 1 && core.Spread is not (Spread.Running or Spread.RunningAfter or Spread.RunningUnrooted or Spread.One))
                continue;
            yield return recipe with { Core = core };
        }
        if (center == Center.None && problem.RunningMean is null && IsBatch(recipe.Grouping))
            yield return recipe with { Core = new(center, Spread.Initial) };
        if (hasRunning && center == Center.Mean)
            yield return recipe with { Core = new(center, Spread.Running) };
        if (hasRunning && center == Center.None)
        {
            yield return recipe with { Core = new(center, Spread.Running) };
            yield return recipe with { Core = new(center, Spread.Initial) };
        }
    }

    /// <summary>The norms that are no moment, and the one expected.</summary>
    private static IEnumerable<Core> OtherNorms(ExpectedLayer? expected) =>
        ((double[])[1, 3, double.PositiveInfinity, .. expected is { Kind: NormalizationKind.LpNormalize, P: double p } ? (double[])[p] : []])
            .Where(p => p != 2).Distinct().Select(p => new Core(Center.None, Spread.Norm, p));

    private IEnumerable<(Recipe Recipe, double Error)> Solve(Recipe recipe, ScaleFit fit)
    {
        if (recipe.Core.Spread == Spread.One)
        {
            yield return (recipe, fit.ErrorOf(Ones(fit.Slope.Length), 0, EpsPlace.Inside));
            yield break;
        }
        double unit = recipe.Roundings.Statistics == NumberFormat.Float64 ? problem.ComputingUnit * problem.SmallSample : recipe.Roundings.Statistics.Unit();
        foreach (bool isSample in recipe.Core.HasDivisor && recipe.Grouping.SetSize > 1 ? (bool[])[false, true] : [false])
        {
            double[] squared = Statistics.Of(problem, view, recipe with { IsSample = isSample }).Squared;
            // Without a root there is no inside.
            foreach (EpsPlace place in recipe.Core.IsUnrooted ? (EpsPlace[])[EpsPlace.Outside] : [EpsPlace.Inside, EpsPlace.Outside, EpsPlace.Clamp])
            {
                EpsFound eps = EpsSolver.Solve(fit, squared, place, unit, Costs.DefaultEps(problem, recipe.Core), problem.IsSmall);

                // A bound that no set reaches is no bound, except where one is usual: at a norm. There an eps that cannot be seen is that.
                bool isNorm = recipe.Core.Spread == Spread.Norm;
                if (recipe.Core.Spread == Spread.Initial && problem.RunningMean is null && !(eps.Least > 0 && EpsSolver.IsUsual(eps.Eps) && place != EpsPlace.Clamp))
                    continue;
                if (isNorm ? place != EpsPlace.Clamp && eps.Least == 0 : place == EpsPlace.Clamp && eps.Eps == 0)
                    continue;
                if (isNorm && place == EpsPlace.Clamp && eps.Eps == 0)
                    eps = new(Costs.DefaultEps(problem, recipe.Core), 0, Math.Sqrt(squared.Where(value => value > 0).DefaultIfEmpty(0).Min()));
                Recipe found = recipe with { IsSample = isSample, Eps = eps.Eps, Place = place, EpsRange = (eps.Least, eps.Most) };
                yield return (found, fit.ErrorOf(squared, eps.Eps, place));

                // In 16 bits an eps leaves its trace in the roundings, not in the slopes: what those say may be off.
                foreach (double usual in problem.OutputFormat.Is16Bit() ? Told16 : [])
                {
                    if (usual != eps.Eps && place == EpsPlace.Inside)
                        yield return (found with { Eps = usual, EpsRange = (Math.Min(usual, eps.Least), Math.Max(usual, eps.Most)) }, fit.ErrorOf(squared, usual, place));
                }
            }
        }
    }

    private IEnumerable<(Center Center, FoldFault Fold)> Centers(Grouping grouping)
    {
        if (grouping.SetSize > 1)
            yield return (Center.Mean, FoldFault.None);
        if (grouping.SetSize > 1 || IsBatch(grouping))
            yield return (Center.None, FoldFault.None);
        if (grouping.SetSize > 1 && IsBatch(grouping) && (problem.RunningMean is null || HasRunning(grouping)))
            yield return (Center.Updated, FoldFault.None);
        if (!HasRunning(grouping))
            yield break;
        yield return (Center.Running, FoldFault.None);
        yield return (Center.Running, FoldFault.MeanAdded);
        yield return (Center.Running, FoldFault.MeanNotScaled);
        if (problem.ConvolutionBias is not null)
        {
            yield return (Center.Running, FoldFault.ConvolutionBiasNotScaled);
            yield return (Center.Running, FoldFault.ConvolutionBiasDropped);
        }
        if (problem.RunningMeanAfter is not null)
            yield return (Center.RunningAfter, FoldFault.None);
    }

    private bool HasRunning(Grouping grouping) =>
        problem.RunningMean is double[] mean && grouping.Sets.Count == mean.Length
        && IsBatch(grouping);

    private static bool IsBatch(Grouping grouping) =>
        grouping.Readings.Any(reading => reading is { Kind: NormalizationKind.BatchNorm, PerPosition: false, Order: not ChannelOrder.Misread });

    private static double[] Ones(int count)
    {
        double[] ones = new double[count];
        Array.Fill(ones, 1);
        return ones;
    }
}
