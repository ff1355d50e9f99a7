namespace NormKit.Cli.Compare;

/// <summary>One layer held against its formula. Figures that are not finite, for input that is not, are left as they come.</summary>
/// <param name="Sharing">Who shares statistics.</param>
/// <param name="SampleVariance">The layer in double, against the formula with the sample variance.</param>
/// <param name="PopulationVariance">The layer in its own type, against the formula with the population variance.</param>
/// <param name="OutputSumAbs">The sum of the layer's absolute outputs.</param>
/// <param name="PredictedSumAbs">What the divisor n - 1 makes of <see cref="SampleVariance"/>'s sum, by the layer's own output.</param>
/// <param name="Explained">The share of that sum which the prediction, element by element, explains: 1 for all of it, NaN where there is no
/// difference to explain.</param>
/// <param name="Diagnosis">What the arrays alone say of the formula with the sample variance; null where they say nothing.</param>
internal sealed record LayerComparison(
    Sharing Sharing, Difference SampleVariance, Difference PopulationVariance, double OutputSumAbs, double PredictedSumAbs, double Explained,
    FormulaDiagnosis? Diagnosis);

/// <summary>How far a layer's output is from a formula's result.</summary>
/// <param name="SumAbs">The sum of the absolute differences.</param>
/// <param name="PairwiseDistance">The sum of the distances of the rows, as PairwiseDistance has them.</param>
/// <param name="MaxAbs">The largest absolute difference.</param>
/// <param name="MaxUlp">The largest difference in units of the spacing of the input's type at the formula's value.</param>
internal readonly record struct Difference(double SumAbs, double PairwiseDistance, double MaxAbs, double MaxUlp)
{
    /// <param name="layer">The layer's output.</param>
    /// <param name="formula">The formula's result.</param>
    /// <param name="shape">The shape of both.</param>
    /// <param name="type">The input's type.</param>
    public static Difference Between(ReadOnlySpan<double> layer, ReadOnlySpan<double> formula, ReadOnlySpan<nint> shape, FloatingType type)
    {
        double sum = 0, max = 0, maxUlp = 0;
        for (int i = 0; i < layer.Length; i++)
        {
            double difference = Math.Abs(layer[i] - formula[i]);
            sum += difference;
            max = Math.Max(max, difference);
            maxUlp = Math.Max(maxUlp, difference / type.Spacing(formula[i]));
        }

        double[] distances = new double[layer.Length / (int)shape[^1]];
        new PairwiseDistance().Forward(layer, formula, shape, distances);
        return new(sum, distances.Sum(), max, maxUlp);
    }
}
