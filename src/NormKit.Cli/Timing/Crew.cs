namespace NormKit.Cli.Timing;

/// <summary>
/// Threads that share a call at the cost of a few hundred nanoseconds, where <see cref="Parallel"/> takes several microseconds: for a while after each
/// call they spin, then they sleep, so that they disturb nothing else that is timed.
/// </summary>
internal sealed class Crew : IDisposable
{
    private const int SpinsBeforeSleep = 2000;

    private readonly object gate = new();
    private Action<int> work = _ => { };
    private int call;
    private int asleep;
    private int atWork;
    private bool ended;

    /// <param name="threads">How many share a call, the caller among them.</param>
    public Crew(int threads)
    {
        Threads = threads;
        for (int i = 1; i < threads; i++)
        {
            int index = i;
            new Thread(() => Serve(index)) { IsBackground = true, Name = $"crew {i}" }.Start();
        }
    }

    public int Threads { get; }

    /// <summary>Runs parts 0 to <see cref="Threads"/> - 1, the first on the caller's thread.</summary>
    public void Run(Action<int> parts)
    {
        if (Threads == 1)
        {
            parts(0);
            return;
        }
        work = parts;
        Volatile.Write(ref atWork, Threads - 1);
        lock (gate)
        {
            call++;
            if (asleep > 0)
                Monitor.PulseAll(gate);
        }
        parts(0);
        SpinWait spin = default;
        while (Volatile.Read(ref atWork) > 0)
            spin.SpinOnce(sleep1Threshold: -1);
    }

    /// <summary>A call that does a part of <paramref name="length"/> items on each thread; parts begin at multiples of <paramref name="unit"/>.</summary>
    public Action Sharing(nint length, nint unit, Action<nint, nint> part)
    {
        nint each = (((length + Threads - 1) / Threads) + unit - 1) / unit * unit;
        Action<int> parts = thread => part(Math.Min(length, thread * each), Math.Min(length, (thread + 1) * each));
        return () => Run(parts);
    }

    public void Dispose()
    {
        lock (gate)
        {
            ended = true;
            call++;
            Monitor.PulseAll(gate);
        }
    }

    private void Serve(int index)
    {
        int served = 0;
        while (true)
        {
            for (int spins = 0; spins < SpinsBeforeSleep && Volatile.Read(ref call) == served; spins++)
                Thread.SpinWait(1);
            lock (gate)
            {
                asleep++;
                while (call == served)
                    Monitor.Wait(gate);
                asleep--;
                served = call;
                if (ended)
                    return;
            }
            work(index);
            Interlocked.Decrement(ref atWork);
        }
    }
}
