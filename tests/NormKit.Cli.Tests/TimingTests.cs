using NormKit.Cli.Timing;

namespace NormKit.Cli.Tests;

public sealed unsafe class TimingTests
{
    private static readonly int[] Lengths = [0, 1, 63, 64, 255, 256, 257, 300, 1024, 4097, 200_003];

    [Fact]
    public void Streams_EveryLengthAndThreadCount_CopyAndAddAllBytesAndNoOthers()
    {
        Random random = new(1);
        foreach (int threads in (int[])[1, 2, 3])
        {
            using Crew crew = new(threads);
            foreach (int length in Lengths)
            {
                AlignedArray<byte> a = new(length), b = new(length), to = new(length + 8);
                random.NextBytes(a.Span);
                random.NextBytes(b.Span);
                Part part = new(to, length);
                Limits limits = new(crew);
                foreach ((Action call, bool adds) in new (Action, bool)[]
                {
                    (limits.Copy(a, part), false), (limits.CopyPastCaches(a, part), false),
                    (limits.Triad(a, b, part), true), (limits.TriadPastCaches(a, b, part), true),
                })
                {
                    to.Span.Fill(0xA5);
                    call();
                    AssertSums(a.Span, b.Span, to.Span[..length], adds);
                    Assert.All(to.Span[length..].ToArray(), beyond => Assert.Equal(0xA5, beyond));
                }
            }
        }
    }

    [Fact]
    public void AlignedArray_OfAnyType_StartsAtAPageAndIsViewedWhole()
    {
        AlignedArray<double> doubles = new(7);
        AlignedArray<BFloat16> halves = new(6);
        Assert.Equal((0, 0), ((int)((nint)doubles.Pointer % 4096), (int)((nint)halves.Pointer % 4096)));
        doubles.Span[6] = 5;
        Assert.Equal(5, doubles.View([7])[6]);
        Assert.Equal((56, 12), (doubles.Bytes, halves.Bytes));
    }

    [Fact]
    public void Crew_ManyCalls_DoEachItemOnce()
    {
        foreach (int threads in (int[])[1, 2, 5])
        {
            using Crew crew = new(threads);
            int[] done = new int[1000];
            Action call = crew.Sharing(done.Length, 7, (start, end) =>
            {
                for (nint i = start; i < end; i++)
                    Interlocked.Increment(ref done[i]);
            });
            for (int i = 1; i <= 300; i++)
            {
                if (i % 100 == 0)
                    Thread.Sleep(20);    // long enough for the others to go to sleep
                call();
                Assert.All(done, times => Assert.Equal(i, times));
            }
        }
    }

    [Fact]
    public void Spread_OfQuotients_IsOfTheQuotientsNotOfTheMedians()
    {
        // A machine that halves its speed halfway: every quotient is 2.
        double[] slow = [2, 4, 6, 20, 40], fast = [1, 2, 3, 10, 20];
        Assert.Equal(new Spread(2, 2, 2), Spread.OfQuotients(slow, fast));
        Assert.Equal(new Spread(3, 2, 10), Spread.Of([20, 1, 3, 2, 10]));
        Assert.Equal(new Spread(2.5, 1.75, 3.25), Spread.Of([4, 1, 2, 3]));
    }

    [Fact]
    public void Rounds_CallsTakeTurns_WithWhatBelongsBeforeAndAfter()
    {
        List<char> order = [];
        int steps = 0;
        TimedCall[] calls = [new(() => order.Add('A')), new(() => order.Add('B'), () => order.Add('('), () => order.Add(')'))];
        double[][] times = Rounds.Time(calls, 2, TimeSpan.MaxValue, () => steps++, TestContext.Current.CancellationToken);
        Assert.Equal("A(B)A(B)", new string([.. order]));
        Assert.Equal((2, 2, Rounds.Steps(2, 2)), (times[0].Length, times[1].Length, steps));
    }

    [Fact]
    public void Rounds_MeantTimes_AreWarmOfEnoughCallsAndOfTheRightSize()
    {
        int count = 0;
        TimedCall[] calls = [new(() => count++), new(() => Thread.Sleep(2))];
        int steps = 0;
        double[][] times = Rounds.Time(calls, Rounds.FewestMeant + 2, TimeSpan.Zero, () => steps++, TestContext.Current.CancellationToken);
        Assert.Equal(Rounds.FewestMeant, times[0].Length);    // no time left: the fewest
        Assert.Equal(Rounds.Steps(2, Rounds.FewestMeant), steps);
        Assert.True(count > 1000, "a call of nanoseconds is timed in batches");
        Assert.InRange(Spread.Of(times[1]).Median, 1.9, 50);
        Assert.InRange(Spread.Of(times[0]).Median, 0, 0.01);
    }

    [Fact]
    public void Rounds_Stopped_Throw()
    {
        using CancellationTokenSource stop = new();
        TimedCall[] calls = [new(stop.Cancel)];
        Assert.Throws<OperationCanceledException>(() => Rounds.Time(calls, 31, TimeSpan.MaxValue, () => { }, stop.Token));
    }

    private static void AssertSums(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> found, bool adds)
    {
        byte[] expected = a.ToArray();
        for (int i = 0; i < expected.Length && adds; i++)
            expected[i] += b[i];
        Assert.True(found.SequenceEqual(expected));
    }

    /// <summary>The first bytes of memory.</summary>
    private sealed class Part(AlignedMemory whole, int bytes) : AlignedMemory
    {
        public override byte* Pointer => whole.Pointer;

        public override nint Bytes => bytes;
    }
}
