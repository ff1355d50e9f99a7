namespace NormKit.Tests;

/// <summary>Linear and convolution layers straight from their formulas, in double, for any number of position dimensions; the same setting in each.</summary>
internal sealed record NaiveConvolution(FoldableLayer Layer, int Groups = 1, int Stride = 1, int Padding = 0, int Dilation = 1, int OutputPadding = 0)
{
    /// <summary>x: (N, in, *), weight: PyTorch's shape; returns (N, out, *).</summary>
    public (double[] Y, nint[] Shape) Of(double[] x, nint[] xShape, double[] weight, nint[] weightShape, double[]? bias)
    {
        bool transposed = Layer == FoldableLayer.TransposedConvolution;
        nint[] kernel = weightShape[2..], from = xShape[2..];
        nint outputs = transposed ? weightShape[1] * Groups : weightShape[0];
        nint[] to = [.. from.Zip(kernel, (n, k) => transposed
            ? ((n - 1) * Stride) - (2 * Padding) + (Dilation * (k - 1)) + OutputPadding + 1
            : ((n + (2 * Padding) - (Dilation * (k - 1)) - 1) / Stride) + 1)];
        nint[] yShape = [xShape[0], outputs, .. to];
        double[] y = new double[Count(yShape)];
        foreach (nint[] at in Indices(yShape))
            y[Offset(at, yShape)] = bias?[at[1]] ?? 0;
        // Every weight once, in whichever direction it carries a position q of the input to a position p of the output.
        foreach (nint[] w in Indices(weightShape))
        {
            nint group = w[0] / (weightShape[0] / Groups), other = (group * weightShape[1]) + w[1];
            (nint input, nint output) = transposed ? (w[0], other) : (other, w[0]);
            nint[] walked = transposed ? from : to;
            foreach (nint[] position in walked.Length == 0 ? [[]] : Indices(walked))
            {
                nint[] reached = [.. position.Select((p, d) => (p * Stride) + (w[2 + d] * Dilation) - Padding)];
                (nint[] p, nint[] q) = transposed ? (reached, position) : (position, reached);
                if (!Inside(p, to) || !Inside(q, from))
                    continue;
                for (nint n = 0; n < xShape[0]; n++)
                    y[Offset([n, output, .. p], yShape)] += weight[Offset(w, weightShape)] * x[Offset([n, input, .. q], xShape)];
            }
        }
        return (y, yShape);
    }

    /// <summary>x with a border of one value a channel around each position dimension.</summary>
    public static (double[] X, nint[] Shape) Pad(double[] x, nint[] shape, int padding, double[] values)
    {
        nint[] padded = [.. shape.Select((n, d) => d < 2 ? n : n + (2 * padding))];
        double[] result = new double[Count(padded)];
        foreach (nint[] at in Indices(padded))
        {
            nint[] source = [.. at.Select((i, d) => d < 2 ? i : i - padding)];
            result[Offset(at, padded)] = Inside(source, shape) ? x[Offset(source, shape)] : values[at[1]];
        }
        return (result, padded);
    }

    public static nint Count(nint[] shape) => shape.Aggregate((nint)1, (a, b) => a * b);

    private static bool Inside(nint[] at, nint[] shape) => at.Zip(shape, (i, n) => i >= 0 && i < n).All(inside => inside);

    private static nint Offset(nint[] at, nint[] shape) => at.Zip(shape).Aggregate((nint)0, (sum, d) => (sum * d.Second) + d.First);

    private static IEnumerable<nint[]> Indices(nint[] shape)
    {
        for (nint i = 0; i < Count(shape); i++)
        {
            nint[] at = new nint[shape.Length];
            nint rest = i;
            for (int d = shape.Length - 1; d >= 0; d--)
            {
                at[d] = rest % shape[d];
                rest /= shape[d];
            }
            yield return at;
        }
    }
}
