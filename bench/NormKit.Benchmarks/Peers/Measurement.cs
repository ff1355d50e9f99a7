using System.Text.Json.Serialization;
using NormKit.Cli.Timing;

namespace NormKit.Benchmarks.Peers;

/// <summary>What was measured of one pass of a row with a number of threads.</summary>
/// <param name="Row">Its name.</param>
/// <param name="Pass">forward or backward.</param>
/// <param name="Threads">How many.</param>
/// <param name="Bytes">Of one tensor.</param>
/// <param name="Rounds">How many.</param>
/// <param name="Limit">What the ratios are to: copy, d = a + b, or both after each other.</param>
/// <param name="Cases">NormKit, the limits, the peers.</param>
/// <param name="Elsewhere">What is documented of a library in a layout that it prefers, in the same ratio; may be empty.</param>
internal sealed record Measurement(
    string Row, string Pass, int Threads, long Bytes, int Rounds, string Limit, IReadOnlyList<CaseTime> Cases, string Elsewhere)
{
    [JsonIgnore]
    public (string, string, int) Key => (Row, Pass, Threads);

    public CaseTime? Case(string name) => Cases.FirstOrDefault(c => c.Name == name);
}

/// <summary>A case's times.</summary>
/// <param name="Name">Which.</param>
/// <param name="Milliseconds">A call.</param>
/// <param name="ToLimit">The quotient by the limit in the same round.</param>
/// <param name="ToLimitPastCaches">The same by the limit with non-temporal stores.</param>
/// <param name="ToNormKit">The quotient by NormKit's time: above 1, NormKit is faster.</param>
/// <param name="Error">The largest error of the output in parts of its largest value; null for limits.</param>
internal sealed record CaseTime(string Name, Spread Milliseconds, Spread ToLimit, Spread ToLimitPastCaches, Spread ToNormKit, double? Error);
