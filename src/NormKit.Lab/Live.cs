using System.Runtime.InteropServices;
using System.Runtime.InteropServices.JavaScript;

namespace NormKit.Lab;

/// <summary>The tensor that the page shows: its numbers, its normalization and its gradient. One at a time, kept between calls.</summary>
internal static partial class Live
{
    private static readonly SavedStatistics Saved = new();
    private static readonly nint[] Shape = [1, 1, 1, 1];
    private static float[] x = [], y = [], other = [];
    private static NormLayer<float>? layer;

    /// <summary>Makes a new input and returns its numbers.</summary>
    [JSExport]
    internal static byte[] Input(string kind, int seed, int n, int c, int h, int w)
    {
        (Shape[0], Shape[1], Shape[2], Shape[3]) = (n, c, h, w);
        Resize(checked(n * c * h * w));
        if (kind == "rand")
            new TorchRandom((ulong)seed).Fill(x);
        else
            Samples.Images(x, Shape, seed, seed, seed);
        return Bytes(x);
    }

    /// <summary>Takes an input that the page has.</summary>
    [JSExport]
    internal static void Take(byte[] values, int n, int c, int h, int w)
    {
        (Shape[0], Shape[1], Shape[2], Shape[3]) = (n, c, h, w);
        Resize(checked(n * c * h * w));
        values.CopyTo(MemoryMarshal.AsBytes(x.AsSpan()));
    }

    [JSExport]
    internal static void SetValue(int index, double value) => x[index] = (float)value;

    /// <summary>Normalizes and returns y.</summary>
    [JSExport]
    internal static byte[] Forward(string name, int groups, double eps, double weight, double bias, string activation)
    {
        layer = LayerChoice.Create(name, Shape, groups, eps);
        layer.Weight?.Value.Fill((float)weight);
        layer.Bias?.Value.Fill((float)bias);
        if (layer is GroupedNormLayer<float> grouped)
            grouped.Activation = LayerChoice.Activation(activation);
        layer.Forward(x, Shape, y, Saved);
        return Bytes(y);
    }

    /// <summary>Count, mean, variance and 1 / sqrt(variance + eps) of each set, in the order of <see cref="SavedStatistics"/>.</summary>
    /// <remarks>Of RMS norm the second number is 0 and the third is the mean of the squares.</remarks>
    [JSExport]
    internal static double[] Sets()
    {
        ReadOnlySpan<Moments> moments = Saved.Moments;
        double[] numbers = new double[4 * moments.Length];
        for (int set = 0; set < moments.Length; set++)
        {
            Moments of = moments[set];
            bool isRms = layer is RmsNorm<float>;
            double invStd = Saved.InvStd(set);
            numbers[4 * set] = of.Count;
            numbers[(4 * set) + 1] = isRms ? 0 : of.Mean;
            numbers[(4 * set) + 2] = isRms ? of.Variance + (of.Mean * of.Mean) : of.Variance;
            numbers[(4 * set) + 3] = invStd;
        }
        return numbers;
    }

    /// <summary>The largest difference between the last output and that of another layer on the same input.</summary>
    [JSExport]
    internal static double DifferenceFrom(string name, int groups, double eps)
    {
        if (other.Length != x.Length)
            other = new float[x.Length];
        LayerChoice.Create(name, Shape, groups, eps).Forward(x, Shape, other);
        float largest = 0;
        for (int i = 0; i < y.Length; i++)
            largest = Math.Max(largest, Math.Abs(y[i] - other[i]));
        return largest;
    }

    /// <summary>The gradient of the input for a gradient of the output that is 1 at one element and 0 elsewhere.</summary>
    [JSExport]
    internal static byte[] Backward(int index)
    {
        float[] gradOutput = new float[x.Length], gradInput = new float[x.Length];
        gradOutput[index] = 1;
        layer!.ZeroGrad();
        layer.Backward(gradOutput, x, Shape, Saved, gradInput);
        return Bytes(gradInput);
    }

    /// <summary>Normalizes an input that the page has, and keeps nothing.</summary>
    [JSExport]
    internal static byte[] Normalize(byte[] values, int n, int c, int h, int w, string name, int groups, double eps)
    {
        nint[] shape = [n, c, h, w];
        float[] destination = new float[values.Length / sizeof(float)];
        LayerChoice.Create(name, shape, groups, eps).Forward(MemoryMarshal.Cast<byte, float>(values), shape, destination);
        return Bytes(destination);
    }

    private static void Resize(int count)
    {
        if (x.Length != count)
            (x, y) = (new float[count], new float[count]);
    }

    internal static byte[] Bytes(ReadOnlySpan<float> values) => MemoryMarshal.AsBytes(values).ToArray();
}
