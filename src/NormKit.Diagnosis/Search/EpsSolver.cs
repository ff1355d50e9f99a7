namespace NormKit.Diagnosis.Search;

/// <summary>An eps found, and how far it can be told.</summary>
/// <param name="Eps">The value.</param>
/// <param name="Least">The least that gives the same output to rounding.</param>
/// <param name="Most">The largest.</param>
internal readonly record struct EpsFound(double Eps, double Least, double Most);

/// <summary>Finds eps from the factors of the sets, by weighted least squares, and prefers a value that people write where one is near.</summary>
internal static class EpsSolver
{
    /// <summary>So many standard errors count as the same.</summary>
    private const double Confidence = 4;
    private const int MostSteps = 30;
    private const int MostHalvings = 6;

    /// <summary>Values that programs use, the most usual first.</summary>
    private static readonly double[] Usual =
        [1e-5, 0, 1e-6, 1e-3, 1e-12, 1e-8, 1.1920928955078125e-7, 1e-4, 1e-7, 1e-2, 1e-10, 0.1, 1, 1e-16, 2.220446049250313e-16, 1e-9, 1e-20, 0.0078125, 0.0009765625];

    public static EpsFound Solve(ScaleFit fit, double[] squared, EpsPlace place, double unit, double? expected, bool prefersNear = false)
    {
        double[] variances = fit.Variances(unit);
        double eps = place == EpsPlace.Clamp ? Clamp(fit, squared, variances) : Descend(fit, squared, variances, place);
        (double slope, double least) = (Information(fit, squared, variances, eps, place), 0.0);
        double error = slope > 0 ? Confidence / Math.Sqrt(slope) : double.PositiveInfinity;
        if (place == EpsPlace.Clamp)
            error = Math.Max(unit * 16, 1e-9) * eps;
        least = Math.Max(0, eps - error);
        double most = Math.Max(0, eps) + error;
        double value = Round(Math.Max(0, eps), least, most, expected);

        // Where few elements leave a wide range, a usual value near the middle is likelier than the default at its end.
        if (prefersNear && place != EpsPlace.Clamp && Math.Abs(value - eps) > error / Confidence)
        {
            double near = Round(Math.Max(0, eps), Math.Max(0, eps - (error / Confidence)), Math.Max(0, eps) + (error / Confidence), expected);
            value = IsUsual(near) ? near : value;
        }
        return new(value, least, most);
    }

    /// <summary>Whether programs use this value.</summary>
    public static bool IsUsual(double eps) => Usual.Contains(eps);

    /// <summary>The value in a range that people would write.</summary>
    public static double Round(double eps, double least, double most, double? expected)
    {
        if (expected is double known && known >= least && known <= most)
            return known;
        foreach (double usual in Usual)
        {
            if (usual >= least && usual <= most)
                return usual;
        }
        if (!double.IsFinite(eps) || eps <= 0)
            return Math.Max(0, eps);
        for (int digits = 1; digits <= 6; digits++)
        {
            double unit = Math.Pow(10, Math.Floor(Math.Log10(eps)) - digits + 1), rounded = Math.Round(eps / unit) * unit;
            rounded = double.Parse(rounded.ToString("g" + digits, System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);
            if (rounded >= least && rounded <= most)
                return rounded;
        }
        return eps;
    }

    private static double Objective(ScaleFit fit, double[] squared, double[] variances, double eps, EpsPlace place)
    {
        double sum = 0;
        for (int set = 0; set < squared.Length; set++)
        {
            if (double.IsNaN(variances[set]) || double.IsNaN(squared[set]))
                continue;
            double difference = fit.Slope[set] - Statistics.Factor(squared[set], eps, place);
            sum += difference * difference / variances[set];
        }
        return sum;
    }

    /// <summary>The derivative of a factor by eps.</summary>
    private static double Derivative(double squared, double eps, EpsPlace place) => place == EpsPlace.Inside
        ? -0.5 * Math.Pow(squared + eps, -1.5)
        : -Math.Pow(Math.Sqrt(squared) + eps, -2);

    private static double Information(ScaleFit fit, double[] squared, double[] variances, double eps, EpsPlace place)
    {
        double sum = 0;
        for (int set = 0; set < squared.Length; set++)
        {
            if (double.IsNaN(variances[set]) || double.IsNaN(squared[set]))
                continue;
            double derivative = Derivative(squared[set], eps, place);
            if (double.IsFinite(derivative))
                sum += derivative * derivative / variances[set];
        }
        return sum;
    }

    /// <summary>Gauss and Newton's steps from the best of a grid. May end a little below 0 where the true value is 0.</summary>
    private static double Descend(ScaleFit fit, double[] squared, double[] variances, EpsPlace place)
    {
        double best = 0, bestValue = Objective(fit, squared, variances, 0, place);
        for (int exponent = -12; exponent <= 2; exponent++)
        {
            double eps = Math.Pow(10, exponent), value = Objective(fit, squared, variances, eps, place);
            if (value < bestValue)
                (best, bestValue) = (eps, value);
        }
        double least = squared.Where((value, set) => !double.IsNaN(variances[set]) && !double.IsNaN(value)).DefaultIfEmpty(0).Min();
        double floor = place == EpsPlace.Inside ? -least / 2 : -Math.Sqrt(least) / 2;
        for (int step = 0; step < MostSteps; step++)
        {
            double gradient = 0, curvature = 0;
            for (int set = 0; set < squared.Length; set++)
            {
                if (double.IsNaN(variances[set]) || double.IsNaN(squared[set]))
                    continue;
                double derivative = Derivative(squared[set], best, place);
                if (!double.IsFinite(derivative))
                    continue;
                gradient += derivative * (fit.Slope[set] - Statistics.Factor(squared[set], best, place)) / variances[set];
                curvature += derivative * derivative / variances[set];
            }
            if (curvature == 0)
                break;
            double length = gradient / curvature, next = best, value = double.PositiveInfinity;

            // A full step may lead too far where sets of small variance decide.
            for (int halving = 0; halving < MostHalvings && !(value < bestValue); halving++, length /= 2)
            {
                next = Math.Max(floor, best + length);
                value = Objective(fit, squared, variances, next, place);
            }
            if (!(value < bestValue))
                break;
            (best, bestValue) = (next, value);
        }
        return best;
    }

    /// <summary>The deviation below which the factors stop rising: the mean of what the sets divide by where that is more than their own.</summary>
    private static double Clamp(ScaleFit fit, double[] squared, double[] variances)
    {
        double sum = 0, weights = 0;
        for (int set = 0; set < squared.Length; set++)
        {
            double divisor = 1 / fit.Slope[set];
            if (double.IsNaN(variances[set]) || !(divisor > Math.Sqrt(squared[set]) * 1.001))
                continue;
            double weight = Math.Pow(fit.Slope[set], 4) / variances[set];
            sum += weight * divisor;
            weights += weight;
        }
        return weights == 0 ? 0 : sum / weights;
    }
}
