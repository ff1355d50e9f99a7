using System.Runtime.InteropServices;
using System.Runtime.InteropServices.JavaScript;

namespace NormKit.Lab;

/// <summary>Small experiments, each with inputs of its own: nothing is kept between calls.</summary>
internal static partial class Experiments
{
    /// <summary>Normalizes image 0 in the company of a batch that <paramref name="draw"/> decides, and returns its output.</summary>
    [JSExport]
    internal static byte[] FirstImage(string name, int groups, double eps, int batch, int c, int h, int w, int seed, int draw) =>
        Live.Bytes(FirstOutput(name, groups, eps, [batch, c, h, w], seed, draw));

    /// <summary>
    /// How far the output of image 0 moves when only the other images of its batch change: the root mean square, over its elements, of the standard
    /// deviation over several draws. For each batch size one number.
    /// </summary>
    [JSExport]
    internal static double[] Movement(string name, int groups, double eps, [JSMarshalAs<JSType.Array<JSType.Number>>] int[] batches, int c, int h, int w, int seed, int draws)
    {
        double[] movements = new double[batches.Length];
        for (int i = 0; i < batches.Length; i++)
        {
            Moments[] elements = new Moments[c * h * w];
            for (int draw = 0; draw < draws; draw++)
            {
                float[] y = FirstOutput(name, groups, eps, [batches[i], c, h, w], seed, draw);
                for (int e = 0; e < y.Length; e++)
                    elements[e] = Moments.Combine(elements[e], new(1, y[e], 0));
            }
            movements[i] = Math.Sqrt(elements.Average(element => element.SampleVariance));
        }
        return movements;
    }

    private static float[] FirstOutput(string name, int groups, double eps, nint[] shape, int seed, int draw)
    {
        int count = (int)(shape[0] * shape[1] * shape[2] * shape[3]);
        float[] x = new float[count], y = new float[count];
        Samples.Images(x, shape, seed, seed, (1009 * draw) + seed + 1);
        LayerChoice.Create(name, shape, groups, eps).Forward(x, shape, y);
        return y[..(int)(count / shape[0])];
    }

    /// <summary>
    /// Trains batch norm on batches of (N, 1, 4, 4), whose brightness shifts from batch <paramref name="shiftAt"/> on. Four numbers for each batch: its
    /// mean and sample variance, and the running mean and variance after it. At the end four more: mean and standard deviation of the last batch's
    /// output in training mode and in evaluation mode.
    /// </summary>
    /// <param name="momentum">0 stands for none: the cumulative average.</param>
    /// <param name="batches">How many batches.</param>
    /// <param name="batch">Images in a batch.</param>
    /// <param name="shiftAt">The first batch that is shifted.</param>
    /// <param name="shift">By how much.</param>
    /// <param name="seed">Decides the images.</param>
    [JSExport]
    internal static double[] Running(double momentum, int batches, int batch, int shiftAt, double shift, int seed)
    {
        nint[] shape = [batch, 1, 4, 4];
        BatchNorm<float> norm = new(1, momentum: momentum > 0 ? momentum : null);
        SavedStatistics saved = new();
        float[] x = new float[batch * 16], y = new float[batch * 16];
        List<double> numbers = [];
        for (int step = 0; step < batches; step++)
        {
            Samples.Images(x, shape, seed, seed + (31 * step), seed + (37 * step) + 1, step >= shiftAt ? shift : 0);
            norm.Forward(x, shape, y, saved);
            numbers.AddRange(saved.Moments[0].Mean, saved.Moments[0].SampleVariance, norm.RunningMean![0], norm.RunningVar![0]);
        }
        AddMoments(numbers, y);
        norm.Eval();
        norm.Forward(x, shape, y);
        AddMoments(numbers, y);
        return [.. numbers];
    }

    /// <summary>The running statistics after batch norm has trained on consecutive batches, from given ones on: all means, then all variances.</summary>
    [JSExport]
    internal static double[] RunningAfter(
        byte[] inputs, int batches, int n, int c, int h, int w, double momentum,
        [JSMarshalAs<JSType.Array<JSType.Number>>] double[] mean, [JSMarshalAs<JSType.Array<JSType.Number>>] double[] variance)
    {
        nint[] shape = [n, c, h, w];
        int count = n * c * h * w;
        BatchNorm<float> norm = new(c, momentum: momentum);
        for (int channel = 0; channel < c; channel++)
            (norm.RunningMean![channel], norm.RunningVar![channel]) = ((float)mean[channel], (float)variance[channel]);
        ReadOnlySpan<float> x = MemoryMarshal.Cast<byte, float>(inputs);
        float[] y = new float[count];
        for (int step = 0; step < batches; step++)
            norm.Forward(x.Slice(step * count, count), shape, y);
        return [.. norm.RunningMean!.Concat(norm.RunningVar!).Select(value => (double)value)];
    }

