using System.Globalization;
using System.Text;

namespace NormKit;

/// <summary>Which ranks made which call, where they disagree: as every rank knows it at the end of that call.</summary>
internal sealed class Calls
{
    private readonly SortedDictionary<string, SortedSet<int>> ranks = new(StringComparer.Ordinal);

    public void Add(string call, IEnumerable<int> callers)
    {
        if (!ranks.TryGetValue(call, out SortedSet<int>? known))
            ranks[call] = known = [];
        known.UnionWith(callers);
    }

    public byte[] Write()
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream, Encoding.UTF8);
        foreach ((string call, SortedSet<int> callers) in ranks)
        {
            writer.Write(call);
            writer.Write(callers.Count);
            foreach (int rank in callers)
                writer.Write(rank);
        }
        return stream.ToArray();
    }

    public void Merge(byte[] bytes)
    {
        using MemoryStream stream = new(bytes);
        using BinaryReader reader = new(stream, Encoding.UTF8);
        while (stream.Position < stream.Length)
        {
            string call = reader.ReadString();
            int[] callers = new int[reader.ReadInt32()];
            for (int i = 0; i < callers.Length; i++)
                callers[i] = reader.ReadInt32();
            Add(call, callers);
        }
    }

    /// <summary>The same exception on each rank: it blames the fewer ones, or, of two equally many, those that begin with the higher rank.</summary>
    public CommunicatorException ToException()
    {
        List<KeyValuePair<string, SortedSet<int>>> byCount = [.. ranks.OrderByDescending(pair => pair.Value.Count).ThenBy(pair => pair.Value.Min)];
        StringBuilder text = new("The ranks do not make the same call.");
        foreach ((string call, SortedSet<int> callers) in byCount.Take(8))
            text.Append(CultureInfo.InvariantCulture, $" {RankText.Of([.. callers])}: {call}.");
        if (byCount.Count > 8)
            text.Append(CultureInfo.InvariantCulture, $" And {byCount.Count - 8} more calls.");
        return new(text.ToString(), [.. byCount.Skip(1).SelectMany(pair => pair.Value).Order()]);
    }
}
