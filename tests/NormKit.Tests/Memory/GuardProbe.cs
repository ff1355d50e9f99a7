using System.Runtime.CompilerServices;

namespace NormKit.Tests.Memory;

/// <summary>
/// Runs guarded calls in a child process, for an access out of bounds ends it: the child names each call in a file before it makes it, so the
/// last name there is that of the call that ended it.
/// </summary>
internal static class GuardProbe
{
    public const string Variable = "NORMKIT_GUARD_PROBE", LastCall = "NORMKIT_GUARD_LAST_CALL";

    /// <summary>What is run, by the name that asks for it.</summary>
    public static readonly IReadOnlyDictionary<string, Func<IEnumerable<GuardedCall>>> Suites = new Dictionary<string, Func<IEnumerable<GuardedCall>>>
    {
        ["layers of float"] = GuardedLayers<float, float>.OfEachLength,
        ["layers of double"] = GuardedLayers<double, double>.OfEachLength,
        ["layers of Half"] = GuardedLayers<float, Half>.OfEachLength,
        ["layers of BFloat16"] = GuardedLayers<float, BFloat16>.OfEachLength,
        ["functions of float"] = GuardedFunctions<float>.OfEachLength,
        ["functions of double"] = GuardedFunctions<double>.OfEachLength,
        ["many elements"] = () => GuardedLayers<float, float>.OfManyElements().Concat(GuardedLayers<float, BFloat16>.OfManyElements()),
        ["an access out of bounds"] = () => [new("reads past the end", 3, b => { unsafe { fixed (float* p = b.Span<float>(3)) b.Span<float>(1)[0] = p[3]; } })],
    };

    [ModuleInitializer]
    internal static void AnswerAsChild()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not string suite)
            return;
        using StreamWriter last = new(Environment.GetEnvironmentVariable(LastCall)!) { AutoFlush = true };
        using GuardedBuffers buffers = new();
        int calls = 0, refused = 0;
        foreach (GuardedCall call in Suites[suite]())
        {
            last.BaseStream.Position = 0;
            last.WriteLine(call.Name.PadRight(200));
            try
            {
                byte[] atEnd = [.. Run(buffers, call, Edge.End)];
                if (!Run(buffers, call, Edge.Start).SequenceEqual(atEnd))
                    throw new InvalidOperationException($"{call.Name}: results depend on where the buffers lie.");
                calls++;
            }
            catch (ArgumentException) when (call.Length <= 1)
            {
                refused++;
            }
        }
        Console.WriteLine($"{Variable} {calls} {refused}");
        Environment.Exit(0);
    }

    private static ReadOnlySpan<byte> Run(GuardedBuffers buffers, GuardedCall call, Edge edge)
    {
        buffers.Begin(edge);
        call.Run(buffers);
        return buffers.Contents(call.Name);
    }
}
