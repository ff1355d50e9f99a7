using NormKit.Diagnosis.Search;
using NormKit.Diagnosis.Sharing;
using NormKit.Diagnosis.Words;

namespace NormKit.Diagnosis;

/// <summary>Turns predictions into findings.</summary>
internal sealed class Findings(Problem problem, Hypothesis? reference, Residual original, double roundingError)
{
    public Finding Of(Prediction prediction)
    {
        Residual residual = Residuals.Of(prediction.Values, problem.Output, problem.OutputFormat);
        return prediction.Hypothesis is LocalResponse window ? OfWindow(prediction, window, residual) : OfRecipe(prediction, (Recipe)prediction.Hypothesis, residual);
    }

    private Finding OfRecipe(Prediction prediction, Recipe recipe, Residual residual)
    {
        Reading reading = Costs.ReadingOf(problem, recipe).Reading;
        string layer = Names.Layer(reading, recipe.Core, problem.Shape);
        List<Cause> causes = Causes.Of(problem, recipe, reading, reference as Recipe);
        if (prediction.Missed == 0 && !causes.Exists(cause => cause.Kind == CauseKind.Poisoned) && problem.Output.Any(double.IsNaN) && recipe.Affine.IsFitted
            && prediction.FittedWeight?.Any(double.IsNaN) == true)
            causes.Add(new(CauseKind.Poisoned, "with weights that are NaN"));
        bool hasEps = recipe.Core.Spread != Spread.One;
        return new()
        {
            Text = Text(layer, hasEps ? recipe : null, causes),
            Layer = layer,
            Kind = Names.KindOf(reading, recipe.Core),
            Groups = reading.Groups > 0 ? reading.Groups : null,
            Axes = reading.Axes,
            ChannelsLast = reading.Order == ChannelOrder.Last,
            IsEvaluation = recipe.Core.UsesRunning,
            Eps = hasEps ? recipe.Eps : double.NaN,
            LeastEps = recipe.EpsRange.Least,
            MostEps = recipe.EpsRange.Most,
            P = recipe.Core.Spread == Spread.Norm ? recipe.Core.P : 0,
            Causes = causes,
            SameAs = [.. SameAs(recipe, reading).Distinct().Where(name => name != layer)],
            Residual = residual,
            Explained = Explained(residual),
            FittedWeight = prediction.FittedWeight,
            FittedBias = prediction.FittedBias,
            IsRounding = IsRounding(prediction),
            MissedNonFinite = prediction.Missed,
        };
    }

