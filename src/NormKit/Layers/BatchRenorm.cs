using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

/// <summary>Batch norm whose training output is corrected towards the running statistics, within bounds.</summary>
/// <remarks><code>training:    y = ((x - meanB) / stdB * r + d) * weight[c] + bias[c]
///              r = clip(stdB / stdR, 1 / rMax, rMax)        d = clip((meanB - meanR) / stdR, -dMax, dMax)
/// evaluation:  y = (x - meanR) / stdR * weight[c] + bias[c]        // B: batch, R: running; std = sqrt(var + eps)</code>
/// Input and output: (N, C, *); weight, bias and running statistics: (C). The running statistics that correct are those before the batch moves them, as
/// in <see cref="BatchNorm{T}"/>; r and d are constants in the gradient. Where both deviations are 0, r is 1. It takes no mask.
/// Source: Ioffe 2017, arXiv:1702.03275.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class BatchRenorm<T> : BatchNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private double rMax;
    private double dMax;

    /// <summary>A layer with weight 1, bias 0, running mean 0 and running variance 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics; null for the average over all batches.</param>
    /// <param name="rMax">The largest r.</param>
    /// <param name="dMax">The largest d.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, eps is negative or not finite, momentum is outside 0 to 1, rMax is less
    /// than 1, or dMax is negative.</exception>
    public BatchRenorm(int numFeatures, double eps = 1e-5, double? momentum = 0.1, double rMax = 3, double dMax = 5)
        : base(nameof(BatchRenorm<>), numFeatures, eps, momentum, affine: true, trackRunningStats: true) => (RMax, DMax) = (rMax, dMax);

    /// <summary>The largest r, and one over the least; 1 for batch norm's scale. May change while training.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1 or NaN.</exception>
    public double RMax
    {
        get => rMax;
        set => rMax = value >= 1 ? value : throw new ArgumentOutOfRangeException("rMax", value, $"{Name}: rMax bounds r between 1 / rMax and rMax, so it is at least 1.");
    }

    /// <summary>The largest d, and minus the least; 0 for batch norm's shift. May change while training.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or NaN.</exception>
    public double DMax
    {
        get => dMax;
        set => dMax = value >= 0 ? value : throw new ArgumentOutOfRangeException("dMax", value, $"{Name}: dMax bounds d between -dMax and dMax, so it is not negative.");
    }

    private protected override unsafe void ForwardCore<TInput>(
        in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency)
    {
        RequireNoMask(mask);
        if (!Training)
        {
            base.ForwardCore(x, y, saved, mask, concurrency);
            return;
        }
        NormSpec<T> spec = Describe(x.Lengths);
        Complete(ref spec, concurrency);
        spec.Running.Check(Name, spec.Grouping, x);
        NormCall.CheckOutput(Name, "destination", y, "input", x);
        NormCall.CheckApart(Name, "destination", y, "weight", spec.Weight);
        NormCall.CheckApart(Name, "destination", y, "bias", spec.Bias);
        spec.Running.CheckApart(Name, x, y, spec.Weight, spec.Bias);
        Running<T>.RequireVariances(Name, spec.Running.Variance);

        Planes planes = PlaneCalls.Of(Name, x.Lengths, concurrency);
        using Rented<Moments> unsaved = new(saved is null ? planes.Channels : 0), ofPlanes = new(planes.Count);
        using Rented<Correction> corrections = new(planes.Channels);
        Moments[] moments = saved?.Prepare(Name, x.Lengths, planes.Channels, spec.Scaling, given: false, extras: 2 * planes.Channels, Activation) ?? unsaved.Array;
        if (x.IsEmpty)
        {
            moments.AsSpan().Clear();
        }
        else
        {
            fixed (TInput* xStart = &x.Start, yStart = &y.Start)
            {
                TensorView<TInput> from = x.View(xStart, channelsLast: false);
                planes.Reduce(from, centred: true, ofPlanes.Array);
                for (int c = 0; c < planes.Channels; c++)
                {
                    moments[c] = planes.OfChannel(ofPlanes.Array, c);
                    Correction correction = CorrectionOf(moments[c], double.CreateTruncating(spec.Running.Mean[c]), double.CreateTruncating(spec.Running.Variance[c]));
                    corrections.Array[c] = correction;
                    if (saved is not null)
                        (saved.Extras[c], saved.Extras[planes.Channels + c]) = (correction.R, correction.D);
                }
                using Rented<Line> lines = new(planes.Count);
                FillLines(lines.Array.AsSpan(0, planes.Count), moments, corrections.Array, spec.Scaling);
                planes.Map(default, from, y.View(yStart, channelsLast: false), new ActivatedPlanes(lines.Array, Activation).Forward);
            }
        }
        saved?.Complete();
        Finished(x.IsEmpty || spec.Running.Move(moments.AsSpan(0, planes.Channels)));
    }

    private protected override unsafe void BackwardCore<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, SavedStatistics saved, in Operand<TInput> dx, in Operand<bool> mask, Concurrency concurrency)
    {
        RequireNoMask(mask);
        if (saved.Fixed)
        {
            base.BackwardCore(dy, x, saved, dx, mask, concurrency);
            return;
        }
        PlaneCalls.CheckBackward(Name, dy, x, saved, dx);
        PlaneCalls.RequireChannels(Name, x.Lengths, NumFeatures);
        NormCall.CheckApart(Name, "gradInput", dx, "weight", Operand<T>.OfOptional(Weight!.Values));
        NormCall.CheckApart(Name, "gradInput", dx, "bias", Operand<T>.OfOptional(Bias!.Values));
        PlaneCalls.CheckGradient(Name, "weight", Weight.Gradients, dy, x, dx);
        PlaneCalls.CheckGradient(Name, "bias", Bias.Gradients, dy, x, dx);
        if (x.IsEmpty)
            return;
        fixed (TInput* dyStart = &dy.Start, xStart = &x.Start, dxStart = &dx.Start)
        {
            Differentiate(
                PlaneCalls.Of(Name, x.Lengths, concurrency), saved, dy.View(dyStart, channelsLast: false), x.View(xStart, channelsLast: false),
                dx.IsPresent ? dx.View(dxStart, channelsLast: false) : default);
        }
    }

    private void Differentiate<TInput>(in Planes planes, SavedStatistics saved, TensorView<TInput> dy, TensorView<TInput> x, TensorView<TInput> dx)
        where TInput : unmanaged
    {
        int channels = planes.Channels;
        using Rented<Correction> corrections = new(channels);
        using Rented<Line> lines = new(planes.Count);
        using Rented<Pair> sums = new(planes.Count);
        using Rented<Slope> slopes = new(planes.Count);
        using Rented<Pair> parameters = new(channels);
        for (int c = 0; c < channels; c++)
            corrections.Array[c] = new(saved.Extras[c], saved.Extras[channels + c]);
        FillLines(lines.Array.AsSpan(0, planes.Count), saved.Array, corrections.Array, saved.Scaling);
        ActivatedPlanes operators = new(lines.Array, saved.Activation);
        planes.Reduce(dy, x, operators.Sums, sums.Array);
        for (int c = 0; c < channels; c++)
        {
            Moments moments = saved.Moments[c];
            Pair sum = default;
            for (int n = 0; n < planes.Samples; n++)
                sum += sums.Array[(n * channels) + c];
            sum = sum.About(moments.MeanLow);
            double factor = saved.Scaling.Factor(moments), count = planes.Positions * planes.Samples;
            (double r, double d) = corrections.Array[c];
            double ofDy = factor * r * Weight![c], ofX = -ofDy * factor * factor * (sum.Second / count);
            for (int n = 0; n < planes.Samples; n++)
                slopes.Array[(n * channels) + c] = new(moments.Mean, ofDy, ofX, (-ofDy * (sum.First / count)) - (ofX * moments.MeanLow));
            parameters.Array[c] = new(sum.First, (r * factor * sum.Second) + (d * sum.First));
        }
        planes.Map(dy, x, dx, operators.Backward(slopes.Array));
        for (int c = 0; c < channels; c++)
        {
            Bias!.AddGradient(c, parameters.Array[c].First);
            Weight!.AddGradient(c, parameters.Array[c].Second);
        }
    }

    /// <summary>The corrected line of each plane.</summary>
    private void FillLines(Span<Line> lines, ReadOnlySpan<Moments> moments, ReadOnlySpan<Correction> corrections, Scaling scaling)
    {
        for (int plane = 0; plane < lines.Length; plane++)
        {
            int c = plane % NumFeatures;
            (double r, double d) = corrections[c];
            double scale = scaling.Factor(moments[c]) * r * Weight![c];
            lines[plane] = new(moments[c].Mean, scale, (d * Weight[c]) + Bias![c] - (moments[c].MeanLow * scale));
        }
    }

    private Correction CorrectionOf(in Moments batch, double runningMean, double runningVar)
    {
        double ofBatch = Math.Sqrt(batch.Variance + Eps), running = Math.Sqrt(runningVar + Eps);
        double beyond = (batch.Mean - runningMean) + batch.MeanLow;
        return new(
            Math.Clamp(ofBatch == running ? 1 : ofBatch / running, 1 / rMax, rMax),
            Math.Clamp(beyond == 0 ? 0 : beyond / running, -dMax, dMax));
    }

    /// <summary>What a channel's normalized values are multiplied by, and what is then added.</summary>
    private readonly record struct Correction(double R, double D);
}
