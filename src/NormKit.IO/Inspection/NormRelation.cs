namespace NormKit.IO;

/// <summary>How a norm relates to the same norm of another file, with figures.</summary>
public sealed class NormRelation
{
    internal NormRelation(NormRelationKind kind, string? other, string text, double maxAbs = 0, double relativeRms = 0, double? factor = null) =>
        (Kind, Other, Text, MaxAbs, RelativeRms, Factor) = (kind, other, text, maxAbs, relativeRms, factor);

    /// <summary>Gets the relation.</summary>
    public NormRelationKind Kind { get; }

    /// <summary>Gets the name of the norm in the other file; null where it is gone because it was folded.</summary>
    public string? Other { get; }

    /// <summary>Gets the relation in words.</summary>
    public string Text { get; }

    /// <summary>Gets the largest absolute difference between the values of the two files.</summary>
    public double MaxAbs { get; }

    /// <summary>Gets the root mean square of the differences over that of this file's values.</summary>
    public double RelativeRms { get; }

    /// <summary>Gets the factor, where the relation is one.</summary>
    public double? Factor { get; }
}
