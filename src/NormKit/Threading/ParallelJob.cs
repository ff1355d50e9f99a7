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

    /// <summary>How often the caller looks whether the helpers have left before it sleeps: for some tens of microseconds, about what waking costs.</summary>
    private const int LooksBeforeSleep = 60;

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

    /// <summary>Guards nothing: the caller sleeps on it until the last helper has left.</summary>
    private readonly object helpersLeave = new();

    private bool isAsleep;
    private ExceptionDispatchInfo? failure;
    private CancellationToken cancellation;

    /// <summary>Runs all items, <paramref name="grain"/> at a time, on the calling thread and at most <paramref name="workers"/> - 1 others.</summary>
    /// <exception cref="OperationCanceledException">The token is cancelled. No thread is at work any more; some items are done, some are not, and
    /// those that look at the token themselves may be half done.</exception>
    /// <remarks>If an item throws, no thread takes another piece, and the caller gets the exception once all threads have left.</remarks>
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
            if (Volatile.Read(ref isAsleep))
                WakeCaller();
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
        // A full fence: the gate must be open before the tickets are counted. If the count came first, a ticket in it could meet the closed gate and
        // end, and the loop would lack a helper.
        Interlocked.Exchange(ref gate, 0);
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
            {
                if (spin.Count < LooksBeforeSleep)
                    spin.SpinOnce(sleep1Threshold: -1);
                else
                    SleepUntilLeft(entered);
            }
            work = default;
            cancellation = default;
        }
        failure?.Throw();
        token.ThrowIfCancellationRequested();
    }

    private void SleepUntilLeft(int entered)
    {
        lock (helpersLeave)
        {
            // Full fences here and in Execute, between the two fields: either this thread sees that the last helper has left, or that one sees it asleep.
            Volatile.Write(ref isAsleep, true);
            Interlocked.MemoryBarrier();
            while (Volatile.Read(ref left) < entered)
                Monitor.Wait(helpersLeave);
            isAsleep = false;
        }
    }

    private void WakeCaller()
    {
        lock (helpersLeave)
            Monitor.Pulse(helpersLeave);
    }

    private void TakePieces(int slot)
    {
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                nint start = (nint)(Interlocked.Add(ref next, grain) - grain);
                if (start >= count)
                    return;
                work.Run(slot, start, Math.Min(start + grain, count));
            }
        }
        catch
        {
            // The result is lost: nobody takes another piece.
            Interlocked.Exchange(ref next, count);
            throw;
        }
    }
}
