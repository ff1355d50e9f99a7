using System.Numerics;

namespace NormKit;

/// <summary>How running statistics are read and moved; the tensors themselves belong to the layer or the caller.</summary>
internal static class RunningStatistics
{
    /// <summary>Running mean and variance as moments of a count of 1, which is how kernels take them.</summary>
    public static void Read<T>(ReadOnlySpan<T> mean, ReadOnlySpan<T> variance, Span<Moments> moments) where T : IBinaryFloatingPointIeee754<T>
    {
        for (int c = 0; c < mean.Length; c++)
            moments[c] = new(1, double.CreateTruncating(mean[c]), double.CreateTruncating(variance[c]));
    }

    /// <summary>
    /// <c>running = (1 - momentum) * running + momentum * batch</c>, with the unbiased variance. Where a channel has a set in each sample
    /// (instance norm) or part of the batch (ghost batch norm), the batch's value is the mean over these, as in PyTorch. An empty batch moves nothing.
    /// </summary>
    /// <returns>Whether the batch was taken: false only where the policy is to skip it, and then nothing has moved.</returns>
    public static bool Update<T>(Span<T> mean, Span<T> variance, ReadOnlySpan<Moments> moments, double momentum, RunningStatisticsPolicy nonFinite)
        where T : IBinaryFloatingPointIeee754<T>
    {
        int samples = mean.IsEmpty ? 0 : moments.Length / mean.Length;
        for (int c = 0; c < mean.Length && samples > 0 && nonFinite == RunningStatisticsPolicy.Skip; c++)
        {
            // In the type that keeps them: a variance that it cannot hold would be as lost as an infinite one.
            (double? batchMean, double? batchVariance) = OfBatch(moments, c, mean.Length, samples);
            if (!T.IsFinite(T.CreateTruncating(batchMean ?? 0)) || !T.IsFinite(T.CreateTruncating(batchVariance ?? 0)))
                return false;
        }
        for (int c = 0; c < mean.Length && samples > 0; c++)
        {
            (double? batchMean, double? batchVariance) = OfBatch(moments, c, mean.Length, samples);
            if (batchMean is double ofMean)
                mean[c] = Move(mean[c], ofMean, momentum);
            if (batchVariance is double ofVariance)
                variance[c] = Move(variance[c], ofVariance, momentum);
        }
        return true;
    }

    /// <summary>The means over a channel's sets; under a mask some may have no element, or too few for a variance, and none of it moves anything.</summary>
    private static (double? Mean, double? Variance) OfBatch(ReadOnlySpan<Moments> moments, int channel, int channels, int samples)
    {
        double mean = 0, variance = 0;
        int withMean = 0, withVariance = 0;
        for (int n = 0; n < samples; n++)
        {
            Moments set = moments[(n * channels) + channel];
            if (set.Count > 0)
                (mean, withMean) = (mean + set.Mean, withMean + 1);
            if (set.Count > 1)
                (variance, withVariance) = (variance + set.SampleVariance, withVariance + 1);
        }
        return (withMean == 0 ? null : mean / withMean, withVariance == 0 ? null : variance / withVariance);
    }

    /// <summary>One running value after another batch.</summary>
    public static T Move<T>(T running, double batch, double momentum) where T : IBinaryFloatingPointIeee754<T> =>
        T.CreateTruncating(((1 - momentum) * double.CreateTruncating(running)) + (momentum * batch));
}
