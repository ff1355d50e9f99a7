using System.Diagnostics;

namespace NormKit.Bits;

/// <summary>A way of running the same program.</summary>
/// <param name="Name">The table's column.</param>
/// <param name="Must">What the canary must show; where this machine cannot show it the column is left out, with this reason.</param>
/// <param name="Environment">What is set for it.</param>
/// <param name="Program">Another program that answers; null for this one.</param>
/// <param name="InstructionSet">For an ahead-of-time build: "" for the default, or what the compiler may use; null runs what runs now.</param>
internal sealed record Condition(string Name, string Must, (string Name, string Value)[] Environment, string? InstructionSet = null, string? Program = null)
{
    public static Condition[] All(bool isShort) =>
    [
        new("AVX-512", "avx512=True", []),
        new("AVX2", "avx512=False avx2=True", [("DOTNET_EnableAVX512", "0")]),
        new("SSE4.2", "avx2=False vector128=True", [("DOTNET_EnableAVX2", "0")]),
        .. isShort ? (Condition[])[] : [new("no SIMD", "vector128=False", [("DOTNET_EnableHWIntrinsic", "0")])],
        new("no tiers", "jit=True", [("DOTNET_TieredCompilation", "0")]),
        new("no PGO", "jit=True", [("DOTNET_TieredPGO", "0")]),
        .. isShort ? (Condition[])[] : [new("not optimised", "jit=True", [("DOTNET_JITMinOpts", "1")])],
        new("server GC", "servergc=True", [("DOTNET_gcServer", "1")]),
        .. isShort ? (Condition[])[] :
        [
            new("AOT", "avx2=False vector128=True jit=False", [], ""),
            new("AOT v3", "avx512=False avx2=True vector128=True jit=False", [], "x86-64-v3"),
            new("AOT v4", "avx512=True avx2=True vector128=True jit=False", [], "x86-64-v4"),
        ],
    ];

    /// <summary>What the program says under this condition, or why it cannot be met here.</summary>
    public (Dictionary<string, string>? Hashes, string Why) Run()
    {
        if (InstructionSet is "x86-64-v4" && !System.Runtime.Intrinsics.X86.Avx512F.IsSupported)
            return (null, "this machine has no AVX-512");
        string program = Program ?? (InstructionSet is null ? System.Environment.ProcessPath! : Publish(InstructionSet));
        (int exitCode, string output) = Start(program, ["probe"], Environment);
        if (exitCode != 0)
            throw new InvalidOperationException($"{Name}: the probe ended with {exitCode}: {output}");
        (string canary, Dictionary<string, string> hashes) = Probe.Parse(output);
        string? absent = Must.Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(m => !canary.Contains(m, StringComparison.Ordinal));
        if (absent is null)
            return (hashes, "");
        return absent.StartsWith("avx", StringComparison.Ordinal) && absent.EndsWith("True", StringComparison.Ordinal)
            ? (null, $"this machine has not {absent}")
            : throw new InvalidOperationException($"{Name}: the canary says {canary}, not {absent}; the switch does nothing here.");
    }

    private static string Publish(string instructionSet)
    {
        string root = Table.Root, output = Path.Combine(root, "artifacts", "bits", instructionSet.Length == 0 ? "default" : instructionSet);
        List<string> arguments = ["publish", Path.Combine(root, "tools", "NormKit.Bits"), "-c", "Release", "--use-current-runtime", "-p:PublishAot=true", "-o", output, "-v", "q"];
        if (instructionSet.Length > 0)
            arguments.Add($"-p:IlcInstructionSet={instructionSet}");
        // The compiler's intermediate files are those of one instruction set.
        arguments.Add($"-p:NuGetLockFilePath={Path.Combine(root, "artifacts", "bits", "packages.lock.json")}");
        arguments.Add($"-p:ArtifactsPath={Path.Combine(root, "artifacts", "bits", "of", instructionSet.Length == 0 ? "default" : instructionSet)}");
        (int exitCode, string said) = Start("dotnet", arguments, []);
        return exitCode == 0 ? Path.Combine(output, OperatingSystem.IsWindows() ? "NormKit.Bits.exe" : "NormKit.Bits") : throw new InvalidOperationException($"publish ended with {exitCode}: {said}");
    }

    private static (int ExitCode, string Output) Start(string program, IReadOnlyList<string> arguments, (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string inherited in start.Environment.Keys.Where(k => k.StartsWith("DOTNET_Enable", StringComparison.Ordinal) || k.StartsWith("DOTNET_Tiered", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(inherited);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return (child.ExitCode, child.ExitCode == 0 ? output : output + errors.Result);
    }
}
