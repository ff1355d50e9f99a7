namespace NormKit.IO;

/// <summary>The result of a fold: for each norm of a model file, whether it was folded and why not.</summary>
public sealed class FoldResult
{
    internal FoldResult(string output, IReadOnlyList<FoldedNorm> norms) => (Output, Norms) = (output, norms);

    /// <summary>Gets the path of the file that was written.</summary>
    public string Output { get; }

    /// <summary>Gets the norms, in the order of the file.</summary>
    public IReadOnlyList<FoldedNorm> Norms { get; }

    /// <summary>Gets how many were folded.</summary>
    public int FoldedCount => Norms.Count(norm => norm.Into is not null);

    /// <summary>Gets the largest difference of all pairs, relative to the largest output of the pair; null if nothing was checked.</summary>
    public double? LargestDifference => Norms.Any(norm => norm.Difference is not null) ? Norms.Max(norm => norm.Difference is double difference ? difference / Math.Max(norm.LargestOutput ?? 1, double.Epsilon) : 0) : null;
}
