using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace NormKit;

/// <summary>Ranks that are threads of this process: for tests of programs that run on many machines, and for one rank alone.</summary>
/// <example><code>
/// double[] means = LocalCommunicator.Run(4, communicator =>
/// {
///     ExactMoments moments = new();
///     moments.Add(communicator.Rank);
///     communicator.AllReduce(moments);
///     return moments.Mean;                // 1.5 on each rank
/// });
/// </code></example>
public sealed class LocalCommunicator : Communicator
{
    /// <summary>Room for the blocks that kernels keep on the stack; memory is used as it is touched.</summary>
    private const int StackBytes = 1 << 20;

    private readonly Mailbox[] mailboxes;

    /// <summary>Creates the communicator of a rank that is alone.</summary>
    public LocalCommunicator()
        : this(0, [new()])
    {
    }

    private LocalCommunicator(int rank, Mailbox[] mailboxes)
        : base(rank, mailboxes.Length) => this.mailboxes = mailboxes;

    /// <summary>Runs a program on some ranks, each in a thread of its own, and waits for all of them.</summary>
    /// <param name="ranks">How many, at least 1; thousands are fine.</param>
    /// <param name="program">What each rank does.</param>
    /// <param name="timeout">The <see cref="Communicator.Timeout"/> of each rank; none for the usual one.</param>
    /// <returns>What each rank returned.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no rank, or the time limit is not positive.</exception>
    /// <exception cref="CommunicatorException">A collective call failed, and nothing else did. Any other exception of a rank is thrown instead.</exception>
    public static TResult[] Run<TResult>(int ranks, Func<Communicator, TResult> program, TimeSpan? timeout = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        ArgumentNullException.ThrowIfNull(program);
        Mailbox[] mailboxes = [.. Enumerable.Range(0, ranks).Select(_ => new Mailbox())];
        LocalCommunicator[] communicators = [.. Enumerable.Range(0, ranks).Select(rank => new LocalCommunicator(rank, mailboxes))];
        foreach (LocalCommunicator communicator in communicators)
            communicator.Timeout = timeout ?? communicator.Timeout;
        TResult[] results = new TResult[ranks];
        Exception?[] failures = new Exception?[ranks];
        Thread[] threads = [.. Enumerable.Range(0, ranks).Select(rank => new Thread(() => RunRank(rank), StackBytes) { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        // Others fail because one did: the cause is what is not a failure of communication.
        if ((failures.FirstOrDefault(failure => failure is not (null or CommunicatorException)) ?? failures.FirstOrDefault(failure => failure is not null)) is { } cause)
            ExceptionDispatchInfo.Throw(cause);
        return results;

        void RunRank(int rank)
        {
            using LocalCommunicator communicator = communicators[rank];
            string reason = "its program is done";
            try
            {
                results[rank] = program(communicator);
            }
#pragma warning disable CA1031 // Thrown by Run, on the thread that waits.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failures[rank] = exception;
                reason = exception.Message;
            }
            communicator.Leave(reason);
        }
    }

    /// <inheritdoc/>
    protected override void Send(int destination, byte[] message) => mailboxes[destination].Post(Rank, message);

    /// <inheritdoc/>
    protected override bool TryReceive(TimeSpan wait, out int source, out byte[] message) => mailboxes[Rank].TryTake(wait, out source, out message);

    private sealed class Mailbox
    {
        private readonly Queue<(int Source, byte[] Message)> messages = new();

        public void Post(int source, byte[] message)
        {
            lock (messages)
            {
                messages.Enqueue((source, message));
                Monitor.Pulse(messages);
            }
        }

        public bool TryTake(TimeSpan wait, out int source, out byte[] message)
        {
            long start = Stopwatch.GetTimestamp();
            lock (messages)
            {
                while (messages.Count == 0)
                {
                    TimeSpan left = wait - Stopwatch.GetElapsedTime(start);
                    if (left <= TimeSpan.Zero || !Monitor.Wait(messages, left))
                        break;
                }
                bool any = messages.TryDequeue(out (int Source, byte[] Message) next);
                (source, message) = any ? next : (-1, []);
                return any;
            }
        }
    }
}
