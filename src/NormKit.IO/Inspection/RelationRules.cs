using System.Globalization;

namespace NormKit.IO;

/// <summary>Says how the values of one norm come from those of another.</summary>
internal static class RelationRules
{
    private sealed record PartRelation(string Part, NormRelationKind Kind, string Words, double? Factor = null);

    internal static NormRelation Of(ModelNorm first, NormValues a, ModelNorm second, NormValues b)
    {
        Dictionary<string, double[]> ours = a.All.ToDictionary(), theirs = b.All.ToDictionary();
        List<PartRelation> parts = [];
        double most = 0, squares = 0, scale = 0;
        foreach (string part in ours.Keys.Union(theirs.Keys))
        {
            double[]? x = ours.GetValueOrDefault(part), y = theirs.GetValueOrDefault(part);

            // A missing weight is ones, a missing bias zeros.
            double neutral = part is "weight" or "running variance" ? 1 : 0;
            x ??= [.. Enumerable.Repeat(neutral, y!.Length)];
            y ??= [.. Enumerable.Repeat(neutral, x.Length)];
            if (x.Length != y.Length)
                return new(NormRelationKind.Different, second.Name, $"the {part} has {x.Length} values here and {y.Length} there", double.NaN, double.NaN);
            parts.Add(OfPart(part, x, y, UnitOf(first, part), UnitOf(second, part)));
            for (int i = 0; i < x.Length; i++)
            {
                double difference = x[i].Equals(y[i]) ? 0 : Math.Abs(y[i] - x[i]);
                most = double.IsNaN(difference) ? double.NaN : Math.Max(most, difference);
                squares += difference * difference;
                scale += x[i] * x[i];
            }
        }
        double relative = squares == 0 ? 0 : Math.Sqrt(squares / scale);
        if (first.Weight is not null && a.Weight is null || second.Weight is not null && b.Weight is null)
            return new(NormRelationKind.Different, second.Name, $"its weight is {first.TypeName} here and {second.TypeName} there, and cannot be read", double.NaN, double.NaN);

        PartRelation[] changed = [.. parts.Where(part => part.Kind != NormRelationKind.Equal)];
        NormRelationKind kind = changed.Select(part => part.Kind).Distinct().ToArray() switch
        {
            [] => NormRelationKind.Equal,
            [NormRelationKind only] => only,

            // Plus one on the weight beside a bias that was rounded is still plus one.
            NormRelationKind[] several when several.Where(one => one is not (NormRelationKind.BFloat16 or NormRelationKind.Half)).ToArray() is [NormRelationKind only] => only,
            _ => NormRelationKind.Different,
        };
        string text = changed.Length == 0 ? first.TypeName == second.TypeName || first.TypeName.Length == 0 ? "equal" : $"equal, stored as {first.TypeName} here and {second.TypeName} there"
            : string.Join("; ", changed.Select(part => $"the {part.Part} {part.Words}"));
        return new(kind, second.Name, text, most, relative, changed.Select(part => part.Factor).FirstOrDefault(factor => factor is not null));
    }

    private static PartRelation OfPart(string part, double[] x, double[] y, double unitX, double unitY)
    {
        if (x.AsSpan().SequenceEqual(y))
            return new(part, NormRelationKind.Equal, "is equal");
        double unit = Math.Max(unitX, unitY);
        foreach ((NormRelationKind kind, Func<double, double> round, string name) in ((NormRelationKind, Func<double, double>, string)[])
            [
                (NormRelationKind.BFloat16, ToBFloat16, "rounded to bfloat16"), (NormRelationKind.Half, value => (double)(Half)value, "rounded to half precision"),
                (NormRelationKind.BFloat16, CutToBFloat16, "cut to bfloat16, not rounded,"),
            ])
        {
            if (All(x, y, (one, other) => round(one).Equals(other)))
                return new(part, kind, $"is {name} there");
            if (All(x, y, (one, other) => round(other).Equals(one)))
                return new(part, kind, $"is {name} here");
        }
        if (part == "weight")
        {
            bool Shifted(double by) => All(x, y, (one, other) => Math.Abs(other - one - by) <= 1.01 * unit * Math.Max(1, Math.Max(Math.Abs(one), Math.Abs(other))));
            if (Shifted(1))
                return new(part, NormRelationKind.PlusOne, "there is this one plus one");
            if (Shifted(-1))
                return new(part, NormRelationKind.MinusOne, "there is this one minus one");
        }
        double square = x.Sum(value => value * value), factor = x.Zip(y, (one, other) => one * other).Sum() / square;
        double largest = y.Max(Math.Abs);
        if (square > 0 && factor != 0 && double.IsFinite(factor) && All(x, y, (one, other) => Math.Abs(other - (factor * one)) <= (4 * unit * Math.Abs(other)) + (unit * 1e-3 * largest)))
            return new(part, NormRelationKind.Factor, $"there is this one times {factor.ToString("G7", CultureInfo.InvariantCulture)}", factor);
        double[] sortedX = [.. x.Order()], sortedY = [.. y.Order()];
        if (sortedX.AsSpan().SequenceEqual(sortedY))
            return new(part, NormRelationKind.Permuted, $"has the same values in another order, {x.Zip(y).Count(pair => !pair.First.Equals(pair.Second))} of {x.Length} in other places");
        (double most, int at) = x.Zip(y, (one, other) => one.Equals(other) ? 0 : Math.Abs(other - one)).Select((value, index) => (double.IsNaN(value) ? double.PositiveInfinity : value, index)).MaxBy(pair => pair.Item1);
        return new(part, NormRelationKind.Different, $"differs by up to {FindingRules.Text(most)}, most in channel {at}");
    }

    /// <summary>Half a unit in the last place of 1, in the type that the tensor is stored in.</summary>
    internal static double UnitOf(ModelNorm norm, string part) => UnitOf(norm.Parts.FirstOrDefault(one => one.Part == part).Tensor?.ElementType);

    internal static double UnitOf(ElementType? type) => type switch
    {
        ElementType.Float16 => Math.ScaleB(1, -11),
        ElementType.BFloat16 => Math.ScaleB(1, -8),
        ElementType.Float64 => Math.ScaleB(1, -53),
        _ => Math.ScaleB(1, -24),
    };

    private static bool All(double[] x, double[] y, Func<double, double, bool> holds)
    {
        for (int i = 0; i < x.Length; i++)
        {
            if (!holds(x[i], y[i]))
                return false;
        }
        return true;
    }

    private static double ToBFloat16(double value) => (float)(BFloat16)(float)value;

    /// <summary>The upper half of a float's bits, as converters that do not round write it.</summary>
    private static double CutToBFloat16(double value) => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits((float)value) & 0xFFFF_0000);
}
