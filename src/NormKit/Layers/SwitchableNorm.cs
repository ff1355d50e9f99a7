using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Mixes the statistics of instance, layer and batch norm, in proportions that it learns.</summary>
/// <remarks><code>mean = p1 * meanIN + p2 * meanLN + p3 * meanBN        p = softmax(meanWeight)
/// var  = q1 * varIN  + q2 * varLN  + q3 * varBN         q = softmax(varWeight)
/// y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // IN: over positions; LN: over a sample; BN: over a channel of the batch
/// running = (1 - momentum) * running + momentum * batch      // with the unbiased variance</code>
/// Input and output: (N, C, *); weight, bias and running statistics: (C); meanWeight and varWeight: (3). All variances are biased where they
/// normalize. In evaluation mode the running statistics are the batch's; those of instance and layer are the input's own there too.
/// Source: Luo, Ren, Peng, Zhang, Li 2018, arXiv:1806.10779.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class SwitchableNorm<T> : PlaneNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] runningMean;
    private readonly T[] runningVar;

    /// <summary>A layer with weight 1, bias 0, a third of each statistic, running mean 0 and running variance 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, eps is negative or not finite, or momentum is outside 0 to 1.</exception>
    public SwitchableNorm(int numFeatures, double eps = 1e-5, double momentum = 0.1)
        : base(nameof(SwitchableNorm<>), numFeatures, eps, weight: T.One)
    {
        RequireMomentum(momentum);
        Momentum = momentum;
        MeanWeight = AddParameter("mean_weight", 3, T.One);
        VarWeight = AddParameter("var_weight", 3, T.One);
        RunningMean = AddBuffer("running_mean", T.Zero, out runningMean);
        RunningVar = AddBuffer("running_var", T.One, out runningVar);
    }

    /// <summary>The weight of the new value in running statistics.</summary>
    public double Momentum { get; }

    /// <summary>How much of the mean is the instance's, the layer's and the batch's: (3), before the softmax.</summary>
    public Parameter<T> MeanWeight { get; }

    /// <summary>The same for the variance.</summary>
    public Parameter<T> VarWeight { get; }

    /// <summary>The running mean of each channel.</summary>
    public Tensor<T> RunningMean { get; }

    /// <summary>The running unbiased variance of each channel.</summary>
    public Tensor<T> RunningVar { get; }

    private protected override Scaling Scaling => new(Spread.StandardDeviation, Eps);

    private protected override int Extras => UsesRunning ? 2 * NumFeatures : 0;

    private protected override void Normalize<TInput>(
        in Planes planes, Moments[] moments, TensorView<TInput> x, TensorView<TInput> y, SavedStatistics? saved)
    {
        using Rented<Moments> samples = new(planes.Samples), channels = new(planes.Channels);
        using Rented<Line> lines = new(planes.Count);
        Span<Moments> batch = channels.Array.AsSpan(0, planes.Channels);
        if (UsesRunning)
        {
            RunningStatistics.Read<T>(runningMean, runningVar, batch);
            for (int c = 0; saved is not null && c < batch.Length; c++)
                (saved.Extras[c], saved.Extras[batch.Length + c]) = (batch[c].Mean, batch[c].M2);
        }
        else
        {
            for (int c = 0; c < batch.Length; c++)
                batch[c] = planes.OfChannel(moments, c);
        }
        Mixture mixture = new(this, planes, moments, samples.Array, channels.Array);
        for (int plane = 0; plane < planes.Count; plane++)
        {
            Mixed mixed = mixture[plane];
            double scale = mixed.Factor * Weight![plane % planes.Channels];
            lines.Array[plane] = new(mixed.Own.Mean, scale, Bias![plane % planes.Channels] - ((mixed.Own.MeanLow + mixed.Shift) * scale));
        }
        planes.Map(default, x, y, new PlaneLines.Values(lines.Array));
        if (!UsesRunning)
            RunningStatistics.Update(runningMean, runningVar, batch, Momentum, RunningStatisticsPolicy.Propagate);
    }

    private protected override void Differentiate<TInput>(
        in Planes planes, SavedStatistics saved, TensorView<TInput> dy, TensorView<TInput> x, TensorView<TInput> dx)
    {
        using Rented<Moments> samples = new(planes.Samples), channels = new(planes.Channels);
        for (int c = 0; c < planes.Channels; c++)
            channels.Array[c] = saved.Fixed ? new(1, saved.Extras[c], saved.Extras[planes.Channels + c]) : planes.OfChannel(saved.Moments, c);
        Mixture mixture = new(this, planes, saved.Array, samples.Array, channels.Array);

        // The gradients of each plane's mean and variance, and their sums over each set.
        using Rented<Pair> sums = new(planes.Count), ofSamples = new(planes.Samples), ofChannels = new(planes.Channels), parameters = new(planes.Channels);
        planes.Reduce(dy, x, new PlaneLines.GradientSums(saved.Array), sums.Array);
        ofSamples.Array.AsSpan().Clear();
        ofChannels.Array.AsSpan().Clear();
        parameters.Array.AsSpan().Clear();
        Shares ofMeans = default, ofVariances = default;
        for (int plane = 0; plane < planes.Count; plane++)
        {
            (int n, int c) = Math.DivRem(plane, planes.Channels);
            Mixed mixed = mixture[plane];
            Pair sum = sums.Array[plane].About(mixed.Shift);
            parameters.Array[c] += new Pair(sum.First, sum.Second * mixed.Factor);
            Pair of = new(-mixed.Factor * Weight![c] * sum.First, -0.5 * mixed.Factor * mixed.Factor * mixed.Factor * Weight[c] * sum.Second);
            sums.Array[plane] = of;
            ofSamples.Array[n] += of;
            ofChannels.Array[c] += of;
            ofMeans += of.First * mixed.Means;
            ofVariances += of.Second * mixed.Variances;
        }
        using Rented<Slope> slopes = new(dx.IsEmpty ? 0 : planes.Count);
        Shares count = new(planes.Positions, planes.Positions * planes.Channels, planes.Positions * planes.Samples);
        for (int plane = 0; plane < planes.Count && !dx.IsEmpty; plane++)
        {
            (int n, int c) = Math.DivRem(plane, planes.Channels);
            Mixed mixed = mixture[plane];
            Pair batch = saved.Fixed ? default : ofChannels.Array[c];
            Shares ofMean = mixture.OfMean * new Shares(sums.Array[plane].First, ofSamples.Array[n].First, batch.First) / count;
            Shares ofX = 2 * (mixture.OfVariance * new Shares(sums.Array[plane].Second, ofSamples.Array[n].Second, batch.Second) / count);
            double slope = ofX.Sum;
            slopes.Array[plane] = new(
                mixed.Own.Mean, mixed.Factor * Weight![c], slope, ofMean.Sum - (ofX * mixed.Means).Sum - (mixed.Own.MeanLow * slope));
        }
        planes.Map(dy, x, dx, new PlaneLines.Gradients(slopes.Array));
        for (int c = 0; c < planes.Channels; c++)
            AddGradients(c, parameters.Array[c]);
        AddSoftmaxGradient(MeanWeight, mixture.OfMean, ofMeans);
        AddSoftmaxGradient(VarWeight, mixture.OfVariance, ofVariances);
    }

    private static void AddSoftmaxGradient(Parameter<T> logits, Shares share, Shares gradient)
    {
        Shares sums = share * (gradient - new Shares((share * gradient).Sum));
        logits.AddGradient(0, sums.Instance);
        logits.AddGradient(1, sums.Layer);
        logits.AddGradient(2, sums.Batch);
    }

    private static Shares Softmax(Parameter<T> logits)
    {
        double most = Math.Max(logits[0], Math.Max(logits[1], logits[2]));
        Shares e = new(Elementary.Exp(logits[0] - most), Elementary.Exp(logits[1] - most), Elementary.Exp(logits[2] - most));
        return e / new Shares(e.Sum);
    }

    /// <summary>A number each for instance, layer and batch.</summary>
    private readonly record struct Shares(double Instance, double Layer, double Batch)
    {
        public Shares(double all) : this(all, all, all)
        {
        }

        public double Sum => Instance + Layer + Batch;

        public static Shares operator +(Shares a, Shares b) => new(a.Instance + b.Instance, a.Layer + b.Layer, a.Batch + b.Batch);
        public static Shares operator -(Shares a, Shares b) => new(a.Instance - b.Instance, a.Layer - b.Layer, a.Batch - b.Batch);
        public static Shares operator *(Shares a, Shares b) => new(a.Instance * b.Instance, a.Layer * b.Layer, a.Batch * b.Batch);
        public static Shares operator *(double factor, Shares a) => new Shares(factor) * a;
        public static Shares operator /(Shares a, Shares b) => new(a.Instance / b.Instance, a.Layer / b.Layer, a.Batch / b.Batch);
    }

    /// <summary>The statistics of a plane. Means are differences from its own, for an offset that all share costs no digits there.</summary>
    private readonly record struct Mixed(Moments Own, Shares Means, Shares Variances, double Shift, double Factor);

    private readonly ref struct Mixture
    {
        private readonly Scaling scaling;
        private readonly Planes planes;
        private readonly ReadOnlySpan<Moments> instances;
        private readonly ReadOnlySpan<Moments> samples;
        private readonly ReadOnlySpan<Moments> channels;

        public Mixture(SwitchableNorm<T> layer, in Planes planes, Moments[] instances, Moments[] samples, Moments[] channels)
        {
            for (int n = 0; n < planes.Samples; n++)
                samples[n] = Planes.Together(instances.AsSpan(n * planes.Channels, planes.Channels));
            (scaling, this.planes, OfMean, OfVariance) = (layer.Scaling, planes, Softmax(layer.MeanWeight), Softmax(layer.VarWeight));
            this.instances = instances;
            this.samples = samples;
            this.channels = channels;
        }

        public Shares OfMean { get; }

        public Shares OfVariance { get; }

        public Mixed this[int plane]
        {
            get
            {
                Moments own = instances[plane], sample = samples[plane / planes.Channels], batch = channels[plane % planes.Channels];
                Shares means = new(0, Beyond(own, sample), Beyond(own, batch)), variances = new(own.Variance, sample.Variance, batch.Variance);
                double variance = (OfVariance * variances).Sum;
                return new(own, means, variances, (OfMean * means).Sum, scaling.Factor(new(1, 0, variance)));
            }
        }

        private static double Beyond(in Moments own, in Moments other) => (other.Mean - own.Mean) + (other.MeanLow - own.MeanLow);
    }
}
