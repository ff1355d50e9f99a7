namespace NormKit.Diagnosis.Search;

/// <summary>Weights and biases that are not known, from the output: a straight line for each cell of elements that have them in common.</summary>
internal static class LeastSquares
{
    /// <summary>Whether there are elements enough to contradict a fit: each cell has more of them than it has unknowns.</summary>
    public static bool CanTell(Problem problem, View view, Affine affine)
    {
        foreach (Parameter parameter in (Parameter[])[affine.Weight, affine.Bias])
        {
            if (!parameter.IsFitted)
                continue;
            int unknowns = affine.Weight.IsFitted && affine.Bias.IsFitted ? 2 : 1;
            Cells cells = view.CellsOf(parameter.Map!);
            bool[] isSeen = new bool[cells.Count];
            for (int i = 0; i < cells.Each.Length; i++)
                isSeen[cells.Each[i]] |= view.IsCompared[i];
            int seen = isSeen.Count(one => one);

            // One weight for all needs one element more than there are unknowns; of many cells, some are seen by few elements.
            if (seen == 0 || view.ComparedCount < (seen == 1 ? unknowns + 1 : (unknowns + 1.5) * seen))
                return false;
        }
        return problem.Length > 2;
    }

    /// <summary>Factor and summand of each element, those fitted and those given, the weight and bias fitted in each cell, and how many numbers that is.</summary>
    public static (double[] Factor, double[] Summand, double[]? Weight, double[]? Bias, int Count) Fit(
        Problem problem, View view, Recipe recipe, double[] normalized)
    {
        Affine affine = recipe.Affine;
        double[]? weight = null, bias = null;
        double[] factor, summand;
        int count = 0;
        if (affine.Weight.IsFitted)
        {
            summand = affine.Bias.IsFitted ? new double[view.Length] : problem.ValuesOf(view, affine.Bias, 0, recipe.Roundings);
            (weight, bias) = Lines(view, affine.Weight, normalized, summand, affine.Bias.IsFitted);
            factor = Laid(view, affine.Weight, weight);
            if (affine.Bias.IsFitted)
                summand = Laid(view, affine.Weight, bias!);
            count = view.CellsOf(affine.Weight.Map!).Count * (affine.Bias.IsFitted ? 2 : 1);
        }
        else
        {
            factor = problem.ValuesOf(view, affine.Weight, 1, recipe.Roundings);
            double[] rest = new double[view.Length];
            for (int i = 0; i < rest.Length; i++)
                rest[i] = view.Y[i] - (normalized[i] * factor[i]);
            bias = Means(view, affine.Bias, rest);
            summand = Laid(view, affine.Bias, bias);
            count = view.CellsOf(affine.Bias.Map!).Count;
        }
        return (factor, summand, weight, bias, count);
    }

    private static double[] Laid(View view, Parameter parameter, double[] values) => Array.ConvertAll(view.CellsOf(parameter.Map!).Each, cell => values[cell]);

    private static double[] Means(View view, Parameter parameter, double[] rest)
    {
        Cells cells = view.CellsOf(parameter.Map!);
        int[] cell = cells.Each;
        double[] sums = new double[cells.Count];
        int[] counts = new int[sums.Length];
        for (int i = 0; i < rest.Length; i++)
        {
            if (!view.IsCompared[i] || !double.IsFinite(rest[i]))
                continue;
            sums[cell[i]] += rest[i];
            counts[cell[i]]++;
        }
        for (int k = 0; k < sums.Length; k++)
            sums[k] = counts[k] == 0 ? double.NaN : sums[k] / counts[k];
        return sums;
    }

    /// <summary>Slope and, if asked for, intercept of y - summand against the normalized values in each cell.</summary>
    private static (double[] Slope, double[]? Intercept) Lines(View view, Parameter parameter, double[] normalized, double[] summand, bool hasIntercept)
    {
        Cells cells = view.CellsOf(parameter.Map!);
        int[] cell = cells.Each;
        int count = cells.Count;
        double[] target = new double[view.Length];
        for (int i = 0; i < target.Length; i++)
            target[i] = view.Y[i] - summand[i];
        double[] meanX = new double[count], meanY = new double[count];
        if (hasIntercept)
        {
            meanX = Means(view, parameter, normalized);
            meanY = Means(view, parameter, target);
        }
        double[] products = new double[count], squares = new double[count];
        int[] compared = new int[count];
        for (int i = 0; i < cell.Length; i++)
        {
            double x = normalized[i] - meanX[cell[i]], y = target[i] - meanY[cell[i]];
            if (!view.IsCompared[i] || !double.IsFinite(x) || !double.IsFinite(y))
                continue;
            compared[cell[i]]++;
            products[cell[i]] += x * y;
            squares[cell[i]] += x * x;
        }
        double[] slope = new double[count];
        for (int k = 0; k < count; k++)
            slope[k] = compared[k] == 0 ? double.NaN : squares[k] == 0 ? 0 : products[k] / squares[k];
        if (!hasIntercept)
            return (slope, null);
        for (int k = 0; k < count; k++)
            meanY[k] -= slope[k] * meanX[k];
        return (slope, meanY);
    }
}
