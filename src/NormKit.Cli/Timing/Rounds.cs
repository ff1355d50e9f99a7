using System.Diagnostics;

namespace NormKit.Cli.Timing;

/// <summary>What is timed.</summary>
/// <param name="Call">A call.</param>
/// <param name="Before">Done before some calls, and not timed; may be null.</param>
/// <param name="After">Done after them; may be null.</param>
internal sealed record TimedCall(Action Call, Action? Before = null, Action? After = null);

/// <summary>
/// Times calls in turn, A B C A B C: what slows a machine for a while then slows all of them alike, and the quotients within a round stay what they are.
/// </summary>
internal static class Rounds
{
    public const int FewestMeant = 5;

    // A method is compiled anew once it has been called 30 times after a tenth of a second in which nothing new was compiled; then that takes a while.
    private static readonly TimeSpan Compilation = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(120);
    private const int WarmUpCalls = 40;
    private const int WarmUps = 3;
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromMilliseconds(250);

    // Libraries leave threads spinning for a while, which would take a core from the next call.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(4);

    // The calls in between have moved a call's data out of the caches, and a system that wakes a thread may put it on the core of the one that it is
    // to help: after some milliseconds it has moved it.
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(8);

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(0.2);
    private static readonly TimeSpan Batch = TimeSpan.FromMilliseconds(0.5);
    private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(5);

    /// <summary>How often <see cref="Time(IReadOnlyList{TimedCall}, int, TimeSpan, Action, CancellationToken)"/> reports a step.</summary>
    public static int Steps(int calls, int rounds) => ((rounds < FewestMeant ? 0 : WarmUps) + rounds) * calls;

    /// <summary>Milliseconds a call, for each of <paramref name="calls"/> one a round.</summary>
    /// <param name="calls">What to time.</param>
    /// <param name="rounds">How often each; where that is fewer than <see cref="FewestMeant"/> the times are not meant, and the calls are not warmed up.</param>
    /// <param name="atMost">After this no further round begins, but for the fewest that are meant.</param>
    /// <param name="stepDone">Called after each of the <see cref="Steps"/>.</param>
    /// <param name="stop">Ends it between two calls.</param>
    public static double[][] Time(IReadOnlyList<TimedCall> calls, int rounds, TimeSpan atMost, Action stepDone, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan[] roughly = rounds < FewestMeant ? [.. calls.Select(_ => Long)] : Warm(calls, stepDone, stop);
        List<double>[] times = [.. calls.Select(_ => new List<double>())];
        for (int round = 0; round < rounds && (round < FewestMeant || Stopwatch.GetElapsedTime(start) < atMost); round++)
        {
            for (int i = 0; i < calls.Count; i++)
            {
                stop.ThrowIfCancellationRequested();
                Thread.Sleep(Settling);
                calls[i].Before?.Invoke();
                times[i].Add(Time(calls[i].Call, roughly[i]));
                calls[i].After?.Invoke();
                stepDone();
            }
        }
        return [.. times.Select(time => time.ToArray())];
    }

    /// <summary>Calls until the JIT has made its best of the code.</summary>
    /// <returns>What a call takes, roughly.</returns>
    private static TimeSpan[] Warm(IReadOnlyList<TimedCall> calls, Action stepDone, CancellationToken stop)
    {
        TimeSpan[] roughly = new TimeSpan[calls.Count];
        for (int warmUp = 0; warmUp < WarmUps; warmUp++)
        {
            for (int i = 0; i < calls.Count; i++)
            {
                int done = 0;
                long start = Stopwatch.GetTimestamp();
                TimeSpan taken;
                calls[i].Before?.Invoke();
                do
                {
                    stop.ThrowIfCancellationRequested();
                    long before = Stopwatch.GetTimestamp();
                    calls[i].Call();
                    roughly[i] = Stopwatch.GetElapsedTime(before);
                    done++;
                    taken = Stopwatch.GetElapsedTime(start);
                }
                while ((done < WarmUpCalls || taken < WarmUp) && taken < LongestWarmUp);
                calls[i].After?.Invoke();
                stepDone();
                roughly[i] = TimeSpan.FromTicks(Math.Max(1, Math.Min(roughly[i].Ticks, taken.Ticks / done)));
            }
            Thread.Sleep(Compilation);
        }
        return roughly;
    }

    private static double Time(Action call, TimeSpan roughly)
    {
        int calls = roughly < Short ? (int)Math.Ceiling(Batch / roughly) : roughly < Long ? 3 : 1;
        long start = Stopwatch.GetTimestamp();
        while (roughly < Long && Stopwatch.GetElapsedTime(start) < Again)
            call();
        start = Stopwatch.GetTimestamp();
        for (int i = 0; i < calls; i++)
            call();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / calls;
    }
}
