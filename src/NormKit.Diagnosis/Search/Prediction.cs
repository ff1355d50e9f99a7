using NormKit.Diagnosis.Numbers;

namespace NormKit.Diagnosis.Search;

/// <summary>What a hypothesis says that the output is, and how far that is from the output found.</summary>
/// <param name="Hypothesis">What was supposed.</param>
/// <param name="Values">The output that follows, for each element of the view.</param>
internal sealed record Prediction(Hypothesis Hypothesis, double[] Values)
{
    /// <summary>Root mean square of the differences, each a share of its channel's scale.</summary>
    public double Error { get; init; }

    /// <summary>How many numbers were fitted.</summary>
    public int Fitted { get; init; }

    /// <summary>The weights found by least squares, where they were.</summary>
    public double[]? FittedWeight { get; init; }

    public double[]? FittedBias { get; init; }

    /// <summary>Elements of the output that are NaN or infinite where a number is predicted.</summary>
    public int Missed { get; init; }

    public static Prediction Of(Problem problem, View view, Recipe recipe)
    {
        Statistics statistics = Statistics.Of(problem, view, recipe);
        double[] values = Normalized(problem, view, recipe, statistics);
        double[]? fittedWeight = null, fittedBias = null;
        int fitted = recipe.Roundings.Fast == FastVariance.UnknownOrder ? view.CellsOf(recipe.Grouping.Sets).Count : 0;
        double[] factor, summand;
        if (recipe.Affine.IsFitted)
        {
            (factor, summand, fittedWeight, fittedBias, int count) = LeastSquares.Fit(problem, view, recipe, values);
            fitted += count;
        }
        else
        {
            (factor, summand) = problem.ValuesOf(view, recipe.Affine, recipe.Roundings);
        }
        double[]? extra = ExtraSummands(problem, view, recipe);
        for (int i = 0; i < values.Length; i++)
        {
            double product = values[i] * factor[i];
            if (extra is not null)
                product += recipe.Fold == FoldFault.MeanNotScaled ? -extra[i] : extra[i];
            values[i] = recipe.Roundings.IsTruncated ? Formats.Truncate(product + summand[i], recipe.Roundings.Output) : Formats.Round(product + summand[i], recipe.Roundings.Output);
        }
        return Measure(view, new(recipe, values) { Fitted = fitted, FittedWeight = fittedWeight, FittedBias = fittedBias });
    }

    private static double[] Normalized(Problem problem, View view, Recipe recipe, Statistics statistics)
    {
        double[] x = view.InputIn(recipe.Roundings.ElementsInput);
        double[] values = new double[x.Length];
        int[] set = view.CellsOf(recipe.Grouping.Sets).Each;
        double[] center = statistics.Center, factors = recipe.Roundings.Fast == FastVariance.UnknownOrder
            ? ScaleFit.Of(problem, view, recipe, statistics.Center).Slope : statistics.Factors(recipe);
        if (recipe.Roundings.Statistics != NumberFormat.Float64)
            center = Array.ConvertAll(center, value => Formats.Round(value, recipe.Roundings.Statistics));
        double after = recipe.Place == EpsPlace.After ? recipe.Eps : 0;
        for (int i = 0; i < x.Length; i++)
            values[i] = ((x[i] - center[set[i]]) * factors[set[i]]) + after;
        Formats.Round(values, recipe.Roundings.Normalized);
        return values;
    }

    /// <summary>What a wrongly folded convolution leaves outside the factor.</summary>
    private static double[]? ExtraSummands(Problem problem, View view, Recipe recipe)
    {
        double[]? perChannel = recipe.Fold switch
        {
            FoldFault.MeanNotScaled => problem.RunningMean,
            FoldFault.ConvolutionBiasNotScaled => problem.ConvolutionBias,
            _ => null,
        };
        return perChannel is null ? null : Array.ConvertAll(view.NumbersOf(recipe.Grouping.Sets), channel => perChannel[channel]);
    }

    /// <summary>Measures how far predicted values are from the output.</summary>
    public static Prediction Measure(View view, Prediction prediction)
    {
        double[] values = prediction.Values;
        double squares = 0;
        int missed = 0, compared = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (!view.IsCompared[i])
            {
                missed += double.IsFinite(values[i]) ? 1 : 0;
                continue;
            }

            // NaN where a number should be counts as a difference as large as the output.
            double share = double.IsFinite(values[i]) ? (values[i] - view.Y[i]) / view.Scales[i] : 1;
            squares += share * share;
            compared++;
        }
        return prediction with { Error = Math.Sqrt(squares / Math.Max(1, compared - prediction.Fitted)), Missed = missed };
    }
}
