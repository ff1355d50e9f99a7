namespace NormKit.IO;

/// <summary>A batch norm with fixed statistics, channel by channel: <c>y = (x - mean) * scale + bias</c>.</summary>
internal sealed record NormScale(double[] Mean, double[] Scale, double[] Bias)
{
    internal int Channels => Scale.Length;

    internal double Shift(int channel) => Of(0, channel);

    internal double Of(double x, int channel) => ((x - Mean[channel]) * Scale[channel]) + Bias[channel];

    /// <returns>The norm, or null and the reason why it is none that can be folded.</returns>
    internal static (NormScale? Scale, string Reason) From(double[] weight, double[] bias, double[] mean, double[] variance, double eps)
    {
        if (weight.Length != bias.Length || weight.Length != mean.Length || weight.Length != variance.Length)
            return (null, "its tensors have different numbers of channels");
        double[] scale = new double[weight.Length];
        for (int c = 0; c < scale.Length; c++)
        {
            double lifted = variance[c] + eps;
            if (!double.IsFinite(weight[c]) || !double.IsFinite(bias[c]) || !double.IsFinite(mean[c]) || !double.IsFinite(lifted))
                return (null, $"channel {c} has NaN or infinity");
            if (lifted < 0)
                return (null, $"channel {c} has the variance {FindingRules.Text(variance[c])}, which is negative even with eps");
            scale[c] = lifted == 0 ? 0 : weight[c] / Math.Sqrt(lifted);
        }
        return (new(mean, scale, bias), "");
    }
}
