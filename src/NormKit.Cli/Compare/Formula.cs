namespace NormKit.Cli.Compare;

/// <summary>
/// The layers as their papers write them, y = (x - mean) / sqrt(var + eps), two-pass in double: what the layers are held against, so it
/// shares no code with them.
/// </summary>
internal static class Formula
{
    /// <summary>Computes both readings of var: the population variance, divided by n, and the sample variance, divided by n - 1.</summary>
    /// <param name="x">The input.</param>
    /// <param name="sharing">Which elements share statistics.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="population">Overwritten with the result for the population variance.</param>
    /// <param name="sample">Overwritten with that for the sample variance; NaN where a group has one element, which has none.</param>
    /// <param name="stop">Ends the computation.</param>
    public static void Apply(
        ReadOnlySpan<double> x, Sharing sharing, double eps, Span<double> population, Span<double> sample, CancellationToken stop = default)
    {
        double n = sharing.ElementsPerGroup;
        for (int group = 0; group < sharing.Groups; group++)
        {
            stop.ThrowIfCancellationRequested();
            Sum sum = default;
            for (int run = 0; run < sharing.Runs; run++)
            {
                foreach (double value in x.Slice(sharing.Start(group, run), sharing.RunLength))
                    sum.Add(value);
            }

            // The mean as two doubles: one alone is off by up to 1e-10 at a million standard deviations, and the layers are better than
            // that.
            double mean = sum.Value / n;
            double meanLow = (Math.FusedMultiplyAdd(-mean, n, sum.High) + sum.Low) / n;

            Sum squares = default;
            for (int run = 0; run < sharing.Runs; run++)
            {
                foreach (double value in x.Slice(sharing.Start(group, run), sharing.RunLength))
                {
                    double deviation = value - mean - meanLow;
                    squares.Add(deviation * deviation);
                }
            }

            double populationStd = Math.Sqrt((squares.Value / n) + eps);
            double sampleStd = Math.Sqrt((squares.Value / (n - 1)) + eps);
            for (int run = 0; run < sharing.Runs; run++)
            {
                int start = sharing.Start(group, run);
                for (int i = start; i < start + sharing.RunLength; i++)
                {
                    // Constants with an eps of 0: 0 / 0, which PyTorch and the layers take as 0.
                    double deviation = x[i] - mean - meanLow;
                    population[i] = populationStd == 0 ? 0 : deviation / populationStd;
                    sample[i] = sampleStd == 0 ? 0 : deviation / sampleStd;
                }
            }
        }
    }

    /// <summary>A sum that carries what each addition rounds off. Knuth's two-sum.</summary>
    private struct Sum
    {
        public double High;
        public double Low;

        public readonly double Value => High + Low;

        public void Add(double value)
        {
            double high = High + value;
            double back = high - High;
            Low += (High - (high - back)) + (value - back);
            High = high;
        }
    }
}
