namespace NormKit.Diagnosis.Search;

/// <summary>
/// The factor that fits each set best, whatever made it: out = a * (x - center) * weight + bias. How well that fits is a bound for every
/// divisor and eps, and the factors of all sets together tell which.
/// </summary>
/// <param name="Slope">The factor of each set, NaN where it has none.</param>
/// <param name="Information">How much each set knows of its factor: the sum of squares of what it multiplies.</param>
/// <param name="Rest">The sum of squares that no factors explain, as shares of the channels' scales.</param>
/// <param name="Count">How many elements were compared.</param>
internal sealed record ScaleFit(double[] Slope, double[] Information, double Rest, int Count)
{
    /// <summary>The least error that any divisor and eps can have.</summary>
    public double Bound => Math.Sqrt(Rest / Math.Max(1, Count - Slope.Count(slope => !double.IsNaN(slope))));

    public static ScaleFit Of(Problem problem, View view, Recipe recipe, double[] center)
    {
        double[] x = view.InputIn(recipe.Roundings.ElementsInput);
        Cells sets = view.CellsOf(recipe.Grouping.Sets);
        int[] set = sets.Each;
        (double[] factor, double[] summand) = problem.ValuesOf(view, recipe.Affine, recipe.Roundings);
        double[]? outside = recipe.Fold switch
        {
            FoldFault.MeanNotScaled => sets.Gather(Array.ConvertAll(problem.RunningMean!, value => -value)),
            FoldFault.ConvolutionBiasNotScaled => sets.Gather(problem.ConvolutionBias!),
            _ => null,
        };
        double[] products = new double[center.Length], squares = new double[center.Length];
        double[] source = new double[x.Length], target = new double[x.Length];
        int count = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double s = (x[i] - center[set[i]]) * factor[i] / view.Scales[i];
            double t = (view.Y[i] - summand[i] - (outside is null ? 0 : outside[set[i]])) / view.Scales[i];
            if (!view.IsCompared[i] || !double.IsFinite(s) || !double.IsFinite(t))
            {
                source[i] = double.NaN;
                continue;
            }
            (source[i], target[i]) = (s, t);
            products[set[i]] += s * t;
            squares[set[i]] += s * s;
            count++;
        }
        double[] slope = new double[center.Length];
        for (int k = 0; k < slope.Length; k++)
            slope[k] = squares[k] > 0 ? products[k] / squares[k] : double.NaN;
        double rest = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (double.IsNaN(source[i]))
                continue;
            double difference = target[i] - (double.IsNaN(slope[set[i]]) ? 0 : slope[set[i]] * source[i]);
            rest += difference * difference;
        }
        return new(slope, squares, rest, count);
    }

    /// <summary>The error of given factors.</summary>
    public double ErrorOf(double[] squared, double eps, EpsPlace place)
    {
        double sum = Rest;
        for (int set = 0; set < Slope.Length; set++)
        {
            if (double.IsNaN(Slope[set]))
                continue;

            // NaN where the output has numbers: as wrong as 0.
            double factor = Statistics.Factor(squared[set], eps, place), difference = Slope[set] - (double.IsNaN(factor) ? 0 : factor);
            sum += Information[set] * difference * difference;
        }
        return Math.Sqrt(sum / Math.Max(1, Count));
    }

    /// <summary>How uncertain each set's factor is: by the noise of its elements, and by the rounding of the factor itself.</summary>
    public double[] Variances(double unit)
    {
        double noise = Math.Max(Rest / Math.Max(1, Count), unit * unit);
        double[] variances = new double[Slope.Length];
        for (int set = 0; set < variances.Length; set++)
            variances[set] = double.IsNaN(Slope[set]) ? double.NaN : (noise / Information[set]) + (unit * Slope[set] * unit * Slope[set]);
        return variances;
    }
}
