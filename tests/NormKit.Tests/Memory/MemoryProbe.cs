using System.Globalization;
using System.Runtime.CompilerServices;

namespace NormKit.Tests.Memory;

/// <summary>
/// What each layer allocates in its first pass over a large input, and in its second. Room from the array pool is new at first, for nobody has given
/// any so large back; so the first pass shows all of it. In a process of its own, for in this one other tests have filled the pool.
/// </summary>
internal static class MemoryProbe
{
    public const string Variable = "NORMKIT_MEMORY_PROBE";

    /// <summary>Bytes: forward, forward that saves, backward; and each once more.</summary>
    internal sealed record Figures(string Layer, nint[] Shape, long[] First, long[] Again);

    [ModuleInitializer]
    internal static void AnswerAsChild()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not string name)
            return;
        Figures figures = Measure(Members.Named(name));
        Console.WriteLine($"{Variable}: {string.Join(' ', figures.First.Concat(figures.Again))}");
        Environment.Exit(0);
    }

    /// <summary>Samples of 64 by 64 positions, or as many rows as fill as much.</summary>
    public static Member Large(Member member) =>
        member.HasPositions ? member with { Shape = [8, .. member.Shape[1..2], 64, 64] }
        : member.FixedSamples ? member with { Shape = [member.Shape[0], member.Shape[1] * 400, .. member.Shape[2..]] } : member.OfSamples(420);

    private static Figures Measure(Member member)
    {
        // What runs for the first time allocates for itself: code, statics, the objects that a thread keeps.
        Passes(member);
        (long[] first, long[] again) = Passes(Large(member));
        return new(member.Name, Large(member).Shape, first, again);
    }

    private static (long[] First, long[] Again) Passes(Member member)
    {
        Subject<float> subject = new(member);
        subject.Layer.MaxDegreeOfParallelism = 1;
        nint[] shape = subject.Member.Shape;
        float[] y = new float[subject.X.Length], dx = new float[y.Length];
        SavedStatistics saved = new();
        Action[] passes =
        [
            () => subject.Layer.Forward(subject.X, shape, y), () => subject.Layer.Forward(subject.X, shape, y, saved),
            () => subject.Layer.Backward(subject.Dy, subject.X, shape, saved, dx),
        ];
        return (Array.ConvertAll(passes, Allocated), Array.ConvertAll(passes, Allocated));
    }

    private static long Allocated(Action pass)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        pass();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    public static long[] Parse(string line) =>
        Array.ConvertAll(line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..].Split(' '), number => long.Parse(number, CultureInfo.InvariantCulture));
}
