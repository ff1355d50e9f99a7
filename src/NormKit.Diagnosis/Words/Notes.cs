using NormKit.Diagnosis.Search;

namespace NormKit.Diagnosis.Words;

/// <summary>What else a reader should know.</summary>
internal static class Notes
{
    public static IEnumerable<string> Of(Problem problem, Prediction best, Finding finding, Verdict verdict)
    {
        int nans = problem.Output.Count(value => !double.IsFinite(value));
        if (nans > 0 && (finding.MissedNonFinite > 0 || best.Hypothesis is Recipe { Affine.IsFitted: true }))
        {
            yield return $"{nans} elements of the output are NaN or infinite, {Where(problem)}, and the input does not account for it: "
                + "look for running statistics or weights that are NaN, negative variances, or memory that was never initialised (TorchSharp's GroupNorm starts with such weights).";
        }
        if (verdict == Verdict.NoneOfThese && problem.RunningMean is not null)
        {
            yield return "A batch norm folded into a transposed convolution may look so: its weight is (in, out / groups, *), and a scale laid over dimension 0 mixes channels, "
                + "which no line of the convolution's output shows. The scale belongs to dimension 1.";
        }
        if (verdict is Verdict.NoneOfThese or Verdict.NotNormalized or Verdict.Line)
            yield break;
        if (ImpliedStatistics(problem, best) is string implied)
            yield return implied;
        if (best.Hypothesis is Recipe { Affine.IsFitted: true } recipe)
        {
            if (recipe.Grouping.Readings[0].Kind == NormalizationKind.BatchNorm && recipe.Affine.Weight.IsFitted)
            {
                yield return "With a weight a channel that is not known, the divisor, eps and even whether the statistics are the batch's or running ones "
                    + "cannot be told apart: each only scales and shifts a channel. Give --weight and --bias to tell.";
            }
            else if (recipe.Affine.Weight.IsFitted)
            {
                yield return "A fitted weight takes up whatever scales all sets alike, such as n - 1 in place of n where sets are of one size.";
            }
        }
        if (finding.FittedWeight is { Count: > 2 } weights && Wild(weights))
            yield return "The fitted weights span many powers of ten, as memory that was never initialised does: TorchSharp's GroupNorm starts with such weights unless they are set.";
        if (best.Hypothesis is Recipe { Affine.Weight.IsFitted: false } && double.IsFinite(finding.MostEps) && finding.MostEps > 3 * Math.Max(finding.LeastEps, 1e-300) && finding.MostEps > 1e-12 && finding.Causes.Count > 0)
            yield return $"Any eps from {Names.Number(finding.LeastEps)} to {Names.Number(finding.MostEps)} gives this output.";
    }

    /// <summary>The running statistics that a fitted weight and bias stand for, where weight and bias themselves are known.</summary>
    private static string? ImpliedStatistics(Problem problem, Prediction best)
    {
        DiagnosisRequest request = problem.Request;
        if (best.Hypothesis is not Recipe { Affine.Weight.IsFitted: true } recipe || best.FittedWeight is not double[] weight || best.FittedBias is not double[] bias
            || request.RunningMean is not double[] mean || mean.Length != weight.Length || !recipe.Affine.Weight.Map!.Equals(recipe.Grouping.Sets)
            || recipe.Core is not { Center: Center.Mean, Spread: Spread.Variance })
            return null;
        SetMoments moments = problem.ViewOf(0, 0, CancellationToken.None).MomentsOf(recipe.Grouping.Sets, NumberFormat.Float64);
        string Text(Func<int, (double Mean, double Variance)> of) => string.Join(", ", Enumerable.Range(0, Math.Min(4, mean.Length)).Select(c =>
        {
            (double m, double v) = of(c);
            return $"{Names.Number(m)} and {Names.Number(v)}";
        }));
        (double, double) Implied(int c)
        {
            // y = slope * x + start, with slope = gamma / sqrt(var + eps) and start = beta - mean * slope.
            double slope = weight[c] / Math.Sqrt(moments.Variance[c] + recipe.Eps), start = bias[c] - (slope * moments.Mean[c]);
            double gamma = request.Weight is double[] w && w.Length == weight.Length ? w[c] : 1, beta = request.Bias is double[] b && b.Length == weight.Length ? b[c] : 0;
            return ((beta - start) / slope, (gamma / slope * (gamma / slope)) - 1e-5);
        }
        return $"If weight and bias are as given, the statistics used were not: mean and variance of the first channels {Text(Implied)}, where {Text(c => (mean[c], request.RunningVar![c]))} were given. "
            + "Stale running statistics look so.";
    }

    private static bool Wild(IReadOnlyList<double> weights)
    {
        double[] sizes = [.. weights.Where(double.IsFinite).Select(Math.Abs).Where(size => size > 0)];
        return sizes.Length > 1 && sizes.Max() / sizes.Min() > 1e8;
    }

    private static string Where(Problem problem)
    {
        if (problem.Shape.Length < 2)
            return "some of them";
        int[] counts = new int[problem.Channels.Count];
        for (int i = 0; i < problem.Length; i++)
            counts[problem.Channels.At(i)] += double.IsFinite(problem.Output[i]) ? 0 : 1;
        int[] channels = [.. Enumerable.Range(0, counts.Length).Where(c => counts[c] > 0)];
        bool isWhole = channels.All(c => counts[c] == problem.Length / counts.Length);
        return $"{(isWhole ? "all of" : "in")} {(channels.Length == 1 ? "channel" : "channels")} {string.Join(", ", channels.Take(8))}{(channels.Length > 8 ? ", ..." : "")}";
    }
}
