using System.Numerics;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Strengthens the channels whose response over the whole image is larger than the average channel's.</summary>
/// <remarks><code>G[n,c] = |x[n,c]|                                  // root of the sum of squares over the positions
/// N[n,c] = G[n,c] / (mean over c of G[n,c] + eps)
/// y = x + weight[c] * x * N[n,c] + bias[c]</code>
/// Input and output: (N, C, *); weight and bias: (C). The same in training and evaluation. A sample of zeros has N = 0, whatever eps is.
/// Source: Woo, Debnath, Hu, Chen, Liu, Kweon, Xie 2023, arXiv:2301.00808.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class GlobalResponseNorm<T> : PlaneNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer with weight 0 and bias 0, which hands its input on until it is trained.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the mean of the channels' responses.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, or eps is negative or not finite.</exception>
    public GlobalResponseNorm(int numFeatures, double eps = 1e-6)
        : base(nameof(GlobalResponseNorm<>), numFeatures, eps, weight: T.Zero)
    {
    }

    private protected override Scaling Scaling => new(Spread.Length, Eps);

    private protected override void Normalize<TInput>(
        in Planes planes, Moments[] moments, TensorView<TInput> x, TensorView<TInput> y, SavedStatistics? saved)
    {
        using Rented<Line> lines = new(planes.Count);
        for (int n = 0; n < planes.Samples; n++)
        {
            ReadOnlySpan<Moments> sample = moments.AsSpan(n * planes.Channels, planes.Channels);
            double inverse = InverseOfMean(sample);
            for (int c = 0; c < sample.Length; c++)
                lines.Array[(n * planes.Channels) + c] = new(0, 1 + (Weight![c] * (Response(sample[c]) * inverse)), Bias![c]);
        }
        planes.Map(default, x, y, new PlaneLines.Values(lines.Array));
    }

    private protected override void Differentiate<TInput>(
        in Planes planes, SavedStatistics saved, TensorView<TInput> dy, TensorView<TInput> x, TensorView<TInput> dx)
    {
        using Rented<Pair> sums = new(planes.Count);
        using Rented<Slope> slopes = new(planes.Count);
        using Rented<Pair> parameters = new(planes.Channels);
        parameters.Array.AsSpan().Clear();
        planes.Reduce(dy, x, new PlaneLines.GradientSums(saved.Array), sums.Array);
        for (int n = 0; n < planes.Samples; n++)
        {
            int first = n * planes.Channels;
            ReadOnlySpan<Moments> sample = saved.Moments.Slice(first, planes.Channels);
            double inverse = InverseOfMean(sample), shared = 0;
            for (int c = 0; c < sample.Length; c++)
            {
                double ratio = Response(sample[c]) * inverse;
                Pair sum = sums.Array[first + c];
                shared += Weight![c] * sum.Second * ratio;
                parameters.Array[c] += new Pair(sum.First, sum.Second * ratio);
            }
            for (int c = 0; c < sample.Length; c++)
            {
                double response = Response(sample[c]);
                // The root has no slope at 0; PyTorch's norm takes 0 for it.
                double ofX = response == 0 ? 0 : ((Weight![c] * sums.Array[first + c].Second) - (shared / sample.Length)) * inverse / response;
                slopes.Array[first + c] = new(0, 1 + (Weight![c] * (response * inverse)), ofX, 0);
            }
        }
        planes.Map(dy, x, dx, new PlaneLines.Gradients(slopes.Array));
        for (int c = 0; c < planes.Channels; c++)
            AddGradients(c, parameters.Array[c]);
    }

    private static double Response(in Moments plane) => Math.Sqrt(plane.M2);

    private double InverseOfMean(ReadOnlySpan<Moments> sample)
    {
        double sum = 0;
        foreach (Moments plane in sample)
            sum += Response(plane);
        double divisor = (sum / sample.Length) + Eps;
        return divisor == 0 ? 0 : 1 / divisor;
    }
}
