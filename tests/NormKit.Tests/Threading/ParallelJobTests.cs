using System.Globalization;
using NormKit.Threading;

namespace NormKit.Tests.Threading;

[Trait("Tier", "Any")]
public class ParallelJobTests
{
    private const string OwnTimes = "/proc/thread-self/stat";

    [Fact]
    public void Run_AnyCountGrainAndWorkers_DoesEachItemOnceInItsSlot()
    {
        foreach (int count in (int[])[0, 1, 2, 7, 64, 1000])
        {
            foreach (int grain in (int[])[1, 3, 64, 2000])
            {
                foreach (int workers in (int[])[1, 2, 3, 8])
                {
                    Counting work = new(new int[count], workers);
                    ParallelJob<Counting>.Run(work, count, grain, workers, default);
                    Assert.All(work.Done, done => Assert.Equal(1, done));
                    Assert.Equal(0, work.OutOfSlots[0]);
                }
            }
        }
    }

    /// <summary>Loops of one thread with ever other numbers of workers: a helper that comes late from one must not enter the next beyond its slots.</summary>
    [Fact]
    public void Run_ChangingNumberOfWorkers_KeepsSlotsInRange()
    {
        int outOfSlots = 0, notOnce = 0;
        for (int i = 0; i < 60_000; i++)
        {
            int workers = i % 2 == 0 ? 8 : 2;
            Counting work = new(new int[6], workers);
            ParallelJob<Counting>.Run(work, 6, 1, workers, default);
            outOfSlots += work.OutOfSlots[0];
            notOnce += work.Done.Count(done => done != 1);
        }
        Assert.Equal((0, 0), (outOfSlots, notOnce));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(97)]
    public void Run_WorkThatThrows_ThrowsToTheCallerAndRunsAgain(int item)
    {
        for (int i = 0; i < 50; i++)
        {
            InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => ParallelJob<Throwing>.Run(new(item), 100, 1, 3, default));
            Assert.Equal($"item {item}", thrown.Message);
        }
        ParallelJob<Throwing>.Run(new(-1), 100, 1, 3, default);
    }

    /// <summary>Without an end at the first exception the others would do all 3,000 pieces, of a millisecond each.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Run_WorkThatThrows_StopsTheOtherThreads(bool byTheCaller)
    {
        ThrowingInOneSlot work = new(byTheCaller, new int[1]);
        Assert.Throws<InvalidOperationException>(() => ParallelJob<ThrowingInOneSlot>.Run(work, 3000, 1, 3, default));
        Assert.InRange(work.Begun[0], 1, 2900);
    }

    /// <summary>A caller that waits for a helper's long piece must not keep a processor busy.</summary>
    [Fact]
    public void Run_HelperWithALongPiece_LetsTheCallerSleep()
    {
        Assert.SkipUnless(File.Exists(OwnTimes), "Only Linux tells a thread's processor time in a file.");
        LongForTheHelper work = new(new int[1]);
        double before = ProcessorSeconds();
        ParallelJob<LongForTheHelper>.Run(work, 2, 1, 2, default);
        Assert.Equal(1, work.HasBegun[0]);
        Assert.InRange(ProcessorSeconds() - before, 0, 0.15);

        // Of the thread that calls: fields 14 and 15, in hundredths of a second. The second field, a name, may have blanks in it.
        static double ProcessorSeconds()
        {
            string line = File.ReadAllText(OwnTimes);
            string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return fields[11..13].Sum(field => double.Parse(field, CultureInfo.InvariantCulture)) / 100;
        }
    }

    /// <summary>
    /// A ticket of the loop before is taken while the next loop opens. The loop that counts on it gets that helper: both pieces are at work at once.
    /// </summary>
    [Fact]
    public void Run_RightAfterAnotherLoop_LosesNoHelper()
    {
        int alone = 0;
        for (int i = 0; i < 20_000 && alone == 0; i++)
        {
            ParallelJob<Meeting>.Run(new(new int[2], Others: 0), 1, 1, 2, default);
            Thread.SpinWait(i % 200);
            Meeting work = new(new int[2], Others: 1);
            ParallelJob<Meeting>.Run(work, 2, 1, 2, default);
            alone += work.State[1];
        }
        Assert.Equal(0, alone);
    }

    [Fact]
    public void Run_InsideItself_DoesEachItemOnce()
    {
        int[] done = new int[12 * 50];
        ParallelJob<Nesting>.Run(new(done, Outer: -1), 12, 1, 3, default);
        Assert.All(done, count => Assert.Equal(1, count));
    }

    [Fact]
    public async Task Run_OnManyThreadsAtOnce_DoesEachItemOnce() =>
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 300; i++)
            {
                Counting work = new(new int[40], 4);
                ParallelJob<Counting>.Run(work, 40, 1, 4, default);
                Assert.All(work.Done, done => Assert.Equal(1, done));
            }
        })));

    /// <summary>Once it is cancelled no thread takes another piece, and none is at work any more when the caller goes on.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Run_CancelledByAnItem_EndsAtThePiecesTakenBefore(int workers)
    {
        for (int i = 0; i < 200; i++)
        {
            using CancellationTokenSource source = new();
            Cancelling work = new(source, At: i % 50, new int[3]);
            OperationCanceledException thrown = Assert.Throws<OperationCanceledException>(() => ParallelJob<Cancelling>.Run(work, 10_000, 7, workers, source.Token));
            Assert.Equal(source.Token, thrown.CancellationToken);
            Assert.Equal(0, work.AtWork);
            // A thread that looked just before may take one more.
            Assert.InRange(work.BegunAfter, 0, workers - 1);
            Assert.InRange(work.Begun, 1, 8 + (2 * workers));
        }
    }

    [Fact]
    public void Run_CancelledBefore_TakesNothing()
    {
        foreach (int workers in (int[])[1, 3])
        {
            Counting work = new(new int[100], workers);
            Assert.Throws<OperationCanceledException>(() => ParallelJob<Counting>.Run(work, 100, 1, workers, new(canceled: true)));
            Assert.All(work.Done, done => Assert.Equal(0, done));
            ParallelJob<Counting>.Run(work, 100, 1, workers, default);
            Assert.All(work.Done, done => Assert.Equal(1, done));
        }
    }

    /// <summary>Whether a condition is met within far longer than any healthy wait. Counted in naps: a process may be halted as a whole.</summary>
    private static bool Happens(Func<bool> condition)
    {
        for (int look = 0; look < 3000; look++)
        {
            if (condition())
                return true;
            if (look < 1000)
                Thread.Yield();
            else
                Thread.Sleep(10);
        }
        return false;
    }

    /// <summary>Cancels in one of its items, and counts the pieces.</summary>
    private readonly record struct Cancelling(CancellationTokenSource Source, int At, int[] Counts) : IParallelWork
    {
        public int AtWork => Counts[0];

        public int Begun => Counts[1];

        public int BegunAfter => Counts[2];

        public void Run(int slot, nint start, nint end)
        {
            if (Source.IsCancellationRequested)
                Interlocked.Increment(ref Counts[2]);
            Interlocked.Increment(ref Counts[1]);
            Interlocked.Increment(ref Counts[0]);
            if (start <= At && At < end)
                Source.Cancel();
            Thread.SpinWait(100);
            Interlocked.Decrement(ref Counts[0]);
        }
    }

    private readonly record struct Counting(int[] Done, int Workers) : IParallelWork
    {
        public int[] OutOfSlots { get; } = new int[1];

        public void Run(int slot, nint start, nint end)
        {
            if (slot < 0 || slot >= Workers)
                Interlocked.Increment(ref OutOfSlots[0]);
            for (nint i = start; i < end; i++)
                Interlocked.Increment(ref Done[i]);
        }
    }

    private readonly record struct Throwing(int Item) : IParallelWork
    {
        public void Run(int slot, nint start, nint end)
        {
            if (start <= Item && Item < end)
                throw new InvalidOperationException($"item {Item}");
        }
    }

    private readonly record struct ThrowingInOneSlot(bool ByTheCaller, int[] Begun) : IParallelWork
    {
        public void Run(int slot, nint start, nint end)
        {
            Interlocked.Increment(ref Begun[0]);
            if (slot == 0 == ByTheCaller)
                throw new InvalidOperationException();
            Thread.Sleep(1);
        }
    }

    /// <summary>The caller's piece lasts until the helper's has begun, the helper's another half second.</summary>
    private readonly record struct LongForTheHelper(int[] HasBegun) : IParallelWork
    {
        public void Run(int slot, nint start, nint end)
        {
            int[] hasBegun = HasBegun;
            if (slot == 0)
            {
                Happens(() => Volatile.Read(ref hasBegun[0]) > 0);
                return;
            }
            Volatile.Write(ref hasBegun[0], 1);
            Thread.Sleep(500);
        }
    }

    /// <summary>Each piece lasts until as many others have begun.</summary>
    private readonly record struct Meeting(int[] State, int Others) : IParallelWork
    {
        public void Run(int slot, nint start, nint end)
        {
            Interlocked.Increment(ref State[0]);
            int[] state = State;
            int others = Others;
            if (others > 0 && !Happens(() => Volatile.Read(ref state[0]) > others))
                Volatile.Write(ref state[1], 1);
        }
    }

    private readonly record struct Nesting(int[] Done, int Outer) : IParallelWork
    {
        public void Run(int slot, nint start, nint end)
        {
            for (nint i = start; i < end; i++)
            {
                if (Outer < 0)
                    ParallelJob<Nesting>.Run(new(Done, (int)i), 50, 3, 2, default);
                else
                    Interlocked.Increment(ref Done[(Outer * 50) + i]);
            }
        }
    }
}
