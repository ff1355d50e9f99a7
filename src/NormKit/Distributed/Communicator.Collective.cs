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
            Calls? calls = null;    // none while all agree
            foreach (Butterfly.Step step in Butterfly.StepsOf(Rank, Size))
            {
                if (step.Sends)
                    Send(step.Partner, calls is null ? Message(Kind.Data, call, data.Write()) : Message(Kind.Disagreement, "", calls.Write()));
                if (step.Receives)
                    Take(step, Wait(step.Partner, call, start), call, data, ref calls);
            }
            Flush(Timeout);
            if (calls is not null)
                throw calls.ToException();
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
        Tell(Kind.RollCall, doing);
        string others = present.First().Value;
        broken = new($"{RankText.Of([.. present.Keys])} gave up waiting for rank {Rank}, which is in: {doing}. They are in: {others}. Every rank must make the same calls.", [Rank]);
        throw broken;
    }

    /// <summary>Tells all others that this rank sends nothing more, so that none waits for it.</summary>
    private protected void Leave(string reason) => Tell(Kind.Gone, reason);

    private void Take(Butterfly.Step step, byte[] message, string call, ICollectiveData data, ref Calls? calls)
    {
        (Kind kind, string theirs, byte[] payload) = Read(message);
        bool agree = kind == Kind.Data && theirs == call;
        if (agree && calls is null)
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
            calls.Merge(payload);
        else
            calls.Add(theirs, Butterfly.MembersOf(step.Partner, step.Round, Size));
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
        Tell(Kind.RollCall, call);
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
                present[source] = Read(message).Text;
                break;
            case Kind.Gone:
                gone[source] = Read(message).Text;
                break;
            default:
                if (!early.TryGetValue(source, out Queue<byte[]>? queue))
                    early[source] = queue = new();
                queue.Enqueue(message);
                break;
        }
    }

    private void Tell(Kind kind, string text)
    {
        byte[] message = Message(kind, text.Length > LongestText ? text[..LongestText] : text, []);
        for (int i = 1; i < Size; i++)
            Send((Rank + i) % Size, message);
    }

    private void ThrowIfBroken()
    {
        if (broken is not null)
            throw new CommunicatorException($"An earlier collective call has failed, and this communicator cannot be used any more: {broken.Message}", broken.Ranks);
    }

    // The kind, the number of the call, the length of the text, the text and the data.
    private byte[] Message(Kind kind, string text, byte[] data)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        byte[] message = new byte[1 + (2 * sizeof(int)) + length + data.Length];
        message[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(1), sequence);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(1 + sizeof(int)), length);
        Encoding.UTF8.GetBytes(text, message.AsSpan(1 + (2 * sizeof(int))));
        data.CopyTo(message, message.Length - data.Length);
        return message;
    }

    private (Kind Kind, string Text, byte[] Data) Read(byte[] message)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(1 + sizeof(int))), text = 1 + (2 * sizeof(int));
        Debug.Assert((Kind)message[0] > Kind.Disagreement || BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(1)) == sequence, "No rank gets ahead of a collective call.");
        return ((Kind)message[0], Encoding.UTF8.GetString(message, text, length), message[(text + length)..]);
    }
}
