using System.Globalization;
using System.Numerics;

namespace NormKit.Folding;

/// <summary>
/// What a norm with fixed statistics does to each channel, in double: <c>y = (x - mean) * scale + bias</c>. A norm that has no weight or bias of its
/// own has ones or zeros.
/// </summary>
internal sealed class ChannelMap
{
    private readonly double[] mean;
    private readonly double[] bias;
    private readonly double[] scale;

    private ChannelMap(int channels)
    {
        mean = new double[channels];
        bias = new double[channels];
        scale = new double[channels];
    }

    public int Channels => mean.Length;

    /// <summary>Weight over standard deviation. 0 where variance and eps are both 0, as the layer has it.</summary>
    public double Scale(int channel) => scale[channel];

    /// <summary>What the norm makes of x.</summary>
    public double Of(double x, int channel) => ((x - mean[channel]) * scale[channel]) + bias[channel];

    /// <param name="caller">The name in errors.</param>
    /// <param name="mean">A value a channel.</param>
    /// <param name="variance">A value a channel.</param>
    /// <param name="weight">A value a channel, or none.</param>
    /// <param name="bias">A value a channel, or none.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <exception cref="ArgumentException">A channel has statistics, a weight or a bias of which nothing finite can be made.</exception>
    public static ChannelMap From<T>(
        string caller, ReadOnlySpan<T> mean, ReadOnlySpan<T> variance, ReadOnlySpan<T> weight, ReadOnlySpan<T> bias, double eps)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ChannelMap map = new(mean.Length);
        for (int c = 0; c < mean.Length; c++)
        {
            double m = double.CreateTruncating(mean[c]), v = double.CreateTruncating(variance[c]) + eps;
            double w = weight.IsEmpty ? 1 : double.CreateTruncating(weight[c]), b = bias.IsEmpty ? 0 : double.CreateTruncating(bias[c]);
            if (!double.IsFinite(m))
                throw Refusal(caller, c, "running mean", mean[c], "it must be finite");
            if (!double.IsFinite(v) || variance[c] < T.Zero)
                throw Refusal(caller, c, "running variance", variance[c], "it must be finite and not negative");
            if (!double.IsFinite(w))
                throw Refusal(caller, c, "weight", weight[c], "it must be finite");
            if (!double.IsFinite(b))
                throw Refusal(caller, c, "bias", bias[c], "it must be finite");
            map.mean[c] = m;
            map.bias[c] = b;
            map.scale[c] = v == 0 ? 0 : w / Math.Sqrt(v);
        }
        return map;
    }

    /// <summary>The value is written in its own type: a float of -1e-5 is another number as a double.</summary>
    private static ArgumentException Refusal<T>(string caller, int channel, string what, T value, string rule) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        new(string.Create(CultureInfo.InvariantCulture, $"{caller}: the norm's {what} of channel {channel} is {value}; {rule}, or every output that it reaches would be NaN or infinite."), "norm");
}
