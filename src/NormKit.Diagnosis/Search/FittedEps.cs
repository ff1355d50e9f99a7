namespace NormKit.Diagnosis.Search;

/// <summary>Eps where weights are fitted too: the value that leaves the least error, by trial.</summary>
internal static class FittedEps
{
    private const int Bisections = 16;

    /// <summary>An error so little larger than the least still counts as the same.</summary>
    private const double SameError = 1.02;

    /// <summary>The recipe with the eps found, or its own where the weights take up any.</summary>
    public static Recipe Solve(Problem problem, View view, Recipe recipe)
    {
        if (recipe.Core.Spread == Spread.One)
            return recipe;
        double floor = problem.ComputingUnit / 2;
        double Error(double eps) => Math.Max(floor, (recipe with { Eps = eps }).Predict(problem, view).Error);
        double usualError = Error(Costs.DefaultEps(problem, recipe.Core));
        double best = 0, least = Error(0);
        for (int exponent = -12; exponent <= 1; exponent++)
        {
            double eps = Math.Pow(10, exponent), error = Error(eps);
            if (error < least)
                (best, least) = (eps, error);
        }
        if (best > 0 && usualError > floor * 4)
        {
            double from = Math.Log(best) - 2.4, to = Math.Log(best) + 2.4;
            for (int step = 0; step < Bisections; step++)
            {
                double a = from + ((to - from) * 0.382), b = from + ((to - from) * 0.618);
                if (Error(Math.Exp(a)) < Error(Math.Exp(b)))
                    to = b;
                else
                    from = a;
            }
            best = Math.Exp((from + to) / 2);
            least = Math.Min(least, Error(best));
        }
        double usual = Costs.DefaultEps(problem, recipe.Core);
        foreach (double eps in (double[])[usual, 1e-5, 1e-3, 1e-6, 1e-12, 0, 1e-8, 1.1920928955078125e-7, 1e-4, 1e-2, 0.1])
        {
            if (Error(eps) <= least * SameError)
                return recipe with { Eps = eps, EpsRange = Range(Error, eps, least * SameError) };
        }
        for (int digits = 1; digits <= 4; digits++)
        {
            double eps = double.Parse(best.ToString("e" + (digits - 1), System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);
            if (Error(eps) <= least * SameError)
                return recipe with { Eps = eps, EpsRange = Range(Error, eps, least * SameError) };
        }
        return recipe with { Eps = best, EpsRange = (best, best) };
    }

    /// <summary>How far eps may move before the error shows it.</summary>
    private static (double Least, double Most) Range(Func<double, double> error, double eps, double bound)
    {
        double most = Math.Max(eps, 1e-12), least = eps;
        while (most < 1e3 && error(most * 2) <= bound)
            most *= 2;
        while (least > 1e-12 && error(least / 2) <= bound)
            least /= 2;
        return (least <= 1e-12 ? 0 : least, most);
    }
}
