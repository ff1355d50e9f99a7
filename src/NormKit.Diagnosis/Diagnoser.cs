using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Search;
using NormKit.Diagnosis.Sharing;
using NormKit.Diagnosis.Words;

namespace NormKit.Diagnosis;

/// <summary>Finds which normalization made an output of an input, and what it did otherwise than a textbook.</summary>
/// <remarks>
/// A normalization's output is, in each set of elements that share statistics, a straight line of the input, times a weight. So each grouping is
/// tested by how well such lines fit, and their slopes, set by set, say what was divided by: the variance and its divisor, eps and its
/// place. What is left is compared with rounding. A search in this order costs a few passes over a sample; the best are checked on everything.
/// </remarks>
public static class Diagnoser
{
    /// <summary>The least relative error at which the nearest hypothesis counts as no answer.</summary>
    private const double NotNear = 1e-2;

    /// <summary>The largest error on a sample that may be an answer on everything.</summary>
    private const double MayBeNear = 0.1;

    private const double FitsBetter = 0.7;

    /// <summary>Errors so near to each other are the same.</summary>
    private const double TieFactor = 1.25;

    /// <summary>Diagnoses one output.</summary>
    /// <param name="request">Input, output and what is known.</param>
    /// <param name="progress">Is told the share that is done.</param>
    /// <param name="stop">Ends the search.</param>
    /// <exception cref="ArgumentException">Arrays do not fit each other, or hold nothing that could be compared.</exception>
    public static DiagnosisResult Diagnose(DiagnosisRequest request, IProgress<double>? progress = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequestCheck.Require(request);
        List<string> notes = [];
        (Problem problem, List<Prediction> found, View whole, bool wasMoved) = Search(request, progress, stop);
        Finder finder = new(problem, null, stop);
        Prediction best = found[0];
        Hypothesis reference = problem.Expected is ExpectedLayer expected ? Expectation.Of(problem, expected) : Textbook.Of(problem, best.Hypothesis);
        Residual original = Residuals.Of(reference.Predict(problem, whole).Values, problem.Output, problem.OutputFormat);
        double roundingError = RoundingError(problem, best);
        Findings findings = new(problem, reference, original, roundingError);
        List<Finding> all = InParallel.Map(found, prediction => (Finding[])[findings.Of(prediction)], stop);
        if (wasMoved)
            all = [.. all.Select(finding => finding.Moved())];
        List<Finding> tried = [.. all.DistinctBy(finding => finding.Text)];
        List<Finding> ties = [.. TiesOf(problem, finder, found).Select(tie => all[found.IndexOf(tie)]).Where(tie => tried.Contains(tie) && !AddsToBest(tried[0], tie))];
        Verdict verdict = best.Error <= roundingError ? Verdict.Explained : best.Error <= NotNear ? Verdict.Nearly : Verdict.NoneOfThese;
        PlainOutput? plain = problem.Plain;
        if (plain is not null && (verdict != Verdict.Explained || !plain.MayBeOf(problem, whole, best.Hypothesis)))
            verdict = plain.IsLine ? Verdict.Line : Verdict.NotNormalized;
        else if (plain?.NoteOf(problem, best.Hypothesis) is string note)
            notes.Add(note);
        (double correctlyRounded, double meanSignedUlp) = Residuals.RoundingOf(ExactOf(problem, whole, best), problem.Output, problem.OutputFormat);
        ResidualLook look = Looks.Of(problem, whole, best.Values, (best.Hypothesis as Recipe)?.Grouping.Sets);
        string referenceText = problem.Expected is not null ? "the layer expected" : reference is Recipe recipe
            ? $"{Names.Layer(Costs.ReadingOf(problem, recipe).Reading, recipe.Core, problem.Shape)} with eps {Names.Number(recipe.Eps)}"
            : "LocalResponseNorm of size 5 with PyTorch's constants";
        notes.AddRange(Notes.Of(problem, best, tried[0], verdict));
        if (verdict is Verdict.Nearly or Verdict.NoneOfThese || best.Hypothesis is Recipe { Affine.IsFitted: true } && verdict == Verdict.Explained)
            notes.AddRange(Exchange.NoteOf(request, stop));
        return new()
        {
            Verdict = verdict,
            Sentence = verdict is Verdict.NotNormalized or Verdict.Line ? plain!.Sentence : Sentence.Of(verdict, tried[0], ties, original, look, problem),
            Best = tried[0],
            Ties = verdict == Verdict.NotNormalized ? [] : verdict == Verdict.Line ? [.. tried.Where(finding => finding.IsRounding && IsOneLine(finding, found, all))] : ties,
            Tried = tried,
            Reference = referenceText,
            Original = original,
            Look = look,
            CorrectlyRounded = correctlyRounded,
            MeanSignedUlp = meanSignedUlp,
            Momentum = Momentum.Of(problem, whole),
            Advice = verdict is Verdict.NoneOfThese or Verdict.NotNormalized or Verdict.Line ? [] : Advice.Of(problem.Shape, tried[0], problem.Request.Weight is not null || problem.Request.Bias is not null),
            Changes = verdict is Verdict.NotNormalized or Verdict.Line ? [plain!.Change] : verdict == Verdict.NoneOfThese ? [] : [.. tried[0].Causes.Select(cause => Changes.Of(cause.Kind)).OfType<string>().Distinct()],
            Notes = notes,
            UlpFormat = problem.OutputFormat,
        };
    }