    /// <summary>The standard deviation of instance norm's output for a channel of each given standard deviation.</summary>
    [JSExport]
    internal static double[] OutputSpread([JSMarshalAs<JSType.Array<JSType.Number>>] double[] deviations, double eps, int seed)
    {
        nint[] shape = [1, deviations.Length, 16, 16];
        float[] x = new float[deviations.Length * 256], y = new float[x.Length];
        new TorchRandom((ulong)seed).Fill(x);
        for (int c = 0; c < deviations.Length; c++)
        {
            Span<float> channel = x.AsSpan(256 * c, 256);
            Moments of = Moments.Of<float>(channel);
            for (int i = 0; i < channel.Length; i++)
                channel[i] = (float)((channel[i] - of.Mean) / Math.Sqrt(of.Variance) * deviations[c]);
        }
        new InstanceNorm<float>(deviations.Length, eps).Forward(x, shape, y);
        return [.. Enumerable.Range(0, deviations.Length).Select(c => Math.Sqrt(Moments.Of<float>(y.AsSpan(256 * c, 256)).Variance))];
    }

    /// <summary>
    /// The largest error, over the largest output, of three ways to normalize 4,096 float numbers with standard deviation 1 and the given mean, against
    /// the formula in double precision: the naive formula E[x^2] - E[x]^2 in float, Welford's single pass in float, and NormKit.
    /// </summary>
    [JSExport]
    internal static double[] OffsetErrors(double offset, int seed)
    {
        const int count = 4096;
        float[] uniform = new float[2 * count], x = new float[count], y = new float[count];
        new TorchRandom((ulong)seed).Fill(uniform);
        for (int i = 0; i < count; i++)
            x[i] = (float)(offset + (Math.Sqrt(-2 * Math.Log(1 - (double)uniform[2 * i])) * Math.Cos(2 * Math.PI * uniform[(2 * i) + 1])));
        new LayerNorm<float>(count).Forward(x, [1, count], y);

        // Exactly rounded enough: x - x[0] is exact in double, so neither the sum nor the deviations lose digits to the offset.
        double shifted = 0, squares = 0;
        foreach (float value in x)
            shifted += (double)value - x[0];
        shifted /= count;
        foreach (float value in x)
            squares += Math.Pow((double)value - x[0] - shifted, 2);
        double exactStd = Math.Sqrt((squares / count) + 1e-5);

        float sum = 0, sumOfSquares = 0, mean = 0, m2 = 0;
        for (int i = 0; i < count; i++)
        {
            sum += x[i];
            sumOfSquares += x[i] * x[i];
            float delta = x[i] - mean;
            mean += delta / (i + 1);
            m2 += delta * (x[i] - mean);
        }
        float naiveMean = sum / count, naiveVariance = Math.Max(0, (sumOfSquares / count) - (naiveMean * naiveMean));
        float naiveStd = MathF.Sqrt(naiveVariance + 1e-5f), onePassStd = MathF.Sqrt((m2 / count) + 1e-5f);
        double largest = 0, naive = 0, onePass = 0, normKit = 0;
        for (int i = 0; i < count; i++)
        {
            double exact = ((double)x[i] - x[0] - shifted) / exactStd;
            largest = Math.Max(largest, Math.Abs(exact));
            naive = Math.Max(naive, Math.Abs(((x[i] - naiveMean) / naiveStd) - exact));
            onePass = Math.Max(onePass, Math.Abs(((x[i] - mean) / onePassStd) - exact));
            normKit = Math.Max(normKit, Math.Abs(y[i] - exact));
        }
        return [naive / largest, onePass / largest, normKit / largest];
    }

    private static void AddMoments(List<double> numbers, ReadOnlySpan<float> values)
    {
        Moments of = Moments.Of(values);
        numbers.AddRange(of.Mean, Math.Sqrt(of.Variance));
    }
}