    private Finding OfWindow(Prediction prediction, LocalResponse window, Residual residual)
    {
        string layer = $"LocalResponseNorm of size {window.Size}{(window.ChannelsLast ? ", channels last" : "")}";
        List<Cause> causes = [];
        LocalResponse? expected = reference as LocalResponse;
        if (window.Window == WindowKind.Running)
            causes.Add(new(CauseKind.RunningWindow, "with CrossMapLRN2d's window, which never drops channel 0"));
        if (window.Size % 2 == 0 && window.Window != (expected?.Window ?? WindowKind.PyTorch) && window.Window != WindowKind.Running)
            causes.Add(new(CauseKind.MirroredWindow, $"with the window of {window.Size} channels leaning to the {(window.Window == WindowKind.Onnx ? "higher ones, as ONNX's" : "lower ones, as PyTorch's")}"));
        double alpha = expected?.Alpha ?? 1e-4;
        bool isSum = window.Size > 1 && Math.Abs(window.Alpha - (alpha * window.Size)) <= 1e-3 * window.Alpha;
        if (isSum)
            causes.Add(new(CauseKind.WindowSum, $"with alpha {Names.Number(alpha)} times the sum of the window where PyTorch takes its mean"));
        if (expected is not null && (window.Size != expected.Size || window.ChannelsLast != expected.ChannelsLast || window.Beta != expected.Beta || window.K != expected.K
            || (!isSum && Math.Abs(window.Alpha - expected.Alpha) > 1e-3 * expected.Alpha)))
            causes.Add(new(CauseKind.OtherConstants, $"with size {window.Size}, alpha {Names.Number(window.Alpha)}, beta {Names.Number(window.Beta)} and k {Names.Number(window.K)}"));
        if (window.LeftOut is bool[] leftOut)
        {
            bool isPower = Math.Abs(window.LeftOutDivisor - Math.Pow(window.K, window.Beta)) <= 1e-5 * window.LeftOutDivisor;
            causes.Add(new(CauseKind.ChannelsLeftOut, $"in {Channels(leftOut, false)} alone; {Channels(leftOut, true)} {(leftOut.Count(isOut => isOut) == 1 ? "is" : "are")} the input"
                + (window.LeftOutDivisor == 1 ? ", not normalized" : $" divided by {Names.Number(window.LeftOutDivisor)}{(isPower ? ", which is k^beta: the window was not summed there" : "")}")));
        }
        if (expected is null && problem.Expected is not null)
            causes.Add(new(CauseKind.OtherLayer, $"not the {problem.Expected.Kind} expected"));
        return new()
        {
            Text = $"{layer}, alpha {Names.Number(window.Alpha)}, beta {Names.Number(window.Beta)}, k {Names.Number(window.K)}{string.Concat(causes.Select(cause => ", " + cause.Text))}",
            Layer = layer,
            Kind = NormalizationKind.LocalResponseNorm,
            ChannelsLast = window.ChannelsLast,
            Eps = double.NaN,
            Size = window.Size,
            Window = (window.Alpha, window.Beta, window.K),
            Causes = causes,
            Residual = residual,
            Explained = Explained(residual),
            IsRounding = IsRounding(prediction),
            MissedNonFinite = prediction.Missed,
        };
    }

    private static string Channels(bool[] leftOut, bool isOut)
    {
        int[] channels = [.. Enumerable.Range(0, leftOut.Length).Where(channel => leftOut[channel] == isOut)];
        return $"{(channels.Length == 1 ? "channel" : "channels")} {string.Join(", ", channels.Take(8))}{(channels.Length > 8 ? ", ..." : "")}";
    }

    private double Explained(Residual residual) => original.SumAbs > 0 ? 1 - (residual.SumAbs / original.SumAbs) : double.NaN;

    private bool IsRounding(Prediction prediction) => prediction.Error <= roundingError;

    private static string Text(string layer, Recipe? recipe, List<Cause> causes)
    {
        string eps = recipe is null || causes.Exists(cause => cause.Kind is CauseKind.Eps or CauseKind.EpsClamp or CauseKind.EpsAfterDivision)
            ? "" : $" {(layer.Contains(" with ", StringComparison.Ordinal) ? "and" : "with")} eps {Names.Number(recipe.Eps)}";
        return $"{layer}{eps}{string.Concat(causes.Select(cause => ", " + cause.Text))}";
    }

    /// <summary>Other names of the same sets with the same weights.</summary>
    private IEnumerable<string> SameAs(Recipe recipe, Reading chosen)
    {
        // One weight for all is laid over any sets alike.
        bool isScalar = recipe.Affine.Weight.Spreading == Spreading.Scalar || recipe.Affine.Bias.Spreading == Spreading.Scalar;
        IndexMap? weights = isScalar ? null : recipe.Affine.Weight.Map ?? recipe.Affine.Bias.Map;

        // A 2-norm is the root mean square times a number that a fitted weight takes up.
        if (recipe is { Core.IsRms: true, Affine.Weight.IsFitted: true, Eps: var eps } && (eps == 0 || recipe.EpsRange.Least == 0 || eps <= 1e-6))
            yield return Names.Layer(chosen, new(Center.None, Spread.Norm, 2), problem.Shape);
        foreach (Reading reading in recipe.Grouping.Readings)
        {
            if (reading == chosen || (weights is not null && !weights.Equals(reading.Weights)) || reading.Cost > chosen.Cost + 3)
                continue;
            if (recipe.Core.UsesRunning && reading.Kind != NormalizationKind.BatchNorm)
                continue;
            yield return Names.Layer(reading, recipe.Core, problem.Shape);
        }
    }
}