    /// <summary>Says which of two outputs is nearer to the exact one, and why each is off.</summary>
    /// <param name="request">The input and the first output; what is expected must be given.</param>
    /// <param name="second">The second output, in the input's shape.</param>
    /// <param name="secondFormat">The type that it was stored in.</param>
    /// <param name="secondShape">Its shape, where it is another than the input's.</param>
    /// <param name="progress">Is told the share that is done.</param>
    /// <param name="stop">Ends the search.</param>
    /// <exception cref="ArgumentException">Arrays do not fit each other, or no layer is expected.</exception>
    public static TwoSidedResult Compare(
        DiagnosisRequest request, double[] second, NumberFormat secondFormat, int[]? secondShape = null, IProgress<double>? progress = null,
        CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(second);
        if (request.Expected is null)
            throw new ArgumentException("Two outputs are compared by what the layer expected makes of the input; no layer is expected.", nameof(request));
        DiagnosisRequest other = request.WithOutput(second, secondFormat, secondShape);
        RequestCheck.Require(request);
        RequestCheck.Require(other);
        DiagnosisResult a = Diagnose(request, new Part(progress, 0), stop), b = Diagnose(other, new Part(progress, 0.5), stop);
        Residual between = Residuals.Of(
            Layouts.InOrderOfInput(request), Layouts.InOrderOfInput(other), request.OutputFormat.Unit() > secondFormat.Unit() ? request.OutputFormat : secondFormat);
        return new(Sentence.OfTwo(a, b), a, b, a.Original, b.Original, between);
    }

    /// <summary>Half of a longer progress.</summary>
    private sealed class Part(IProgress<double>? whole, double start) : IProgress<double>
    {
        public void Report(double value) => whole?.Report(start + (value / 2));
    }

