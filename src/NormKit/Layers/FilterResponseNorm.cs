using System.Numerics;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Divides each channel of each sample by its root mean square, then bounds it from below by a learned threshold.</summary>
/// <remarks><code>y = max(z, tau[c])        z = weight[c] * x / sqrt(mean(x^2) + eps) + bias[c]     // the mean over the positions</code>
/// Input and output: (N, C, *); weight, bias and tau: (C). The same in training and evaluation. Where z and tau are equal the gradient is tau's; a plane of
/// zeros gives z = bias, whatever eps is. Source: Singh, Krishnan 2019, arXiv:1911.09737.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class FilterResponseNorm<T> : PlaneNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer with weight 1, bias 0 and threshold 0.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the mean of squares, inside the root.</param>
    /// <param name="threshold">Whether there is a threshold; without, y = z.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, or eps is negative or not finite.</exception>
    public FilterResponseNorm(int numFeatures, double eps = 1e-6, bool threshold = true)
        : base(nameof(FilterResponseNorm<>), numFeatures, eps, weight: T.One)
    {
        if (threshold)
            Threshold = AddParameter("tau", numFeatures, T.Zero);
    }

    /// <summary>The least output of each channel, tau; null where there is none.</summary>
    public Parameter<T>? Threshold { get; }

    private protected override Scaling Scaling => new(Spread.RootMeanSquare, Eps);

    private protected override void Normalize<TInput>(
        in Planes planes, Moments[] moments, TensorView<TInput> x, TensorView<TInput> y, SavedStatistics? saved)
    {
        using Rented<Line> lines = new(planes.Count);
        using Rented<double> floors = new(planes.Channels);
        planes.Map(default, x, y, Operators(planes, moments, lines.Array, floors.Array).Forward);
    }

    private protected override void Differentiate<TInput>(
        in Planes planes, SavedStatistics saved, TensorView<TInput> dy, TensorView<TInput> x, TensorView<TInput> dx)
    {
        using Rented<Line> lines = new(planes.Count);
        using Rented<double> floors = new(planes.Channels);
        using Rented<Triple> sums = new(planes.Count), parameters = new(planes.Channels);
        using Rented<Slope> slopes = new(planes.Count);
        FlooredPlanes operators = Operators(planes, saved.Array, lines.Array, floors.Array);
        planes.Reduce(dy, x, operators.Sums, sums.Array);
        parameters.Array.AsSpan().Clear();
        for (int plane = 0; plane < planes.Count; plane++)
        {
            int c = plane % planes.Channels;
            Triple sum = sums.Array[plane];
            double factor = Scaling.Factor(saved.Array[plane]), ofMean = sum.Pair.Second / planes.Positions * factor * factor * factor;
            slopes.Array[plane] = new(0, factor * Weight![c], -ofMean * Weight[c], 0);
            parameters.Array[c] += new Triple(new(sum.Pair.First, sum.Pair.Second * factor), sum.Third);
        }
        planes.Map(dy, x, dx, operators.Backward(slopes.Array));
        for (int c = 0; c < planes.Channels; c++)
        {
            AddGradients(c, parameters.Array[c].Pair);
            Threshold?.AddGradient(c, parameters.Array[c].Third);
        }
    }

    private FlooredPlanes Operators(in Planes planes, Moments[] moments, Line[] lines, double[] floors)
    {
        for (int c = 0; c < planes.Channels; c++)
            floors[c] = Threshold is null ? double.NegativeInfinity : Threshold[c];
        for (int plane = 0; plane < planes.Count; plane++)
            lines[plane] = new(0, Scaling.Factor(moments[plane]) * Weight![plane % planes.Channels], Bias![plane % planes.Channels]);
        return new(lines, floors, planes.Channels);
    }
}
