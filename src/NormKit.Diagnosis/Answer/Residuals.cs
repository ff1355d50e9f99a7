using NormKit.Diagnosis.Numbers;

namespace NormKit.Diagnosis;

/// <summary>Measures residuals.</summary>
internal static class Residuals
{
    private const int MedianSample = 20001;

    /// <summary>The share of outputs that are the exact value rounded once, and the mean signed error in units of the format.</summary>
    /// <remarks>An output that is NaN where the exact value is counts as right, and an infinite one where that is.</remarks>
    public static (double CorrectlyRounded, double MeanSignedUlp) RoundingOf(double[] exact, double[] output, NumberFormat format)
    {
        double sum = 0;
        int right = 0, count = 0;
        for (int i = 0; i < output.Length; i++)
        {
            right += Formats.Round(exact[i], format).Equals(output[i]) || (exact[i] == 0 && output[i] == 0) ? 1 : 0;
            double units = (output[i] - exact[i]) / format.Spacing(exact[i]);
            if (!double.IsFinite(units))
                continue;
            sum += units;
            count++;
        }
        return ((double)right / output.Length, count == 0 ? double.NaN : sum / count);
    }

    /// <param name="predicted">What a hypothesis says.</param>
    /// <param name="output">What is there.</param>
    /// <param name="format">Whose units count.</param>
    public static Residual Of(double[] predicted, double[] output, NumberFormat format)
    {
        double max = 0, squares = 0, sum = 0, ulp = 0;
        int count = 0, step = Math.Max(1, predicted.Length / MedianSample);
        List<double> units = [];
        for (int i = 0; i < predicted.Length; i++)
        {
            double difference = Math.Abs(predicted[i] - output[i]);
            if (!double.IsFinite(difference))
                continue;
            max = Math.Max(max, difference);
            squares += difference * difference;
            sum += difference;
            count++;
            double unit = difference / format.Spacing(predicted[i]);
            ulp = Math.Max(ulp, unit);
            if (i % step == 0)
                units.Add(unit);
        }
        units.Sort();
        return new(max, Math.Sqrt(squares / Math.Max(1, count)), sum, ulp, units.Count == 0 ? 0 : units[units.Count / 2]);
    }
}
