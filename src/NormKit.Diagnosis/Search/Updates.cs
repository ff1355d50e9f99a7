using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>Finds the momentum of running statistics that moved before they were used.</summary>
internal static class Updates
{
    /// <summary>So far from 0 and 1 a momentum must be: at 0 the statistics are the old ones, at 1 those of the batch.</summary>
    private const double Visible = 1e-3;
    private const double Same = 2e-4;

    /// <summary>The momentum, from the centers of the sets: (used - old) / (batch - old) is one constant. NaN where it is none.</summary>
    /// <remarks>In each set the output is a line of the input times the weight; where the line crosses the bias is the mean used.</remarks>
    public static double MomentumOf(Problem problem, View view, Grouping grouping, Affine affine)
    {
        Cells cells = view.CellsOf(grouping.Sets);
        double[] batch = view.MomentsOf(grouping.Sets, NumberFormat.Float64).Mean;
        double[] old = Statistics.Moved(cells, problem.RunningMean, 0, batch, 0);
        (double[] factor, double[] summand) = problem.ValuesOf(view, affine, Roundings.None);
        double[] uu = new double[cells.Count], uw = new double[cells.Count], ww = new double[cells.Count], ut = new double[cells.Count], wt = new double[cells.Count];
        for (int i = 0; i < view.Length; i++)
        {
            int k = cells.Each[i];
            double w = factor[i] / view.Scales[i], u = w * (view.X[i] - batch[k]), t = (view.Y[i] - summand[i]) / view.Scales[i];
            if (!view.IsCompared[i] || !double.IsFinite(u) || !double.IsFinite(t))
                continue;
            (uu[k], uw[k], ww[k], ut[k], wt[k]) = (uu[k] + (u * u), uw[k] + (u * w), ww[k] + (w * w), ut[k] + (u * t), wt[k] + (w * t));
        }
        double products = 0, squares = 0;
        int count = 0;
        for (int k = 0; k < cells.Count; k++)
        {
            double determinant = (uu[k] * ww[k]) - (uw[k] * uw[k]);
            if (!(determinant > 1e-9 * uu[k] * ww[k]))
                continue;
            double slope = ((ut[k] * ww[k]) - (wt[k] * uw[k])) / determinant, start = ((wt[k] * uu[k]) - (ut[k] * uw[k])) / determinant;
            double toBatch = batch[k] - old[k], toUsed = toBatch - (start / slope);
            if (!double.IsFinite(toUsed))
                continue;
            double weight = slope * slope * ww[k];
            products += weight * toBatch * toUsed;
            squares += weight * toBatch * toBatch;
            count++;
        }
        return Rounded(squares == 0 ? double.NaN : products / squares, mayBeAny: count > 1);
    }

    /// <summary>The momentum that people would write; another only where several sets agree on it.</summary>
    private static double Rounded(double momentum, bool mayBeAny)
    {
        if (!(momentum > Visible && momentum < 1 - Visible))
            return double.NaN;
        for (int digits = 1; digits <= 3; digits++)
        {
            double rounded = Math.Round(momentum, digits);
            if (rounded is > 0 and < 1 && Math.Abs(rounded - momentum) <= Same * Math.Min(rounded, 1 - rounded))
                return rounded;
        }
        return mayBeAny ? momentum : double.NaN;
    }
}
