using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>The search from a small sample to the whole.</summary>
internal sealed class Finder(Problem problem, IProgress<double>? progress, CancellationToken stop)
{
    private const int CoarseSize = 4096;
    private const int MiddleSize = 16384;
    private const int FineSize = 65536;
    private const int WindowSize = 1024;
    private const int FittedSolved = 12;
    private const int MostRoundings = 3;
    private const int Refined = 24;
    private const int RoundedStructures = 4;

    /// <summary>No rounding to 16 bits costs more than this share of the output.</summary>
    private const double MostRounded = 0.03;
    private const int Checked = 7;
    private const int CheckedOfMany = 5;
    private const int CheckedOfFew = 16;

    /// <summary>Of few elements, a fitted number takes up a part of what should contradict it.</summary>
    private const double CostOfANumber = 0.4;
    private const int Many = 1 << 20;
    private const int MostAlike = 3;

    /// <summary>So many times the rounding of a correct program still is nothing but rounding.</summary>
    public const double RoundingFactor = 24;

    /// <summary>So many elements of a 16-bit output, as a share, may be rounded the other way by the float arithmetic before it.</summary>
    private const double Misrounded = 0.06;

    /// <summary>The hypotheses that fit best, checked on all elements, the best first.</summary>
    /// <param name="whole">All elements.</param>
    /// <param name="most">The error on a sample above which none is checked.</param>
    public List<Prediction> Run(Func<View> whole, double most = double.PositiveInfinity)
    {
        IReadOnlyList<Grouping> groupings = GroupingsTried();
        View coarse = problem.ViewOf(CoarseSize, seed: 1, stop);
        SetSearch search = new(problem, coarse, stop);
        List<Prediction> found = search.WithGivenWeights(groupings);
        if (!IsGood(found) && !problem.Request.OnlyExpectedGrouping)
        {
            IReadOnlyList<Grouping> rare = Groupings.Rare(problem.Shape, groupings);
            found.AddRange(search.WithGivenWeights(rare));
            groupings = [.. groupings, .. rare];
        }
        progress?.Report(0.25);
        if (!IsGood(found))
            found.AddRange(AfterDivision.Try(problem, coarse, Best(found, Refined), stop));
        if (!IsGood(found) || problem.IsSmall)
            found.AddRange(Fitted(coarse, groupings));
        if (!IsGood(found) || problem.Expected?.Kind == NormalizationKind.LocalResponseNorm)
            found.AddRange(Windows(coarse));
        progress?.Report(0.45);
        if (!found.Exists(prediction => prediction.Error <= most))
            return [];

        View middle = problem.ViewOf(MiddleSize, seed: 3, stop), fine = problem.ViewOf(FineSize, seed: 2, stop);
        List<Prediction> refined = Refine(middle, Best(found, Refined));
        progress?.Report(0.55);
        if (!refined.Exists(IsFound))
        {
            refined.AddRange(RoundingSearch.TryFast(problem, middle, search.Exact, stop));
            Recipe[] structures = [.. Structures(refined, isFitted: false), .. refined.Exists(IsRounding) ? [] : Structures(refined, isFitted: true)];
            for (int count = 1; count <= MostRoundings && !refined.Exists(IsFound); count++)
                refined.AddRange(RoundingSearch.Try(problem, middle, structures, count, stop));
        }
        refined = Refine(fine, Best(refined, Refined), solve: false);
        progress?.Report(0.75);
        return Check(whole(), Varied(refined));
    }

    private List<Prediction> Fitted(View coarse, IReadOnlyList<Grouping> groupings)
    {
        List<Prediction> fitted = new SetSearch(problem, coarse, stop).WithFittedWeights(groupings);
        SetSearch search = new(problem, coarse, stop);
        return InParallel.Map(Best(fitted, FittedSolved), prediction => (Prediction[])
            [search.WithCost(FittedEps.Solve(problem, coarse, (Recipe)prediction.Hypothesis)).Predict(problem, coarse) with { Values = [] }], stop);
    }

    private List<Prediction> Windows(View coarse) =>
        problem.Shape.Length > 1 && !problem.Request.OnlyExpectedGrouping ? WindowSearch.Run(problem, problem.ViewOf(WindowSize, seed: 4, stop), coarse, stop) : [];

    private bool IsGood(List<Prediction> found) => found.Exists(prediction => prediction.Error <= problem.ComputingUnit * RoundingFactor);

    public double Floor() => problem.OutputFormat.Is16Bit()
        ? problem.OutputFormat.Unit() * Math.Max(Misrounded, 2 / Math.Sqrt(problem.Length)) : problem.ComputingUnit * (problem.IsSmall ? 2 * problem.SmallSample : 1);

    public double Score(Prediction prediction) =>
        Costs.Score(prediction.Error, Floor(), prediction.Hypothesis.Cost + (prediction.Missed > 0 ? 1.5 : 0) + (problem.IsSmall ? CostOfANumber * prediction.Fitted : 0));

