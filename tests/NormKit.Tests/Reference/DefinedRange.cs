namespace NormKit.Tests.Reference;

/// <summary>
/// Which sets and runs are computed in double in place of float, and rounded once at the end: those whose factor, or in forward factor times
/// weight, is not 0 and lies outside a range.
/// </summary>
internal static class DefinedRange
{
    /// <summary>The ranges of a factor, and of factor times weight, as powers of two from -n to n.</summary>
    private const int Forward = 50, ForwardScale = 100, Backward = 50;

    /// <summary>The output of a set whose elements have a weight each, or none.</summary>
    public static bool IsLeftForward(double factor) => IsOutside(factor, Forward);

    /// <summary>The output of a run with one weight.</summary>
    public static bool IsLeftForward(double factor, double weight) => IsLeftForward(factor) || IsOutside(factor * weight, ForwardScale);

    /// <summary>The input's gradient of a set.</summary>
    public static bool IsLeftBackward(double factor) => IsOutside(factor, Backward);

    private static bool IsOutside(double value, int power) => value != 0 && !(Math.Abs(value) >= Math.ScaleB(1, -power) && Math.Abs(value) <= Math.ScaleB(1, power));
}
