namespace NormKit.Diagnosis;

/// <summary>Whether the rows of two outputs that were computed in batches of other sizes are equal.</summary>
/// <param name="Text">A sentence.</param>
/// <param name="Rows">How many rows both outputs have.</param>
/// <param name="DifferentRows">Which of them differ in any element, from 0.</param>
/// <param name="DifferentElements">How many elements differ.</param>
/// <param name="FirstDifference">The place of the first of them; null where none differs.</param>
/// <param name="MaxUlp">The largest difference, in units of the spacing of the output's type.</param>
public sealed record BatchFinding(
    string Text, int Rows, IReadOnlyList<int> DifferentRows, int DifferentElements, IReadOnlyList<int>? FirstDifference, double MaxUlp)
{
    /// <summary>Whether all rows in common are equal, to the bit.</summary>
    public bool IsInvariant => DifferentElements == 0;
}