    /// <summary>The best structures, apart from divisor and eps, to try roundings on.</summary>
    private IEnumerable<Recipe> Structures(List<Prediction> predictions, bool isFitted) => Best(predictions.Where(prediction => prediction.Error <= MostRounded), int.MaxValue)
        .Select(prediction => prediction.Hypothesis).OfType<Recipe>().Where(recipe => recipe.Affine.IsFitted == isFitted)
        .DistinctBy(recipe => (recipe.Grouping, recipe.Core, recipe.Affine, recipe.Fold)).Take(RoundedStructures);

    /// <summary>Whether nothing but rounding is left, and without fitted weights, which take up what roundings do.</summary>
    private bool IsFound(Prediction prediction) => IsRounding(prediction) && prediction.Hypothesis is not Recipe { Affine.IsFitted: true };

    private bool IsRounding(Prediction prediction) => prediction.Error <=
        (problem.OutputFormat.Is16Bit() ? problem.OutputFormat.Unit() * 0.1 : Math.Max(problem.ComputingUnit * 2, Floor() * 1.25));

    /// <summary>The same hypotheses on a larger view, solved again there if wanted.</summary>
    private List<Prediction> Refine(View view, List<Prediction> predictions, bool solve = true)
    {
        SetSearch search = new(problem, view, stop);
        return InParallel.Map(predictions, prediction => Again(search, prediction.Hypothesis, solve)
            .Select(hypothesis => hypothesis.Predict(problem, view) with { Values = [] }), stop);
    }

    private IEnumerable<Hypothesis> Again(SetSearch search, Hypothesis hypothesis, bool solve)
    {
        if (hypothesis is LocalResponse window)
            return [window with { Output = problem.OutputFormat }];
        Recipe recipe = (Recipe)hypothesis;
        return solve
            ? search.SolveAgain(recipe with { Roundings = recipe.Roundings with { Output = problem.OutputFormat } })
                .Where(solved => solved.Affine.IsFitted || (solved.IsSample == recipe.IsSample && solved.Place == recipe.Place)).Select(search.WithCost)
            : [recipe];
    }

    private List<Prediction> Check(View whole, List<Prediction> predictions)
    {
        int done = 0;
        object gate = new();
        List<Prediction> verified = InParallel.Map(predictions, prediction =>
        {
            Prediction made = prediction.Hypothesis.Predict(problem, whole);
            lock (gate)
                progress?.Report(0.75 + (0.2 * ++done / predictions.Count));
            return (Prediction[])[made];
        }, stop);
        return WithoutRepeats(verified.OrderBy(Score));
    }

    /// <summary>Leaves out what differs from a better one by an eps that cannot be seen.</summary>
    private List<Prediction> WithoutRepeats(IEnumerable<Prediction> predictions)
    {
        List<Prediction> kept = [];
        foreach (Prediction prediction in predictions)
        {
            bool repeats = prediction.Hypothesis is Recipe recipe && kept.Exists(better => better.Hypothesis is Recipe other && SameButEps(recipe, other)
                && (other.EpsRange.Least == 0 || other.Eps == 0 || other.Place == recipe.Place) && IsSame(better.Error, prediction.Error));
            if (!repeats)
                kept.Add(prediction);
        }
        return kept;
    }

    private bool IsSame(double a, double b)
    {
        double floor = Floor();
        return Math.Max(Math.Max(a, b), floor) <= 1.05 * Math.Max(Math.Min(a, b), floor);
    }

    private static bool SameButEps(Recipe a, Recipe b) => a.Grouping == b.Grouping && a.Core == b.Core && a.Affine == b.Affine && a.IsSample == b.IsSample
        && a.Fold == b.Fold && a.Roundings == b.Roundings;

    /// <summary>The best scores, each structure once.</summary>
    private List<Prediction> Best(IEnumerable<Prediction> predictions, int count) =>
        [.. predictions.OrderBy(Score).DistinctBy(prediction => prediction.Hypothesis is Recipe recipe
            ? (object)(recipe.Grouping, recipe.Core, recipe.Affine, recipe.IsSample, recipe.Place, recipe.Fold, recipe.Roundings, problem.OutputFormat.Is16Bit() ? recipe.Eps : 0) : prediction.Hypothesis).Take(count)];

    /// <summary>The best, but of each grouping and statistic no more than some: a list of what was tried says more if it is varied.</summary>
    private List<Prediction> Varied(List<Prediction> refined)
    {
        List<Prediction> best = Best(refined, int.MaxValue), chosen = [];
        foreach (Prediction prediction in best)
        {
            int alike = chosen.Count(other => other.Hypothesis is Recipe a && prediction.Hypothesis is Recipe b && a.Grouping == b.Grouping && a.Core == b.Core);
            bool near = chosen.Count > 0 && IsSame(chosen[0].Error, prediction.Error);
            if (chosen.Count < (problem.IsSmall ? CheckedOfFew : problem.Length < Many ? Checked : CheckedOfMany) && (near || alike < MostAlike))
                chosen.Add(prediction);
        }
        return chosen;
    }

    private IReadOnlyList<Grouping> GroupingsTried() => problem.Request.OnlyExpectedGrouping && problem.Expected is ExpectedLayer expected
        && Expectation.Of(problem, expected) is Recipe recipe ? [recipe.Grouping] : problem.Groupings;
}
