using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NormKit;

/// <summary>The processes that <c>mpirun</c>, <c>mpiexec</c> or <c>srun</c> has started, as ranks.</summary>
/// <remarks>
/// The MPI library is found when <see cref="Start"/> is called: Open MPI, MPICH and its relatives, or a library of the standard ABI of MPI 5. The
/// environment variable NORMKIT_MPI names another one. Use it on the thread that started it.
/// </remarks>
/// <example><code>
/// using Communicator communicator = MpiCommunicator.Start();      // dotnet app.dll, or: mpirun -n 4 dotnet app.dll
/// Console.WriteLine($"rank {communicator.Rank} of {communicator.Size}");
/// </code></example>
public sealed class MpiCommunicator : Communicator
{
    /// <summary>After so many looks without a message the thread lets others run, and after more it sleeps: ranks may share a core.</summary>
    private const int Spins = 200, Yields = 20_000;

    private static int started;

    private readonly MpiLibrary mpi;
    private readonly nint world;
    private readonly List<Pending> pending = [];
    private bool failed;

    private MpiCommunicator(MpiLibrary mpi, nint world, int rank, int size)
        : base(rank, size) => (this.mpi, this.world) = (mpi, world);

    /// <summary>Gets whether a launcher has started this process: then its output may go through a terminal that belongs to the launcher.</summary>
    public static bool IsLaunched => Launcher.Current != Launch.None;

    /// <summary>
    /// Joins the other processes of this run. A process that no launcher has started is a single rank, and needs no MPI.
    /// </summary>
    /// <param name="timeout">The <see cref="Communicator.Timeout"/>; none for the usual one.</param>
    /// <returns>The communicator; dispose it when all collective calls are done, and exit.</returns>
    /// <exception cref="CommunicatorException">No MPI library is installed, it does not fit the launcher, or it reports an error.</exception>
    /// <exception cref="InvalidOperationException">It was started before: MPI starts once in a process.</exception>
    public static Communicator Start(TimeSpan? timeout = null)
    {
        if (Interlocked.Exchange(ref started, 1) != 0)
            throw new InvalidOperationException("MpiCommunicator.Start: MPI starts once in a process; keep the communicator and hand it on.");
        Communicator communicator = IsLaunched ? Join() : new LocalCommunicator();
        communicator.Timeout = timeout ?? communicator.Timeout;
        return communicator;
    }

    private static MpiCommunicator Join()
    {
        MpiLibrary mpi = MpiLibrary.Load();
        mpi.Initialize();
        nint world = mpi.DuplicateWorld();
        int rank = mpi.RankIn(world), size = mpi.SizeOf(world);
        if (size == 1 && Launcher.StartedProcesses is int processes and > 1)
        {
            throw new CommunicatorException(
                $"MpiCommunicator.Start: the launcher has started {processes} processes, but {mpi.Name} sees one. The launcher must be that of the library: "
                + "use mpirun of this MPI, or srun --mpi=pmix (or --mpi=pmi2), or name the library in NORMKIT_MPI.");
        }
        return new(mpi, world, rank, size);
    }

    /// <inheritdoc/>
    protected override void Send(int destination, byte[] message)
    {
        GCHandle pin = GCHandle.Alloc(message, GCHandleType.Pinned);
        pending.Add(new(message, pin, Guard(() => mpi.Send(pin.AddrOfPinnedObject(), message.Length, destination, world))));
    }

    /// <inheritdoc/>
    protected override bool TryReceive(TimeSpan wait, out int source, out byte[] message)
    {
        long start = Stopwatch.GetTimestamp();
        for (int looks = 0; ; looks++)
        {
            Complete();
            if (Guard(() => mpi.Probe(world)) is (int from, int length))
            {
                byte[] bytes = Rent(length);
                Guard(() => mpi.Receive(bytes, from, world));
                (source, message) = (from, bytes);
                return true;
            }
            if (!Rest(looks, wait, start))
            {
                (source, message) = (-1, []);
                return false;
            }
        }
    }

    /// <inheritdoc/>
    protected override void Flush(TimeSpan wait)
    {
        long start = Stopwatch.GetTimestamp();
        for (int looks = 0; Complete() > 0 && Rest(looks, wait, start); looks++)
        {
            // A large message leaves when its receiver asks for it, and MPI notices that only while it is called.
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // Where ranks are missing, ending MPI would wait for them; the launcher ends what is left.
        if (disposing && !failed && !HasFailed)
        {
            failed = true;
            Flush(Timeout);
            if (pending.Count == 0)
                mpi.Finish(world);
        }
        base.Dispose(disposing);
    }

    /// <summary>Lets other threads run; false once the time is over.</summary>
    private static bool Rest(int looks, TimeSpan wait, long start)
    {
        if (wait <= TimeSpan.Zero)
            return false;
        if (looks < Spins)
            Thread.SpinWait(20);
        else if (looks < Yields)
            Thread.Yield();
        else
            Thread.Sleep(1);
        return (looks & 15) != 15 || Stopwatch.GetElapsedTime(start) < wait;
    }

    /// <summary>Lets go of the messages that have left; returns how many have not.</summary>
    private int Complete()
    {
        for (int i = pending.Count - 1; i >= 0; i--)
        {
            nint request = pending[i].Request;
            if (mpi.IsDone(ref request))
            {
                pending[i].Pin.Free();
                Recycle(pending[i].Message);
                pending.RemoveAt(i);
            }
            else
            {
                pending[i] = pending[i] with { Request = request };
            }
        }
        return pending.Count;
    }

    private TResult Guard<TResult>(Func<TResult> call)
    {
        try
        {
            return call();
        }
        catch (CommunicatorException)
        {
            failed = true;
            throw;
        }
    }

    /// <summary>A message that MPI still reads, and so must stay where it is.</summary>
    private readonly record struct Pending(byte[] Message, GCHandle Pin, nint Request);
}
