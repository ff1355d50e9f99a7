using System.Numerics;

namespace NormKit.IO;

/// <summary>One load of one or more layers: finds their tensors, checks all, then writes all.</summary>
internal sealed class StateLoad<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // A file decides how many keys it has; the layer decides how many can be missing or wrong.
    private const int MostUnexpectedShown = 200;

    private readonly string source;
    private readonly List<(string Path, IStateful<T> Layer)> layers = [];
    private readonly List<string> missing = [], faults = [];
    private readonly List<(IStateful<T> Layer, nint Length)> lazies = [];
    private readonly List<(IStateful<T> Layer, string Key, T[] Elements)> values = [];
    private readonly List<(StateEntry<T> Counter, long Count)> counts = [];

    public StateLoad(string source, IReadOnlyList<(string Prefix, IStateful<T> Layer)> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        HashSet<IStateful<T>> known = new(ReferenceEqualityComparer.Instance);
        this.source = source;
        foreach ((string prefix, IStateful<T> layer) in layers)
        {
            ArgumentNullException.ThrowIfNull(layer);
            if (!known.Add(layer))
                throw new ArgumentException($"LayerState: the layer with prefix {TensorFileException.Quote(prefix)} is there twice.", nameof(layers));
            this.layers.Add((StateValue.Path(prefix), layer));
        }
    }

    /// <summary>Every key that a tensor of these layers may have, in a file of these keys.</summary>
    public IReadOnlySet<string> Wanted(IReadOnlyCollection<string> keys)
    {
        Locate(keys);
        return layers.SelectMany(named => named.Layer.State.SelectMany(entry => Keys(named.Path, entry))).ToHashSet(StringComparer.Ordinal);
    }

    /// <param name="keys">All keys of the source.</param>
    /// <param name="tensors">At least those that are wanted.</param>
    /// <param name="strict">Whether a missing or unexpected key is an error.</param>
    public LoadResult Run(IReadOnlyCollection<string> keys, IReadOnlyDictionary<string, StoredTensor> tensors, bool strict)
    {
        Locate(keys);
        HashSet<string> taken = new(StringComparer.Ordinal);
        foreach ((string path, IStateful<T> layer) in layers)
            Check(path, layer, tensors, taken);
        List<string> unexpected =
            [.. keys.Where(key => !taken.Contains(key) && layers.Exists(named => key.StartsWith(named.Path, StringComparison.Ordinal)))];
        if (faults.Count > 0 || (strict && missing.Count + unexpected.Count > 0))
            throw new TensorFileException(Message(unexpected, strict) + Hint(keys, taken));

        foreach ((IStateful<T> layer, nint length) in lazies)
            layer.Materialize(length);
        foreach ((IStateful<T> layer, string key, T[] elements) in values)
            StateValue.Write(layer.State.First(entry => entry.Key == key), elements);
        foreach ((StateEntry<T> counter, long count) in counts)
            counter.Count = count;
        return new(missing, unexpected);
    }

    /// <summary>Replaces the layers' paths by those that the file has for them, with or without the parts that wrappers put in.</summary>
    private void Locate(IReadOnlyCollection<string> keys)
    {
        StatePaths paths = new(keys);
        for (int i = 0; i < layers.Count; i++)
            layers[i] = (paths.Find(layers[i].Path, Keys(layers[i].Layer)), layers[i].Layer);
    }

    /// <summary>The way out where a layer has no key in the source, if there is one.</summary>
    private string Hint(IReadOnlyCollection<string> keys, HashSet<string> taken)
    {
        (string path, IStateful<T>? layer) = layers.Find(named => !named.Layer.State.Any(entry => Keys(named.Path, entry).Any(taken.Contains)));
        if (layer is null || layer.State.Count == 0)
            return "";
        StatePaths paths = new(keys);
        IReadOnlyList<string> likely = paths.Likely(path, Keys(layer));
        return likely.Count > 0 && !paths.Has(path)
            ? $" Nothing is named as the layer's state under the prefix {TensorFileException.Quote(path)}; there is under {StatePaths.Text(likely)}: give that prefix."
            : keys.Count == 0 ? " The source holds no tensors."
            : $" The source holds {paths.Text(path)}: rename them to the layer's keys, {string.Join(", ", layer.State.Select(entry => entry.Key))}.";
    }

    private static string[] Keys(IStateful<T> layer) => [.. layer.State.SelectMany(entry => Keys("", entry))];

    private static IEnumerable<string> Keys(string path, StateEntry<T> entry) => entry.OtherKeys.Prepend(entry.Key).Select(key => path + key);

    private void Check(string path, IStateful<T> layer, IReadOnlyDictionary<string, StoredTensor> tensors, HashSet<string> taken)
    {
        nint openLength = -1;
        foreach (StateEntry<T> entry in layer.State)
        {
            if (Keys(path, entry).FirstOrDefault(tensors.ContainsKey) is not string key)
            {
                if (entry.Kind != StateKind.Counter)
                    missing.Add(path + entry.Key);
                continue;
            }

            taken.Add(key);
            string? fault = Check(layer, entry, tensors[key], ref openLength);
            if (fault is not null)
                faults.Add($"{TensorFileException.Quote(key)} {fault}");
        }

        if (openLength >= 0)
            lazies.Add((layer, openLength));
    }

    private string? Check(IStateful<T> layer, StateEntry<T> entry, StoredTensor stored, ref nint openLength)
    {
        if (entry.Kind == StateKind.Counter)
        {
            string? wrongCount = StateValue.ReadCount(stored, out long count);
            counts.Add((entry, count));
            return wrongCount;
        }

        string? wrongShape = StateValue.CheckShape(entry.Shape, stored.Shape, ref openLength);
        if (wrongShape is not null)
            return wrongShape;
        string? wrongValue = StateValue.Read(stored, out T[] elements);
        values.Add((layer, entry.Key, elements));
        return wrongValue;
    }

    private string Message(List<string> unexpected, bool strict)
    {
        List<string> parts = [];
        if (strict && missing.Count > 0)
            parts.Add($"missing: {string.Join(", ", missing.Select(TensorFileException.Quote))}");
        if (strict && unexpected.Count > 0)
        {
            string more = unexpected.Count > MostUnexpectedShown ? $" and {unexpected.Count - MostUnexpectedShown} more" : "";
            parts.Add($"unexpected: {string.Join(", ", unexpected.Take(MostUnexpectedShown).Select(TensorFileException.Quote))}{more}");
        }

        parts.AddRange(faults);
        return $"{source}: does not fit the {(layers.Count == 1 ? "layer" : "layers")}, which nothing was loaded into: {string.Join("; ", parts)}.";
    }
}
