using System.Runtime.CompilerServices;

namespace NormKit.Threading;

/// <summary>
/// A normalization as the scheduler sees it: units (a set, or a batch of column sets), each reduced block by block, combined, then applied block
/// by block. Blocks of a unit may be reduced by different threads; they are combined by one, in block order.
/// </summary>
/// <remarks>Kernels keep these three from being inlined: a frame that has room for all of them costs more to clear than a short row to normalize.</remarks>
internal interface IUnitKernel
{
    /// <summary>Reduces one block of a unit.</summary>
    void Reduce(nint slot, nint unit, int block);

    /// <summary>Merges the unit's blocks.</summary>
    void Combine(nint slot, nint unit);

    /// <summary>Writes one block of results.</summary>
    void Apply(nint slot, nint unit, int block);

    /// <summary>All three for some units of one block each, where nothing is special about them; says whether it did. What the steps cost is more than a
    /// short row does.</summary>
    bool TryRun(nint slot, nint start, nint end) => false;
}

/// <summary>
/// Decides how a kernel's units are spread over threads, which changes no bit of the result. Many units: each thread takes whole ones and applies
/// them while they are in its cache. Few large ones: all threads share the blocks of a phase.
/// </summary>
internal readonly record struct Schedule
{
    /// <summary>Below this, waking a thread costs more than it saves.</summary>
    private const int BytesWorthAThread = 128 * 1024;

    /// <summary>What a thread takes at a time: much against the cost of taking it, little against the whole, so that none waits long for the last.</summary>
    private const int PieceBytes = 64 * 1024;

    private readonly nint units;
    private readonly int blocks;
    private readonly int workers;
    private readonly bool inPhases;
    private readonly nint grain;
    private readonly CancellationToken cancellation;

    /// <param name="units">Units to normalize.</param>
    /// <param name="blocks">Blocks of each unit.</param>
    /// <param name="bytes">What the whole call reads and writes, about.</param>
    /// <param name="concurrency">The threads of the call, and what ends it early.</param>
    /// <param name="mayShareUnits">Whether threads may share the blocks of a unit.</param>
    public Schedule(nint units, int blocks, nint bytes, Concurrency concurrency, bool mayShareUnits = true)
        : this(units, blocks, bytes, concurrency, reduced: false, mayShareUnits)
    {
    }

    private Schedule(nint units, int blocks, nint bytes, Concurrency concurrency, bool reduced, bool mayShareUnits)
    {
        cancellation = concurrency.Cancellation;
        this.units = units;
        this.blocks = blocks;
        workers = concurrency.Workers(bytes);
        inPhases = reduced || (mayShareUnits && workers > 1 && blocks > 1 && units < 4 * workers);
        nint items = inPhases ? units * blocks : units;
        // A thread more than there are units would cost room and do nothing.
        workers = (int)Math.Max(1, Math.Min(workers, items));
        grain = Grain(items, bytes, workers);
        Slots = inPhases ? units : workers;
    }

    /// <summary>For a kernel whose blocks were reduced before, each unit's into a slot of its own.</summary>
    public static Schedule OfReduced(nint units, int blocks, nint bytes, Concurrency concurrency) =>
        new(units, blocks, bytes, concurrency, reduced: true, mayShareUnits: true);

    /// <summary>How many units a kernel keeps results of at a time.</summary>
    public nint Slots { get; }

    public static int Workers(nint bytes, int maxDegreeOfParallelism)
    {
        int most = maxDegreeOfParallelism < 0 ? Environment.ProcessorCount : maxDegreeOfParallelism;
        return (int)Math.Clamp(bytes / BytesWorthAThread, 1, most);
    }

    /// <summary>How many of <paramref name="items"/> a thread takes at a time.</summary>
    public static nint Grain(nint items, nint bytes, int workers)
    {
        nint itemsWorthTaking = PieceBytes / Math.Max(1, bytes / Math.Max(1, items));
        return Math.Max(1, Math.Min(itemsWorthTaking, items / (4 * workers)));
    }

    public void Run<TKernel>(in TKernel kernel, bool reduce) where TKernel : struct, IUnitKernel
    {
        if (!inPhases)
        {
            RunItems(new WholeUnits<TKernel>(kernel, blocks, reduce, cancellation));
            return;
        }
        if (reduce)
            RunItems(new Phase<TKernel>(kernel, blocks, apply: false));
        for (nint unit = 0; unit < units; unit++)
            kernel.Combine(unit, unit);
        RunItems(new Phase<TKernel>(kernel, blocks, apply: true));
    }

    /// <summary>
    /// Runs a unit from beginning to end, on the calling thread, which has the slot. One of many blocks may take long, and so leaves off between two of
    /// them when it is cancelled, whatever phase it is in.
    /// </summary>
    public static void RunUnit<TKernel>(
        in TKernel ofCaller, nint slot, nint unit, int blocks, bool reduce, CancellationToken cancellation = default) where TKernel : struct, IUnitKernel
    {
        ref TKernel kernel = ref Writable(in ofCaller);
        for (int block = 0; reduce && block < blocks; block++)
        {
            if (block > 0 && cancellation.IsCancellationRequested)
                return;
            kernel.Reduce(slot, unit, block);
        }
        kernel.Combine(slot, unit);
        // Backwards: what was reduced last is still in the cache.
        for (int block = blocks - 1; block >= 0; block--)
        {
            if (block < blocks - 1 && cancellation.IsCancellationRequested)
                return;
            kernel.Apply(slot, unit, block);
        }
    }

    /// <summary>
    /// The kernel itself. Of what is read-only and may be any struct, the compiler copies all for every call, lest the call write to it; kernels are
    /// readonly structs of some hundred bytes, and a short row is normalized in the time of a few copies.
    /// </summary>
    private static ref TKernel Writable<TKernel>(ref readonly TKernel kernel) where TKernel : struct, IUnitKernel => ref Unsafe.AsRef(in kernel);

    private void RunItems<TWork>(in TWork work) where TWork : struct, IParallelWork
    {
        nint items = inPhases ? units * blocks : units;
        ParallelJob<TWork>.Run(in work, items, grain, workers, cancellation);
    }

    private readonly struct WholeUnits<TKernel>(TKernel kernel, int blocks, bool reduce, CancellationToken cancellation) : IParallelWork
        where TKernel : struct, IUnitKernel
    {
        private readonly TKernel kernel = kernel;

        public void Run(int slot, nint start, nint end)
        {
            if (blocks == 1 && reduce && Writable(in kernel).TryRun(slot, start, end))
                return;
            for (nint unit = start; unit < end; unit++)
                RunUnit(in kernel, slot, unit, blocks, reduce, cancellation);
        }
    }

    private readonly struct Phase<TKernel>(TKernel kernel, int blocks, bool apply) : IParallelWork where TKernel : struct, IUnitKernel
    {
        private readonly TKernel kernel = kernel;

        public void Run(int slot, nint start, nint end)
        {
            ref TKernel same = ref Writable(in kernel);
            for (nint item = start; item < end; item++)
            {
                (nint unit, nint block) = Math.DivRem(item, blocks);
                if (apply)
                    same.Apply(unit, unit, (int)block);
                else
                    same.Reduce(unit, unit, (int)block);
            }
        }
    }
}
