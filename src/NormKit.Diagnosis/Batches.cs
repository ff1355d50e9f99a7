using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Words;

namespace NormKit.Diagnosis;

/// <summary>Compares outputs of the same rows that were computed in batches of other sizes: a batch-invariant program gives them equal, to the bit.</summary>
public static class Batches
{
    private const int NamedRows = 8;

    /// <summary>Compares the rows that two outputs have in common: the first ones, along dimension 0.</summary>
    /// <param name="output">One output, last dimension fastest.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="other">The other output.</param>
    /// <param name="otherShape">Its shape: the same but for the first dimension.</param>
    /// <param name="format">The type whose units count.</param>
    /// <exception cref="ArgumentException">The shapes differ in more than the first dimension, or an array does not fit its shape.</exception>
    public static BatchFinding Compare(double[] output, int[] shape, double[] other, int[] otherShape, NumberFormat format)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(otherShape);
        Require(output, shape, nameof(output));
        Require(other, otherShape, nameof(other));
        if (!shape.AsSpan(1).SequenceEqual(otherShape.AsSpan(Math.Min(1, otherShape.Length))))
            throw new ArgumentException($"An output of shape [{string.Join(", ", otherShape)}] has other rows than one of shape [{string.Join(", ", shape)}]; only the first dimension may differ.", nameof(otherShape));
        int rows = Math.Min(shape[0], otherShape[0]), length = output.Length / shape[0], count = 0, first = -1;
        List<int> different = [];
        double most = 0;
        for (int i = 0; i < rows * length; i++)
        {
            if (output[i].Equals(other[i]))
                continue;
            count++;
            first = first < 0 ? i : first;
            if (different.Count == 0 || different[^1] != i / length)
                different.Add(i / length);
            double units = Math.Abs(output[i] - other[i]) / Math.Max(format.Spacing(output[i]), format.Spacing(other[i]));
            most = Math.Max(most, double.IsNaN(units) ? double.PositiveInfinity : units);
        }
        if (count == 0)
            return new($"Batch-invariant: {(rows == 1 ? "the one row" : $"the {rows} rows")} that batches of {shape[0]} and {otherShape[0]} have in common {(rows == 1 ? "is" : "are")} equal, to the bit.", rows, [], 0, null, 0);
        int[] place = PlaceOf(first, shape);
        string named = string.Join(", ", different.Take(NamedRows)) + (different.Count > NamedRows ? ", ..." : "");
        return new(
            $"Not batch-invariant: in batches of {shape[0]} and {otherShape[0]}, {count} of {rows * length} elements {(count == 1 ? "differs" : "differ")}, in {different.Count} of {rows} rows ({named}), "
            + $"first at [{string.Join(", ", place)}], by at most {Names.Number(Math.Round(most, 2))} ULP of {format.Name()}.", rows, different, count, place, most);
    }

    private static void Require(double[] values, int[] shape, string name)
    {
        if (shape.Length == 0 || shape.Any(length => length < 1) || shape.Aggregate(1L, (product, length) => product * length) != values.LongLength)
            throw new ArgumentException($"{values.LongLength} elements do not have shape [{string.Join(", ", shape)}].", name);
    }

    private static int[] PlaceOf(int element, int[] shape)
    {
        int[] place = new int[shape.Length];
        for (int d = shape.Length - 1; d >= 0; d--)
            (element, place[d]) = Math.DivRem(element, shape[d]);
        return place;
    }
}
