using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Kernels;

namespace NormKit;

/// <summary>A normalization and an activation in one, found by search; the larger of two deviations divides.</summary>
/// <remarks><code>y = x / max(sqrt(varBatch + eps), v[c] * x + sqrt(varInstance + eps)) * weight[c] + bias[c]     // both variances biased
/// runningVar = (1 - momentum) * runningVar + momentum * varBatch                               // with the unbiased variance</code>
/// Input and output: (N, C, *); weight, bias, v and runningVar: (C). varBatch is of a channel of the batch, in evaluation mode runningVar; varInstance is
/// of a channel of a sample, in both modes the input's own. Where the two are equal the gradient goes to varBatch.
/// Source: Liu, Brock, Simonyan, Le 2020, arXiv:2004.02967.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class EvoNormB0<T> : PlaneNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] runningVar;

    /// <summary>A layer with weight 1, bias 0, v 1 and running variance 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="momentum">The weight of the new value in the running variance.</param>
    /// <param name="eps">Added to the variances, inside the roots.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, momentum is outside 0 to 1, or eps is negative or not finite.</exception>
    public EvoNormB0(int numFeatures, double momentum = 0.1, double eps = 1e-3)
        : base(nameof(EvoNormB0<>), numFeatures, eps, weight: T.One)
    {
        RequireMomentum(momentum);
        Momentum = momentum;
        V = AddParameter("v", numFeatures, T.One);
        RunningVar = AddBuffer("running_var", T.One, out runningVar);
    }

    /// <summary>The weight of the new value in the running variance.</summary>
    public double Momentum { get; }

    /// <summary>How much of x the second deviation has: (C).</summary>
    public Parameter<T> V { get; }

    /// <summary>The running unbiased variance of each channel.</summary>
    public Tensor<T> RunningVar { get; }

    private protected override Scaling Scaling => new(Spread.StandardDeviation, Eps);

    private protected override int Extras => UsesRunning ? NumFeatures : 0;

    private protected override void RequireInput(ReadOnlySpan<nint> shape)
    {
        base.RequireInput(shape);
        _ = Groupings.Batch(Name, shape, batchStatistics: Training);
    }

    private protected override void Normalize<TInput>(
        in Planes planes, Moments[] moments, TensorView<TInput> x, TensorView<TInput> y, SavedStatistics? saved)
    {
        using Rented<Moments> channels = new(planes.Channels);
        using Rented<Divisor> divisors = new(planes.Count);
        for (int c = 0; c < planes.Channels; c++)
        {
            channels.Array[c] = UsesRunning ? new(1, 0, double.CreateTruncating(runningVar[c])) : planes.OfChannel(moments, c);
            if (UsesRunning && saved is not null)
                saved.Extras[c] = channels.Array[c].M2;
        }
        FillDivisors(planes, moments, channels.Array, divisors.Array);
        planes.Map(default, x, y, new DividedPlanes.Values(divisors.Array));
        for (int c = 0; c < planes.Channels && !UsesRunning; c++)
            runningVar[c] = RunningStatistics.Move(runningVar[c], channels.Array[c].SampleVariance, Momentum);
    }

    private protected override void Differentiate<TInput>(
        in Planes planes, SavedStatistics saved, TensorView<TInput> dy, TensorView<TInput> x, TensorView<TInput> dx)
    {
        using Rented<Moments> channels = new(planes.Channels);
        using Rented<Divisor> divisors = new(planes.Count);
        using Rented<DivisorSums> sums = new(planes.Count), ofChannels = new(planes.Channels);
        for (int c = 0; c < planes.Channels; c++)
            channels.Array[c] = saved.Fixed ? new(1, 0, saved.Extras[c]) : planes.OfChannel(saved.Moments, c);
        FillDivisors(planes, saved.Moments, channels.Array, divisors.Array);
        planes.Reduce(dy, x, new DividedPlanes.GradientSums(divisors.Array), sums.Array);
        ofChannels.Array.AsSpan().Clear();
        for (int plane = 0; plane < planes.Count; plane++)
            ofChannels.Array[plane % planes.Channels] += sums.Array[plane];
        using Rented<Slope> slopes = new(dx.IsEmpty ? 0 : planes.Count);
        for (int plane = 0; plane < planes.Count && !dx.IsEmpty; plane++)
        {
            int c = plane % planes.Channels;
            Divisor divisor = divisors.Array[plane];
            Moments own = saved.Moments[plane], batch = channels.Array[c];
            // A deviation of 0 has no slope here, though the root's is infinite: there is nothing that deviates.
            double byInstance = divisor.Instance == 0 ? 0 : -divisor.Weight * sums.Array[plane].Second.Second / (own.Count * divisor.Instance);
            double byBatch = saved.Fixed || divisor.Batch == 0 ? 0 : -divisor.Weight * ofChannels.Array[c].First / (batch.Count * divisor.Batch);
            double toBatch = saved.Fixed ? 0 : (batch.Mean - own.Mean) + batch.MeanLow;
            slopes.Array[plane] = new(own.Mean, 0, byInstance + byBatch, -(byInstance * own.MeanLow) - (byBatch * toBatch));
        }
        planes.Map(dy, x, dx, new DividedPlanes.Gradients(divisors.Array, slopes.Array));
        for (int c = 0; c < planes.Channels; c++)
        {
            AddGradients(c, ofChannels.Array[c].Values);
            V.AddGradient(c, -Weight![c] * ofChannels.Array[c].Second.First);
        }
    }

    private void FillDivisors(in Planes planes, ReadOnlySpan<Moments> moments, ReadOnlySpan<Moments> channels, Divisor[] divisors)
    {
        for (int plane = 0; plane < planes.Count; plane++)
        {
            int c = plane % planes.Channels;
            divisors[plane] = new(
                Math.Sqrt(channels[c].Variance + Eps), V[c], Math.Sqrt(moments[plane].Variance + Eps), Weight![c], Bias![c]);
        }
    }
}
