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
    public static void Update<T>(Span<T> mean, Span<T> variance, ReadOnlySpan<Moments> moments, double momentum)
        where T : IBinaryFloatingPointIeee754<T>
    {
        int channels = mean.Length;
        int samples = channels == 0 ? 0 : moments.Length / channels;
        for (int c = 0; c < channels && samples > 0; c++)
        {
            double batchMean = 0, batchVariance = 0;
            int withMean = 0, withVariance = 0;
            for (int n = 0; n < samples; n++)
            {
                // Under a mask a set may have no element, or too few for a variance.
                Moments set = moments[(n * channels) + c];
                if (set.Count > 0)
                    (batchMean, withMean) = (batchMean + set.Mean, withMean + 1);
                if (set.Count > 1)
                    (batchVariance, withVariance) = (batchVariance + set.SampleVariance, withVariance + 1);
            }
            if (withMean > 0)
                mean[c] = Move(mean[c], batchMean / withMean, momentum);
            if (withVariance > 0)
                variance[c] = Move(variance[c], batchVariance / withVariance, momentum);
        }
    }

    private static T Move<T>(T running, double batch, double momentum) where T : IBinaryFloatingPointIeee754<T> =>
        T.CreateTruncating(((1 - momentum) * double.CreateTruncating(running)) + (momentum * batch));
}
