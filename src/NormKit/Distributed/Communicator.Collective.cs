using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace NormKit;

/// <content>How ranks exchange data, notice that they disagree, and find out who is missing.</content>
public abstract partial class Communicator
{
    /// <summary>After the time limit, the part of it that ranks have to answer when they are asked whether they are there, and the bounds of that.</summary>
    private const double GraceShare = 0.25;
    private static readonly TimeSpan LeastGrace = TimeSpan.FromSeconds(0.25), MostGrace = TimeSpan.FromSeconds(5);

    private const int HeadLength = 1 + (2 * sizeof(int));

    /// <summary>The longest text of a rank that is sent to others.</summary>
    private const int LongestText = 1000;

    // Messages that came before this rank waited for them, those of ranks that ask who is there, and of ranks that have ended.
    private readonly Dictionary<int, Queue<byte[]>> early = [];
    private readonly SortedDictionary<int, string> present = [];
    private readonly SortedDictionary<int, string> gone = [];
    private CommunicatorException? broken;
    private int sequence;
    private int busy;

    private enum Kind : byte
    {
        /// <summary>A call and the data merged so far.</summary>
        Data,

        /// <summary>The table of who called what, in place of data.</summary>
        Disagreement,

        /// <summary>"I am here, and I wait for others": sent when the time limit has passed.</summary>
        RollCall,

        /// <summary>"I send nothing more".</summary>
        Gone,
    }

    /// <summary>Exchanges data with all ranks: a collective call.</summary>
    /// <param name="call">Everything that must be the same on all ranks, in words.</param>
    /// <param name="data">The data of this rank; afterwards that of all.</param>
    internal void Collect(string call, ICollectiveData data)
    {
        if (Interlocked.Exchange(ref busy, 1) != 0)
            throw new InvalidOperationException("Communicator: another thread of this rank is in a collective call; one at a time.");
        try
        {
            ThrowIfBroken();
            sequence++;
            long start = Stopwatch.GetTimestamp();
            byte[] words = Encoding.UTF8.GetBytes(call);
            Calls? calls = null;    // none while all agree
            foreach (Butterfly.Step step in Butterfly.StepsOf(Rank, Size))
            {
                if (step.Sends)
                    Send(step.Partner, calls is null ? Message(words, data) : Message(Kind.Disagreement, [], calls.Write()));
                if (!step.Receives)
                    continue;
                byte[] message = Wait(step.Partner, call, start);
                Take(step, message, call, words, data, ref calls);
                Recycle(message);
            }
            Flush(Timeout);
            if (calls is not null)
                throw calls.ToException();
            // A rank that came late may have all data, from ranks that have given up since.
            while (Size > 1 && TryReceive(TimeSpan.Zero, out int source, out byte[] message))
                Sort(source, message);
            if (present.Count > 0)
                CallRoll(call);
        }
        finally
        {
            busy = 0;
        }
    }

    /// <summary>Joins the collective call that the other ranks are in, so that they hear at once that this one has failed.</summary>
    /// <param name="call">What failed.</param>
    /// <param name="reason">Why.</param>
    internal void Refuse(string call, string reason)
    {
        try
        {
            Collect($"{call}, which failed: {reason}", new Totals([]));
        }
        catch (CommunicatorException)
        {
            // The caller throws what has happened here.
        }
    }

    /// <summary>For a call that needs no other rank: throws where others have given up waiting for this one, and tells them what it does.</summary>
    /// <param name="doing">What it does, in words.</param>
    internal void Answer(string doing)
    {
        if (Size == 1)
            return;
        ThrowIfBroken();
        while (TryReceive(TimeSpan.Zero, out int source, out byte[] message))
            Sort(source, message);
        if (present.Count == 0)
            return;
        Tell(Kind.RollCall, doing, Others);
        string others = present.First().Value;
        broken = new($"{RankText.Of([.. present.Keys])} gave up waiting for rank {Rank}, which is in: {doing}. They are in: {others}. Every rank must make the same calls.", [Rank]);
        throw broken;
    }

    /// <summary>Tells the ranks that would wait for this one that it sends nothing more; they tell those that wait for them.</summary>
    private protected void Leave(string reason)
    {
        if (Size > 1)
            Tell(Kind.Gone, reason, Butterfly.StepsOf(Rank, Size).Select(step => step.Partner).Distinct());
    }

    private void Take(Butterfly.Step step, byte[] message, string call, ReadOnlySpan<byte> words, ICollectiveData data, ref Calls? calls)
    {
        Kind kind = Read(message, out ReadOnlySpan<byte> theirs, out ReadOnlySpan<byte> payload);
        if (calls is null && kind == Kind.Data && theirs.SequenceEqual(words))
        {
            if (step.IsResult)
                data.Replace(payload);
            else
                data.Merge(payload);
            return;
        }
        if (calls is null)
        {
            calls = new();
            calls.Add(call, Butterfly.MembersOf(Rank, step.Round, Size));
        }
        if (kind == Kind.Disagreement)
            calls.Merge(payload.ToArray());
        else
            calls.Add(Encoding.UTF8.GetString(theirs), Butterfly.MembersOf(step.Partner, step.Round, Size));
    }

