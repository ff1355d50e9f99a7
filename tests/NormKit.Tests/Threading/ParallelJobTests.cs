using NormKit.Threading;

namespace NormKit.Tests.Threading;

public class ParallelJobTests
{
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
