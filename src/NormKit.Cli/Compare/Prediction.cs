namespace NormKit.Cli.Compare;

/// <summary>How much the divisor n - 1 in place of n changes a layer's output, from that output and n alone.</summary>
/// <remarks>
/// With q = mean(y^2) of a group, which is var / (var + eps), the formula with the sample variance gives y / sqrt(1 + q / (n - 1)).
/// </remarks>
internal static class Prediction
{
    /// <param name="layer">The layer's output y.</param>
    /// <param name="sample">The result of the formula with the sample variance, to see how much of the difference is explained.</param>
    /// <param name="sharing">Who shares statistics.</param>
    /// <returns>The sum of the predicted absolute differences, and the share of the observed ones that they explain: NaN if there
    /// are none, for there is nothing to explain.</returns>
    public static (double SumAbs, double Explained) Of(ReadOnlySpan<double> layer, ReadOnlySpan<double> sample, Sharing sharing)
    {
        double predictedSum = 0, observedSum = 0, unexplainedSum = 0;
        for (int group = 0; group < sharing.Groups; group++)
        {
            double share = Share(layer, sharing, group);
            for (int run = 0; run < sharing.Runs; run++)
            {
                int start = sharing.Start(group, run);
                for (int i = start; i < start + sharing.RunLength; i++)
                {
                    double predicted = layer[i] * share, observed = layer[i] - sample[i];
                    predictedSum += Math.Abs(predicted);
                    observedSum += Math.Abs(observed);
                    unexplainedSum += Math.Abs(observed - predicted);
                }
            }
        }
        return (predictedSum, observedSum == 0 ? double.NaN : 1 - (unexplainedSum / observedSum));
    }

    /// <summary>1 - 1 / sqrt(1 + q / (n - 1)), the share of each output of a group that the divisor takes away.</summary>
    public static double Share(ReadOnlySpan<double> layer, Sharing sharing, int group)
    {
        double squares = 0;
        for (int run = 0; run < sharing.Runs; run++)
        {
            foreach (double y in layer.Slice(sharing.Start(group, run), sharing.RunLength))
                squares += y * y;
        }
        double n = sharing.ElementsPerGroup;
        double t = squares / n / (n - 1);

        // The same as written above without its cancellation: (root - 1) / root, and root - 1 = t / (root + 1).
        double root = Math.Sqrt(1 + t);
        return t / (root * (root + 1));
    }
}
