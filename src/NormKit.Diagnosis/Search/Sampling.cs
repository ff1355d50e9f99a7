using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>Chooses the elements that stand for a large input: some samples, some channels of them, some positions of those.</summary>
internal static class Sampling
{
    private const int MostSamples = 16;

    /// <summary>The elements of a sample of about a size, in order; null where the whole is not much larger.</summary>
    /// <remarks>The same coordinates for each sample and channel, so that each weight is seen in several sets whatever the grouping is.</remarks>
    public static int[]? Of(int[] shape, int target, Random random)
    {
        int length = Groupings.Product(shape);
        if (length <= target * 2)
            return null;
        int rank = shape.Length;
        int[] lengths = (int[])shape.Clone();

        // Samples first, then the last dimension, then those between: each is cut to what is left of the target, most evenly.
        int[] order = [.. Enumerable.Range(0, rank).OrderBy(d => shape[d])];
        double left = target;
        for (int k = 0; k < rank; k++)
        {
            int d = order[k];
            int share = Math.Max(2, (int)Math.Pow(left, 1.0 / (rank - k)));
            lengths[d] = Math.Min(shape[d], d == 0 && rank > 2 ? Math.Min(share, MostSamples) : share);
            left = Math.Max(1, left / lengths[d]);
        }
        int[][] coordinates = [.. shape.Select((all, d) => Choose(all, lengths[d], random))];
        int count = Groupings.Product(lengths);
        int[] elements = new int[count];
        int[] at = new int[rank];
        for (int i = 0; i < count; i++)
        {
            int element = 0;
            for (int d = 0; d < rank; d++)
                element = (element * shape[d]) + coordinates[d][at[d]];
            elements[i] = element;
            for (int d = rank - 1; d >= 0 && ++at[d] == lengths[d]; d--)
                at[d] = 0;
        }
        return elements;
    }

    private static int[] Choose(int all, int count, Random random)
    {
        if (count >= all)
            return [.. Enumerable.Range(0, all)];
        HashSet<int> chosen = [];
        while (chosen.Count < count)
            chosen.Add(random.Next(all));
        return [.. chosen.Order()];
    }
}
