namespace NormKit.Diagnosis.Sharing;

/// <summary>Outputs whose channels lie elsewhere than the input's.</summary>
internal static class Layouts
{
    /// <summary>The output in the order of the input, by the shapes of both.</summary>
    public static double[] InOrderOfInput(DiagnosisRequest request)
    {
        if (request.OutputShape is not int[] moved || moved.AsSpan().SequenceEqual(request.Shape))
            return request.Output;
        int[] shape = request.Shape;
        return moved.AsSpan().SequenceEqual(ChannelsLast(shape))
            ? Transposed(request.Output, shape[0], Groupings.Product(shape.AsSpan(2)), shape[1])
            : Transposed(request.Output, shape[0], shape[^1], Groupings.Product(shape.AsSpan(1..^1)));
    }

    /// <summary>(N, C, *) to (N, *, C).</summary>
    public static int[] ChannelsLast(int[] shape) => shape.Length < 3 ? shape : [shape[0], .. shape[2..], shape[1]];

    /// <summary>(N, *, C) to (N, C, *).</summary>
    public static int[] ChannelsFirst(int[] shape) => shape.Length < 3 ? shape : [shape[0], shape[^1], .. shape[1..^1]];

    /// <summary>The output as it would be if its memory were in the other layout than its shape says, both ways round.</summary>
    public static IEnumerable<double[]> Other(int[] shape, double[] output)
    {
        yield return Transposed(output, shape[0], Groupings.Product(shape.AsSpan(2)), shape[1]);
        yield return Transposed(output, shape[0], shape[^1], Groupings.Product(shape.AsSpan(1..^1)));
    }

    /// <summary>(n, a, b) in memory to (n, b, a).</summary>
    private static double[] Transposed(double[] values, int n, int a, int b)
    {
        double[] transposed = new double[values.Length];
        for (int sample = 0; sample < n; sample++)
        {
            int start = sample * a * b;
            for (int i = 0; i < a; i++)
            {
                for (int k = 0; k < b; k++)
                    transposed[start + (k * a) + i] = values[start + (i * b) + k];
            }
        }
        return transposed;
    }
}
