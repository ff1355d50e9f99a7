namespace NormKit.IO;

/// <summary>Finds out whether the other file has a norm multiplied into the layer beside it.</summary>
internal static class FoldedRules
{
    /// <summary>How many rows of a weight are read to decide.</summary>
    private const int Rows = 64;

    /// <param name="norm">The norm of the first file.</param>
    /// <param name="values">Its values.</param>
    /// <param name="first">The first file.</param>
    /// <param name="partner">The same norm of the second file, or null if it is gone.</param>
    /// <param name="partnerValues">Its values.</param>
    /// <param name="second">The second file.</param>
    /// <returns>The relation, or null if the norm was not folded.</returns>
    internal static NormRelation? Of(ModelNorm norm, NormValues values, ModelFile first, ModelNorm? partner, NormValues? partnerValues, ModelFile second)
    {
        if (partnerValues is not null && !IsNeutral(partner!, partnerValues))
            return null;
        return norm.Kind == NormKind.BatchNorm ? IntoWriter(norm, values, first, partner, second) : IntoReaders(norm, values, first, partner, second);
    }

    private static bool IsNeutral(ModelNorm norm, NormValues values) =>
        (values.Weight is null || Array.TrueForAll(values.Weight, value => value == (norm.AddsOne == true ? 0 : 1))) && (values.Bias is null || Array.TrueForAll(values.Bias, value => value == 0))
        && (values.Mean is null || Array.TrueForAll(values.Mean, value => value == 0)) && (values.Variance is null || Array.TrueForAll(values.Variance, value => Math.Abs(value - 1) < 0.01));

    /// <summary>A batch norm in the convolution before it: each output channel is multiplied by weight / sqrt(variance + eps).</summary>
    private static NormRelation? IntoWriter(ModelNorm norm, NormValues values, ModelFile first, ModelNorm? partner, ModelFile second)
    {
        if (norm.Writer is null || first.Tensor(norm.Writer) is not ModelTensor before || second.Tensor(norm.Writer) is not ModelTensor after || values.Variance is not double[] variance)
            return null;
        double eps = norm.Eps ?? 1e-5;
        double[] scale = [.. variance.Select((value, c) => (values.Weight?[c] ?? 1) / Math.Sqrt(value + eps))];
        if (!IsUsable(before, after) || before.Shape[0] != scale.Length)
            return null;
        double unit = Math.Max(RelationRules.UnitOf(before.ElementType), RelationRules.UnitOf(after.ElementType));
        (bool folds, double most) = Compare(before, after, (row, _) => scale[row], unit);
        return folds ? new(NormRelationKind.Folded, partner?.Name, $"folded into {norm.Writer}, whose output channels are multiplied by weight / sqrt(variance + eps)", most) : null;
    }

    /// <summary>A layer or RMS norm in the linear layers that read it: each input channel is multiplied by the weight.</summary>
    private static NormRelation? IntoReaders(ModelNorm norm, NormValues values, ModelFile first, ModelNorm? partner, ModelFile second)
    {
        if (values.Weight is not double[] weight || norm.Readers.Count == 0)
            return null;
        double offset = norm.AddsOne == true ? 1 : 0, most = 0;
        foreach (string reader in norm.Readers)
        {
            if (first.Tensor(reader) is not ModelTensor before || second.Tensor(reader) is not ModelTensor after || !IsUsable(before, after) || before.Shape.Length != 2)
                return null;
            double unit = Math.Max(RelationRules.UnitOf(before.ElementType), RelationRules.UnitOf(after.ElementType));

            // GPT-2 has its weights as (in, out).
            bool byColumn = before.Shape[1] == weight.Length;
            if (!byColumn && before.Shape[0] != weight.Length)
                return null;
            (bool folds, double one) = Compare(before, after, (row, column) => weight[byColumn ? column : row] + offset, unit);
            if (!folds && byColumn && before.Shape[0] == weight.Length)
                (folds, one) = Compare(before, after, (row, _) => weight[row] + offset, unit);
            if (!folds)
                return null;
            most = Math.Max(most, one);
        }
        return new(NormRelationKind.Folded, partner?.Name, $"folded into {string.Join(", ", norm.Readers)}", most);
    }

    private static bool IsUsable(ModelTensor before, ModelTensor after) =>
        before.ElementType is not null && after.ElementType is not null && before.Shape.Length >= 2 && before.Shape.SequenceEqual(after.Shape) && before.Count > 0;

    /// <summary>Whether the second weight is the first, scaled and rounded, on rows spread over it; and the largest difference between the two files.</summary>
    private static (bool Folds, double Most) Compare(ModelTensor before, ModelTensor after, Func<int, int, double> scale, double unit)
    {
        int rows = (int)before.Shape[0], columns = (int)Math.Min(int.MaxValue, before.Count / rows), read = Math.Min(columns, 1 << 16);
        double[] x = new double[read], y = new double[read];
        double most = 0;
        bool changed = false;
        for (int k = 0; k < Math.Min(rows, Rows); k++)
        {
            int row = (int)((long)k * rows / Math.Min(rows, Rows));
            before.Read((long)row * columns, x.AsSpan());
            after.Read((long)row * columns, y.AsSpan());
            for (int i = 0; i < read; i++)
            {
                double expected = x[i] * scale(row, before.Shape.Length == 2 ? i : 0);
                if (!(Math.Abs(y[i] - expected) <= 3 * unit * Math.Max(Math.Abs(expected), 1e-30)))
                    return (false, 0);
                changed |= x[i] != y[i];
                most = Math.Max(most, Math.Abs(y[i] - x[i]));
            }
        }
        return (changed, most);
    }
}
