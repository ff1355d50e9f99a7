namespace NormKit.Tests.Reference;

/// <summary>Which sets and runs are computed in double in place of float, and rounded once at the end.</summary>
internal static class DefinedRange
{
    private static readonly double Smallest = Math.ScaleB(1, -100), Largest = Math.ScaleB(1, 100);

    /// <summary>The rule for a whole set, by its factor.</summary>
    public static bool IsLeftBy(double factor) => factor != 0 && !(Math.Abs(factor) >= Smallest && Math.Abs(factor) <= Largest);

    /// <summary>The rule for the output of a run with one weight.</summary>
    public static bool IsLeftForward(double factor, double weight) => IsLeftBy(factor) || IsLeftBy(factor * weight);

    /// <summary>The rule for the input's gradient of a run with one weight.</summary>
    public static bool IsLeftBackward(double factor, double weight) => IsLeftBy(factor) || IsLeftBy(factor * weight);
}