    /// <summary>The search, and where it finds nothing, the same with the output's memory taken in the other layout.</summary>
    private static (Problem Problem, List<Prediction> Found, View Whole, bool WasMoved) Search(
        DiagnosisRequest request, IProgress<double>? progress, CancellationToken stop)
    {
        double[] output = Layouts.InOrderOfInput(request);
        Problem problem = new(request, output);
        View whole = problem.ViewOf(0, 0, stop);
        if (whole.ComparedCount == 0)
            throw new ArgumentException("The output holds no finite number; there is nothing to compare.", nameof(request));
        List<Prediction> found = new Finder(problem, progress, stop).Run(() => whole);
        if (found[0].Error <= NotNear || request.OutputShape is not null || request.Shape.Length < 3)
            return (problem, found, whole, false);
        foreach (double[] moved in Layouts.Other(request.Shape, request.Output))
        {
            Problem other = new(request, moved);
            Lazy<View> otherWhole = new(() => other.ViewOf(0, 0, stop));
            List<Prediction> otherFound = new Finder(other, progress: null, stop).Run(() => otherWhole.Value, MayBeNear);
            if (otherFound.Count > 0 && otherFound[0].Error < Math.Min(NotNear, found[0].Error / 10))
                return (other, otherFound, otherWhole.Value, true);
        }
        return (problem, found, whole, false);
    }

    /// <summary>The error that is rounding: of the format, and of the mean where that is far from 0.</summary>
    private static double RoundingError(Problem problem, Prediction best)
    {
        if (problem.OutputFormat.Is16Bit())
            return problem.OutputFormat.Unit() * 1.5;
        double factor = 1;
        if (best.Hypothesis is Recipe { Core.Center: Center.Mean } recipe && problem.InputFormat != NumberFormat.Float64)
        {
            SetMoments moments = problem.ViewOf(4096, 1, CancellationToken.None).MomentsOf(recipe.Grouping.Sets, NumberFormat.Float64);
            double[] offsets = [.. moments.Mean.Zip(moments.Variance, (mean, variance) => Math.Abs(mean) / Math.Sqrt(variance + recipe.Eps)).Where(double.IsFinite).Order()];
            factor += offsets.Length == 0 ? 0 : offsets[offsets.Length / 2];
        }
        return problem.ComputingUnit * Finder.RoundingFactor * Math.Min(factor, 1e4);
    }

    /// <summary>What the layer found comes to without roundings on the way.</summary>
    private static double[] ExactOf(Problem problem, View whole, Prediction found) => found.Hypothesis switch
    {
        Recipe recipe when recipe.Roundings != Roundings.None => (recipe with { Roundings = Roundings.None }).Predict(problem, whole).Values,
        LocalResponse { Output: not NumberFormat.Float64 } window => (window with { Output = NumberFormat.Float64 }).Predict(problem, whole).Values,
        _ => found.Values,
    };

    private static bool IsOneLine(Finding finding, List<Prediction> found, List<Finding> all) => found[all.IndexOf(finding)].Hypothesis is Recipe { Grouping.Sets.Count: 1 };

    /// <summary>Whether a finding is the best with more causes, which then do nothing: it leaves as much.</summary>
    private static bool AddsToBest(Finding best, Finding other) => other.Layer == best.Layer && other.Causes.Count > best.Causes.Count
        && other.Residual.RootMeanSquare > FitsBetter * best.Residual.RootMeanSquare && best.Causes.All(cause => other.Causes.Any(more => more.Kind == cause.Kind));

    /// <summary>What leaves no more than the best does.</summary>
    private static IEnumerable<Prediction> TiesOf(Problem problem, Finder finder, List<Prediction> found)
    {
        Prediction best = found[0];
        if (best.Error > NotNear)
            yield break;
        bool bestIsOdd = best.Hypothesis is Recipe recipe && Costs.IsOddEps(problem, recipe);
        bool bestIsFitted = bestIsOdd || best.Hypothesis is Recipe { Affine.IsFitted: true };
        foreach (Prediction other in found.Skip(1))
        {
            // What has more numbers to fit with fits as well by itself.
            if ((!bestIsFitted && other.Hypothesis is Recipe { Affine.IsFitted: true }) || other.Fitted > best.Fitted + (bestIsOdd ? 1 : 0))
                continue;
            double floor = finder.Floor();
            if (Math.Max(other.Error, floor) <= TieFactor * Math.Max(best.Error, floor) && other.Missed == best.Missed)
                yield return other;
        }
    }
}
