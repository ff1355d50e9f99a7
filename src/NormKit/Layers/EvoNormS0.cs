using System.Numerics;
using NormKit.Kernels;

namespace NormKit;

/// <summary>A normalization and an activation in one, found by search; statistics of the sample only.</summary>
/// <remarks><code>y = x * sigmoid(v[c] * x) / sqrt(var + eps) * weight[c] + bias[c]     // var: biased, of the group of channels in the sample</code>
/// Input and output: (N, C, *); weight, bias and v: (C). The same in training and evaluation. The mean is subtracted in the variance, not from x.
/// Source: Liu, Brock, Simonyan, Le 2020, arXiv:2004.02967.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class EvoNormS0<T> : PlaneNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer with weight 1, bias 0 and v 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="groups">Into how many groups of neighbours they split.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel or group, or eps is negative or not finite.</exception>
    /// <exception cref="ArgumentException">The channels do not split into that many equal groups.</exception>
    public EvoNormS0(int numFeatures, int groups = 32, double eps = 1e-5)
        : base(nameof(EvoNormS0<>), numFeatures, eps, weight: T.One)
    {
        if (groups < 1)
            throw new ArgumentOutOfRangeException(nameof(groups), groups, $"{Name}: expected the number of groups to be greater than 0, got {groups}.");
        if (numFeatures % groups != 0)
            throw new ArgumentException($"{Name}: {numFeatures} channels do not split into {groups} equal groups.", nameof(groups));
        Groups = groups;
        V = AddParameter("v", numFeatures, T.One);
    }

    /// <summary>Into how many groups the channels split.</summary>
    public int Groups { get; }

    /// <summary>The steepness of each channel's gate: (C).</summary>
    public Parameter<T> V { get; }

    private protected override Scaling Scaling => new(Spread.StandardDeviation, Eps);

    private protected override void Normalize<TInput>(
        in Planes planes, Moments[] moments, TensorView<TInput> x, TensorView<TInput> y, SavedStatistics? saved)
    {
        using Rented<Gate> gates = new(planes.Count);
        using Rented<Moments> groups = new(planes.Samples * Groups);
        FillGates(planes, moments, gates.Array, groups.Array);
        planes.Map(default, x, y, new GatedPlanes.Values(gates.Array));
    }

    private protected override void Differentiate<TInput>(
        in Planes planes, SavedStatistics saved, TensorView<TInput> dy, TensorView<TInput> x, TensorView<TInput> dx)
    {
        using Rented<Gate> gates = new(planes.Count);
        using Rented<Moments> groups = new(planes.Samples * Groups);
        using Rented<Triple> sums = new(planes.Count), parameters = new(planes.Channels);
        using Rented<Slope> slopes = new(planes.Count);
        FillGates(planes, saved.Array, gates.Array, groups.Array);
        planes.Reduce(dy, x, new GatedPlanes.GradientSums(gates.Array), sums.Array);
        parameters.Array.AsSpan().Clear();
        int size = planes.Channels / Groups;
        for (int group = 0; group < planes.Samples * Groups; group++)
        {
            Moments moments = groups.Array[group];
            double factor = FactorOf(moments), sum = 0;
            for (int plane = group * size; plane < (group + 1) * size; plane++)
            {
                int c = plane % planes.Channels;
                (Pair pair, double ofV) = sums.Array[plane];
                sum += Weight![c] * pair.Second;
                parameters.Array[c] += new Triple(new(pair.First, pair.Second * factor), ofV * factor * Weight[c]);
            }
            double ofX = -(sum / moments.Count * factor * factor * factor);
            for (int plane = group * size; plane < (group + 1) * size; plane++)
                slopes.Array[plane] = new(moments.Mean, factor * Weight![plane % planes.Channels], ofX, -ofX * moments.MeanLow);
        }
        planes.Map(dy, x, dx, new GatedPlanes.Gradients(gates.Array, slopes.Array));
        for (int c = 0; c < planes.Channels; c++)
        {
            AddGradients(c, parameters.Array[c].Pair);
            V.AddGradient(c, parameters.Array[c].Third);
        }
    }

    /// <summary>Without the 0 that a deviation of 0 has elsewhere: what is scaled here is not a deviation, and 0 would be wrong for it.</summary>
    private double FactorOf(in Moments group) => 1 / Math.Sqrt(group.Variance + Eps);

    private void FillGates(in Planes planes, ReadOnlySpan<Moments> moments, Gate[] gates, Moments[] groups)
    {
        int size = planes.Channels / Groups;
        for (int group = 0; group < planes.Samples * Groups; group++)
        {
            groups[group] = Planes.Together(moments.Slice(group * size, size));
            double factor = FactorOf(groups[group]);
            for (int plane = group * size; plane < (group + 1) * size; plane++)
            {
                int c = plane % planes.Channels;
                gates[plane] = new(V[c], factor * Weight![c], Bias![c]);
            }
        }
    }
}
