using System.Runtime.ExceptionServices;

namespace NormKit.Threading;

/// <summary>Work on a range of items that any thread may take a piece of.</summary>
internal interface IParallelWork
{
    /// <summary>Does items <paramref name="start"/> to <paramref name="end"/>; <paramref name="slot"/> differs between the threads at work.</summary>
    void Run(int slot, nint start, nint end);
}

/// <summary>
/// A parallel loop that allocates nothing once it has run. The calling thread works too and never waits for a helper that has not begun, so a busy
/// thread pool costs speed, not progress. (<see cref="Parallel"/> allocates closures and tasks on every call.)
/// </summary>
internal sealed class ParallelJob<TWork> : IThreadPoolWorkItem where TWork : struct, IParallelWork
{
    private const int Closed = int.MinValue;

    [ThreadStatic]
    private static ParallelJob<TWork>? ofThisThread;

    private TWork work;
    private nint count;
    private nint grain;
    private long next;
    private int helpersAllowed;

    /// <summary>How many helpers have entered, and the <see cref="Closed"/> bit while no loop runs.</summary>
    private int gate = Closed;

    /// <summary>How many of them have left.</summary>
    private int left;

    /// <summary>Queued and not yet begun. A ticket that comes late serves a later loop or ends at the closed gate.</summary>
    private int tickets;

    private ExceptionDispatchInfo? failure;
    private CancellationToken cancellation;

    /// <summary>Runs all items, <paramref name="grain"/> at a time, on the calling thread and at most <paramref name="workers"/> - 1 others.</summary>
    /// <exception cref="OperationCanceledException">The token is cancelled. No thread is at work any more; some items are done, some are not, and
    /// those that look at the token themselves may be half done.</exception>
    public static void Run(in TWork work, nint count, nint grain, int workers, CancellationToken cancellation)
    {
        if (workers == 1)
        {
            RunAlone(in work, count, cancellation.CanBeCanceled ? grain : count, cancellation);
            return;
        }
        ParallelJob<TWork> job = ofThisThread ?? new();
        ofThisThread = null;    // a loop inside a loop makes its own
        try
        {
            job.Loop(in work, count, grain, workers, cancellation);
        }
        finally
        {
            ofThisThread = job;
        }
    }

    private static void RunAlone(in TWork work, nint count, nint grain, CancellationToken cancellation)
    {
        for (nint start = 0; start < count; start += grain)
        {
            cancellation.ThrowIfCancellationRequested();
            work.Run(0, start, Math.Min(start + grain, count));
        }
        cancellation.ThrowIfCancellationRequested();
    }

    void IThreadPoolWorkItem.Execute()
    {
        Interlocked.Decrement(ref tickets);
        int entered = Volatile.Read(ref gate);
        while (true)
        {
            if (entered < 0 || entered >= helpersAllowed)
                return;
            int seen = Interlocked.CompareExchange(ref gate, entered + 1, entered);
            if (seen == entered)
                break;
            entered = seen;
        }
        try
        {
            // Read again: once inside, this loop cannot end, but the one that the first look saw may have ended in between.
            if (entered < helpersAllowed)
                TakePieces(slot: entered + 1);
        }
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            Interlocked.Increment(ref left);
        }
    }

    private void Loop(in TWork toDo, nint items, nint itemsAtATime, int workers, CancellationToken token)
    {
        cancellation = token;
        work = toDo;
        count = items;
        grain = itemsAtATime;
        next = 0;
        left = 0;
        failure = null;
        helpersAllowed = workers - 1;
        Volatile.Write(ref gate, 0);
        try
        {
            for (int needed = helpersAllowed - Volatile.Read(ref tickets); needed > 0; needed--)
            {
                Interlocked.Increment(ref tickets);
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
            TakePieces(slot: 0);
        }
        finally
        {
            // The caller's memory is pinned only until this returns: wait for those inside, admit nobody else.
            int entered = Interlocked.Or(ref gate, Closed);
            SpinWait spin = default;
            while (Volatile.Read(ref left) < entered)
                spin.SpinOnce(sleep1Threshold: -1);
            work = default;
            cancellation = default;
        }
        failure?.Throw();
        token.ThrowIfCancellationRequested();
    }

    private void TakePieces(int slot)
    {
        while (!cancellation.IsCancellationRequested)
        {
            nint start = (nint)(Interlocked.Add(ref next, grain) - grain);
            if (start >= count)
                return;
            work.Run(slot, start, Math.Min(start + grain, count));
        }
    }
}
