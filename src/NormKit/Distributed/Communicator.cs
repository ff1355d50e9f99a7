using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace NormKit;

/// <summary>A group of ranks, each a process or a thread, that work on one problem and exchange data in collective calls.</summary>
/// <remarks>
/// A collective call is one that every rank makes, in the same order. Merging is exact in each of them, so no result depends on the order in which data
/// arrives. A collective call never waits longer than <see cref="Timeout"/> for a rank and a little to ask who is missing; it throws a
/// <see cref="CommunicatorException"/> then, and so do all later calls. Where ranks call different things, each rank gets an exception that tells who
/// called what, at once. Not thread-safe: one thread of a rank calls at a time.
/// <para>docs/scale.md says what a call costs and how to start several processes.</para>
/// </remarks>
public abstract partial class Communicator : IDisposable
{
    private readonly MessageStore store = new();
    private TimeSpan timeout;

    /// <summary>Creates a communicator that waits up to five minutes.</summary>
    /// <param name="rank">The number of this rank, from 0.</param>
    /// <param name="size">How many ranks there are.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no rank, or no such rank among them.</exception>
    protected Communicator(int rank, int size)
    {
        if (size < 1)
            throw new ArgumentOutOfRangeException(nameof(size), size, "Communicator: there is at least one rank.");
        if (rank < 0 || rank >= size)
            throw new ArgumentOutOfRangeException(nameof(rank), rank, $"Communicator: ranks are counted from 0 to {size - 1}.");
        (Rank, Size) = (rank, size);
        Timeout = TimeSpan.FromMinutes(5);
    }

    /// <summary>Gets the number of this rank, from 0 to <see cref="Size"/> - 1.</summary>
    public int Rank { get; }

    /// <summary>Gets how many ranks there are.</summary>
    public int Size { get; }

