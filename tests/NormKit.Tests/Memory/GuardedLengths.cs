using NormKit.Tests.Reference;

namespace NormKit.Tests.Memory;

/// <summary>
/// From 0 to 200: each of them in every layout where <see cref="Variable"/> is "every", which takes minutes; else those about whole vectors, which
/// is where a loop over vectors and its rest could reach too far.
/// </summary>
internal static class GuardedLengths
{
    public const string Variable = "NORMKIT_GUARD_LENGTHS";
    private const int Longest = 200;

    public static bool Every { get; } = Environment.GetEnvironmentVariable(Variable) == "every";

    public static IEnumerable<int> Contiguous { get; } = Up(IsNearVector);

    public static IEnumerable<(int Length, Placement Placement)> OfLayouts()
    {
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            foreach (int length in placement == Placement.Contiguous ? Contiguous : Up(l => l <= 17 || (IsNearVector(l) && (l + 1) / 16 is 2 or 4 or 8 or 12)))
                yield return (length, placement);
        }
    }

    private static bool IsNearVector(int length) => length <= 18 || (length + 1) % 16 <= 2;

    private static int[] Up(Func<int, bool> chosen) => [.. Enumerable.Range(0, Longest + 1).Where(length => Every || chosen(length))];
}
