using NormKit.Diagnosis.Numbers;

namespace NormKit.Diagnosis.Search;

/// <summary>
/// Recognizes E[x^2] - E[x]^2 in float whatever the order of its sums was: each set then has a factor of its own, and what that says of the variance
/// is off by some units of float of the mean square, which is far more than units of the variance where the mean is large.
/// </summary>
internal static class UnknownOrder
{
    /// <summary>The least offset, as the square of mean over deviation, at which the error is larger than others.</summary>
    private const double LeastOffset = 4;
    private const double LeastUnits = 0.02;

    /// <summary>Whether the factors of the sets scatter so.</summary>
    public static bool Fits(Problem problem, View view, Recipe recipe, ScaleFit fit)
    {
        if (fit.Bound > problem.ComputingUnit * Finder.RoundingFactor && !problem.OutputFormat.Is16Bit())
            return false;
        SetMoments moments = view.MomentsOf(recipe.Grouping.Sets, recipe.Roundings.MomentsInput);
        double unit = NumberFormat.Float32.Unit(), n = recipe.Grouping.SetSize;
        List<double> units = [], shares = [], offsets = [];
        for (int set = 0; set < fit.Slope.Length; set++)
        {
            if (!(fit.Slope[set] > 0) || !(moments.Variance[set] > 0))
                continue;
            double off = Math.Abs((1 / (fit.Slope[set] * fit.Slope[set])) - recipe.Eps - moments.Variance[set]);
            double meanSquare = moments.Variance[set] + (moments.Mean[set] * moments.Mean[set]);
            units.Add(off / (unit * meanSquare));
            shares.Add(off / (unit * moments.Variance[set]));
            offsets.Add(moments.Mean[set] * moments.Mean[set] / moments.Variance[set]);
        }
        if (units.Count < 3)
            return false;
        units.Sort();
        shares.Sort();
        offsets.Sort();
        int middle = units.Count / 2;
        return offsets[middle] > LeastOffset && shares[middle] > Finder.RoundingFactor && units[middle] > LeastUnits && units[^1] <= Math.Max(64, n);
    }
}
