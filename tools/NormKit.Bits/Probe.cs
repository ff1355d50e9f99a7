using System.Globalization;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using NormKit.Tests;

namespace NormKit.Bits;

/// <summary>One process: on which instruction sets and how compiled it runs, and its hash of each layer.</summary>
internal static class Probe
{
    public const string First = "bits of";

    /// <summary>A canary: a condition that does not show here was not met.</summary>
    public static string Conditions { get; } = string.Create(
        CultureInfo.InvariantCulture,
        $"{RuntimeInformation.ProcessArchitecture} avx512={Avx512F.IsSupported} avx2={Avx2.IsSupported} vector128={Vector128.IsHardwareAccelerated} jit={RuntimeFeature.IsDynamicCodeCompiled} servergc={GCSettings.IsServerGC}");

    /// <summary>The rows of the table: the layers, on one thread, and the distances.</summary>
    public static IReadOnlyList<(string Name, Func<string> Hash)> Hashes { get; } =
        [.. Members.Every.Select(m => (m.Name, (Func<string>)(() => MemberBits.Hash(m)))), .. DistanceBits.Every];

    public static int Print()
    {
        Console.WriteLine($"{First} {Conditions}");
        foreach ((string name, Func<string> hash) in Hashes)
            Console.WriteLine($"{name}\t{hash()}");
        return 0;
    }

    public static (string Conditions, Dictionary<string, string> Hashes) Parse(string output)
    {
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lines.Length != Hashes.Count + 1 || !lines[0].StartsWith(First, StringComparison.Ordinal))
            throw new InvalidOperationException($"A probe said: {output}");
        return (lines[0], lines[1..].Select(l => l.Split('\t')).ToDictionary(l => l[0], l => l[1]));
    }
}
