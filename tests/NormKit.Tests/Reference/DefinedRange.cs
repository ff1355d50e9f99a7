namespace NormKit.Tests.Reference;

/// <summary>Which sets and runs are computed in double in place of float, and rounded once at the end.</summary>
internal static class DefinedRange
{
    /// <summary>The rule for a whole set, by its factor.</summary>
    public static bool IsLeftBy(double factor) => IsOutside(factor, 50);

    /// <summary>The rule for the output of a run with one weight.</summary>
    public static bool IsLeftForward(double factor, double weight) => IsLeftBy(factor) || IsOutside(factor * weight, 100);

    private static bool IsOutside(double value, int power) => value != 0 && !(Math.Abs(value) >= Math.ScaleB(1, -power) && Math.Abs(value) <= Math.ScaleB(1, power));
}
