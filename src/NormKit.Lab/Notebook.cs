using System.Globalization;
using System.Runtime.InteropServices.JavaScript;
using NormKit.Diagnosis;

namespace NormKit.Lab;

/// <summary>The four cells of the notebook: a layer, its formula by hand with torch.var, and their difference by two measures.</summary>
internal static partial class Notebook
{
    private static readonly nint[] Shape = [16, 32, 64, 64];
    private static readonly string[] Cells = [LayerChoice.Batch, LayerChoice.Layer, LayerChoice.Instance, LayerChoice.Group];

    /// <summary>The last cell prints a pair that the cell before it left behind; this is its distance.</summary>
    private static double instanceDistance = double.NaN;

    /// <summary>Runs one cell and returns its figures as JSON.</summary>
    [JSExport]
    internal static string Run(int cell, int seed)
    {
        float[] x = new float[16 * 32 * 64 * 64], y = new float[x.Length], byHand = new float[x.Length];
        // Each cell draws its own inputs, one after the other from one generator in the notebook.
        new TorchRandom((ulong)(seed + cell)).Fill(x);
        Progress.Tell(0.1);
        LayerChoice.Create(Cells[cell], Shape, 8, 1e-5, affine: false).Forward(x, Shape, y);
        Progress.Tell(0.3);
        double n = Hand(x, byHand, Cells[cell], sample: true);
        Progress.Tell(0.6);
        (double sum, double distance, double outputSum) = Compare(y, byHand);
        Progress.Tell(0.8);
        Hand(x, byHand, Cells[cell], sample: false);
        (double sumRight, double distanceRight, _) = Compare(y, byHand);
        if (cell == 2)
            instanceDistance = distance;
        Progress.Tell(1);
        return Answers.Json(json =>
        {
            json.WriteNumber("count", n);
            Answers.Number(json, "sum", sum);
            Answers.Number(json, "distance", distance);
            Answers.Number(json, "printedDistance", cell == 3 ? instanceDistance : distance);
            Answers.Number(json, "sumPopulation", sumRight);
            Answers.Number(json, "distancePopulation", distanceRight);
            // y * (1 - sqrt((n - 1) / n)): what the other divisor alone makes of the layer's own output.
            Answers.Number(json, "predicted", outputSum * (1 - Math.Sqrt((n - 1) / n)));
        });
    }

    /// <summary>Diagnoses the cell's pair of arrays, input and result by hand, without being told which layer it is. Returns JSON.</summary>
    [JSExport]
    internal static string Explain(int cell, int seed)
    {
        float[] x = new float[16 * 32 * 64 * 64], byHand = new float[x.Length];
        new TorchRandom((ulong)(seed + cell)).Fill(x);
        Hand(x, byHand, Cells[cell], sample: true);
        (int[] shape, int[] elements) = Part(cell);
        return Answers.Of(Diagnoser.Diagnose(new()
        {
            Input = Array.ConvertAll(elements, i => (double)x[i]),
            Output = Array.ConvertAll(elements, i => (double)byHand[i]),
            Shape = shape,
            InputFormat = NumberFormat.Float32,
            OutputFormat = NumberFormat.Float32,
        }, new Progress()), string.Create(CultureInfo.InvariantCulture, $"{shape[0]},{shape[1]},{shape[2]},{shape[3]}"));
    }

    /// <summary>Whole sets that say as much as all: two images of all channels, or, where a set goes through the batch, four channels of all images.</summary>
    private static (int[] Shape, int[] Elements) Part(int cell)
    {
        const int plane = 64 * 64;
        return cell == 0
            ? ([16, 4, 64, 64], [.. Enumerable.Range(0, 16 * 32 * plane).Where(i => i / plane % 32 < 4)])
            : ([2, 32, 64, 64], [.. Enumerable.Range(0, 2 * 32 * plane)]);
    }

    /// <summary>The notebook's formula in float: (x - mean) / sqrt(var + eps). Returns the number of elements that share a mean.</summary>
    private static int Hand(float[] x, float[] destination, string layer, bool sample)
    {
        const int plane = 64 * 64;
        (int sets, int runs, int length, int setStride, int runStride) = layer switch
        {
            LayerChoice.Batch => (32, 16, plane, plane, 32 * plane),
            LayerChoice.Layer => (16, 1, 32 * plane, 32 * plane, 0),
            LayerChoice.Instance => (16 * 32, 1, plane, plane, 0),
            _ => (16 * 8, 1, 4 * plane, 4 * plane, 0),
        };
        for (int set = 0; set < sets; set++)
        {
            Moments of = default;
            for (int run = 0; run < runs; run++)
                of = Moments.Combine(of, Moments.Of<float>(x.AsSpan((set * setStride) + (run * runStride), length)));
            float mean = (float)of.Mean, divisor = MathF.Sqrt((float)(sample ? of.SampleVariance : of.Variance) + 1e-5f);
            for (int run = 0; run < runs; run++)
            {
                int start = (set * setStride) + (run * runStride);
                for (int i = start; i < start + length; i++)
                    destination[i] = (x[i] - mean) / divisor;
            }
        }
        return runs * length;
    }

    private static (double Sum, double Distance, double OutputSum) Compare(float[] y, float[] byHand)
    {
        double sum = 0, outputSum = 0, distance = 0;
        for (int i = 0; i < y.Length; i++)
        {
            sum += Math.Abs((double)y[i] - byHand[i]);
            outputSum += Math.Abs((double)y[i]);
        }
        float[] rows = new float[y.Length / 64];
        new PairwiseDistance().Forward<float>(y, byHand, Shape, rows);
        foreach (float row in rows)
            distance += row;
        return (sum, distance, outputSum);
    }
}
