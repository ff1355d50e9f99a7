using NormKit.Diagnosis.Numbers;

namespace NormKit.Diagnosis;

/// <summary>Measures residuals.</summary>
internal static class Residuals
{
    private const int MedianSample = 20001;

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