    private byte[] Wait(int source, string call, long start)
    {
        while (true)
        {
            if (early.TryGetValue(source, out Queue<byte[]>? queue) && queue.TryDequeue(out byte[]? message))
                return message;
            if (gone.TryGetValue(source, out string? reason))
            {
                broken = new($"{call}: rank {source} has ended: {reason}", [source]);
                throw broken;
            }
            TimeSpan left = Timeout - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || present.Count > 0)
                CallRoll(call);
            if (TryReceive(left, out int from, out byte[] next))
                Sort(from, next);
        }
    }

    /// <summary>Asks all ranks whether they are there, waits a little for their answers, and throws.</summary>
    private void CallRoll(string call)
    {
        Tell(Kind.RollCall, call, Others);
        long start = Stopwatch.GetTimestamp();
        TimeSpan grace = TimeSpan.FromTicks(Math.Clamp((long)(Timeout.Ticks * GraceShare), LeastGrace.Ticks, MostGrace.Ticks));
        while (present.Count < Size - 1 && grace - Stopwatch.GetElapsedTime(start) is { Ticks: > 0 } left)
        {
            if (TryReceive(left, out int source, out byte[] message))
                Sort(source, message);
        }
        int[] missing = [.. Enumerable.Range(0, Size).Where(rank => rank != Rank && !present.ContainsKey(rank))];
        int[] elsewhere = [.. present.Where(pair => pair.Value != call).Select(pair => pair.Key)];
        StringBuilder text = new($"{call}: ");
        if (missing.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"{RankText.Of(missing)} did not come within {Timeout.TotalSeconds:0.###} s. ");
        foreach (int rank in elsewhere.Take(8))
            text.Append(CultureInfo.InvariantCulture, $"Rank {rank} is in: {present[rank]}. ");
        if (missing.Length + elsewhere.Length == 0)
            text.Append(CultureInfo.InvariantCulture, $"a rank came after {Timeout.TotalSeconds:0.###} s, when others had given up. Use a longer Timeout. ");
        text.Append(missing.Length > 0 ? "It may have ended, hang, or make other calls." : "Every rank must make the same calls.");
        broken = new(text.ToString(), [.. missing.Concat(elsewhere).Order()]);
        throw broken;
    }

    private void Sort(int source, byte[] message)
    {
        switch ((Kind)message[0])
        {
            case Kind.RollCall:
                present[source] = TextOf(message);
                break;
            case Kind.Gone:
                gone[source] = TextOf(message);
                break;
            default:
                if (!early.TryGetValue(source, out Queue<byte[]>? queue))
                    early[source] = queue = new();
                queue.Enqueue(message);
                break;
        }
    }

    private IEnumerable<int> Others => Enumerable.Range(1, Size - 1).Select(i => (Rank + i) % Size);

    private void Tell(Kind kind, string text, IEnumerable<int> ranks)
    {
        byte[] words = Encoding.UTF8.GetBytes(text.Length > LongestText ? text[..LongestText] : text);
        foreach (int rank in ranks)
            Send(rank, Message(kind, words, []));
    }

    private void ThrowIfBroken()
    {
        if (broken is not null)
            throw new CommunicatorException($"An earlier collective call has failed, and this communicator cannot be used any more: {broken.Message}", broken.Ranks);
    }

    private byte[] Message(byte[] words, ICollectiveData data)
    {
        byte[] message = Begin(Kind.Data, words, data.Measure(), out Span<byte> rest);
        data.Write(rest);
        return message;
    }

    private byte[] Message(Kind kind, byte[] words, byte[] data)
    {
        byte[] message = Begin(kind, words, data.Length, out Span<byte> rest);
        data.CopyTo(rest);
        return message;
    }

    // The kind, the number of the call, the length of the text, the text and the data.
    private byte[] Begin(Kind kind, byte[] words, int length, out Span<byte> data)
    {
        byte[] message = Rent(checked(HeadLength + words.Length + length));
        message[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(1), sequence);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(1 + sizeof(int)), words.Length);
        words.CopyTo(message, HeadLength);
        data = message.AsSpan(HeadLength + words.Length);
        return message;
    }

    private static string TextOf(byte[] message)
    {
        Read(message, out ReadOnlySpan<byte> words, out _);
        return Encoding.UTF8.GetString(words);
    }

    private static Kind Read(byte[] message, out ReadOnlySpan<byte> words, out ReadOnlySpan<byte> data)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(1 + sizeof(int)));
        words = message.AsSpan(HeadLength, length);
        data = message.AsSpan(HeadLength + length);
        return (Kind)message[0];
    }
}