    /// <summary>Gets or sets how long a collective call waits for the other ranks. Set it alike on all ranks, longer than one rank may take alone.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive, or longer than a day.</exception>
    public TimeSpan Timeout
    {
        get => timeout;
        set
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(1))
                throw new ArgumentOutOfRangeException(nameof(value), value, "Communicator: the time limit is positive and at most a day.");
            timeout = value;
        }
    }

    /// <summary>Collects a message of each rank, which may differ in length, on every rank. A collective call.</summary>
    /// <param name="message">The message of this rank; may be empty.</param>
    /// <returns>The messages, by rank.</returns>
    /// <exception cref="CommunicatorException">A rank is missing, or called something else.</exception>
    public byte[][] AllGather(ReadOnlySpan<byte> message)
    {
        Messages messages = new(Rank, Size, message.ToArray());
        Collect("AllGather", messages);
        return messages.ByRank;
    }

    /// <summary>Replaces each number by its sum over all ranks. A collective call; a sum beyond 64 bits wraps around.</summary>
    /// <param name="values">The numbers of this rank, as many as on every other.</param>
    /// <exception cref="CommunicatorException">A rank is missing, called something else, or has another count of numbers.</exception>
    public void AllReduce(Span<long> values)
    {
        Totals totals = new(values.ToArray());
        Collect($"AllReduce of {values.Length} numbers", totals);
        totals.Values.CopyTo(values);
    }

    /// <summary>Merges statistics with those of all other ranks, without a rounding error. A collective call.</summary>
    /// <param name="moments">The statistics of this rank, as many as on every other; each then has the numbers of all ranks.</param>
    /// <exception cref="CommunicatorException">A rank is missing, called something else, or has another count of statistics.</exception>
    /// <exception cref="OverflowException">Together there are more than 2^62 numbers.</exception>
    public void AllReduce(params ReadOnlySpan<ExactMoments> moments) =>
        Collect($"AllReduce of {moments.Length} ExactMoments", new MergedMoments(moments.ToArray()));

    /// <summary>Waits until every rank has come here. A collective call.</summary>
    /// <exception cref="CommunicatorException">A rank is missing, or called something else.</exception>
    public void Barrier() => Collect("Barrier", new Totals([]));

    /// <summary>Gets whether a collective call has failed for good: the other ranks may be gone, and leaving must not wait for them.</summary>
    protected bool HasFailed => broken is not null;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Leaves the group.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> was called.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Sends a message to another rank, without waiting for it. Messages from one rank to another keep their order.</summary>
    /// <param name="destination">The rank that gets it, not this one.</param>
    /// <param name="message">The message, which now belongs to the implementation: it may hand it on, or <see cref="Recycle"/> it once it has been sent.</param>
    protected abstract void Send(int destination, byte[] message);

    /// <summary>Takes the next message that came from any rank.</summary>
    /// <param name="wait">How long to wait for one, at most; zero to look and not wait.</param>
    /// <param name="source">The rank that sent it.</param>
    /// <param name="message">The message; empty where none came.</param>
    /// <returns>Whether one came.</returns>
    protected abstract bool TryReceive(TimeSpan wait, out int source, out byte[] message);

    /// <summary>Returns an array for a message, with any content: one of those that are done with, or a new one.</summary>
    /// <param name="length">Its length.</param>
    protected byte[] Rent(int length) => store.Rent(length);

    /// <summary>Takes an array back that nothing uses any more.</summary>
    /// <param name="message">The array.</param>
    protected void Recycle(byte[] message)
    {
        ArgumentNullException.ThrowIfNull(message);
        store.Return(message);
    }

    /// <summary>Waits until the messages that this rank has sent have left it.</summary>
    /// <param name="wait">How long, at most.</param>
    protected virtual void Flush(TimeSpan wait)
    {
    }

    /// <summary>The messages of some ranks: of each its number, its length and its bytes.</summary>
    private sealed class Messages : ICollectiveData
    {
        private readonly Dictionary<int, byte[]> messages;

        public Messages(int rank, int size, byte[] own)
        {
            messages = new(size) { [rank] = own };
        }

        public byte[][] ByRank => [.. messages.OrderBy(pair => pair.Key).Select(pair => pair.Value)];

        public int Measure() => messages.Values.Sum(message => (2 * sizeof(int)) + message.Length);

        public void Write(Span<byte> bytes)
        {
            foreach ((int rank, byte[] message) in messages)
            {
                BinaryPrimitives.WriteInt32LittleEndian(bytes, rank);
                BinaryPrimitives.WriteInt32LittleEndian(bytes[sizeof(int)..], message.Length);
                message.CopyTo(bytes[(2 * sizeof(int))..]);
                bytes = bytes[((2 * sizeof(int)) + message.Length)..];
            }
        }

        public void Merge(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                int rank = BinaryPrimitives.ReadInt32LittleEndian(bytes), length = BinaryPrimitives.ReadInt32LittleEndian(bytes[sizeof(int)..]);
                messages[rank] = bytes.Slice(2 * sizeof(int), length).ToArray();
                bytes = bytes[((2 * sizeof(int)) + length)..];
            }
        }

        public void Replace(ReadOnlySpan<byte> bytes) => Merge(bytes);
    }

    /// <summary>Sums of whole numbers; the first few may be maxima.</summary>
    internal sealed class Totals(long[] values, int maxima = 0) : ICollectiveData
    {
        public long[] Values { get; } = values;

        public int Measure() => Values.Length * sizeof(long);

        public void Write(Span<byte> bytes) => MemoryMarshal.AsBytes<long>(Values).CopyTo(bytes);

        public void Merge(ReadOnlySpan<byte> bytes)
        {
            ReadOnlySpan<long> others = MemoryMarshal.Cast<byte, long>(bytes);
            for (int i = 0; i < maxima; i++)
                Values[i] = Math.Max(Values[i], others[i]);
            Span<long> sums = Values.AsSpan(maxima);
            TensorPrimitives.Add(sums, others[maxima..], sums);
        }

        public void Replace(ReadOnlySpan<byte> bytes) => MemoryMarshal.Cast<byte, long>(bytes).CopyTo(Values);
    }

    private sealed class MergedMoments(ExactMoments[] moments) : ICollectiveData
    {
        private byte[][] states = [];

        public int Measure()
        {
            states = [.. moments.Select(state => state.ToArray())];
            return states.Sum(state => sizeof(int) + state.Length);
        }

        public void Write(Span<byte> bytes)
        {
            foreach (byte[] state in states)
            {
                BinaryPrimitives.WriteInt32LittleEndian(bytes, state.Length);
                state.CopyTo(bytes[sizeof(int)..]);
                bytes = bytes[(sizeof(int) + state.Length)..];
            }
        }

        public void Merge(ReadOnlySpan<byte> bytes)
        {
            foreach (ExactMoments state in moments)
                state.Merge(Next(ref bytes));
        }

        public void Replace(ReadOnlySpan<byte> bytes)
        {
            foreach (ExactMoments state in moments)
                state.Assign(Next(ref bytes));
        }

        private static ExactMoments Next(ref ReadOnlySpan<byte> bytes)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            ExactMoments state = ExactMoments.FromArray(bytes.Slice(sizeof(int), length));
            bytes = bytes[(sizeof(int) + length)..];
            return state;
        }
    }
}
