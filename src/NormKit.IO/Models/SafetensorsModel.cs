using System.Text.Json;

namespace NormKit.IO;

/// <summary>Reads the headers of a .safetensors file, or of all files that an index names.</summary>
internal static class SafetensorsModel
{
    /// <summary>An index holds a line for each tensor; more than this is no index.</summary>
    private const long LongestIndex = 100_000_000;

    internal static (IReadOnlyList<ModelTensor> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path, Func<string, MappedBytes> map)
    {
        List<ModelTensor> tensors = [];
        if (!ModelFile.IsIndex(path))
            return (tensors, ReadShard(path, map, tensors));

        Dictionary<string, string> index = ReadIndex(path);
        Dictionary<string, string> metadata = [];
        Dictionary<string, string> found = [];
        foreach (string shard in index.Values.Distinct().Order(StringComparer.Ordinal))
        {
            int first = tensors.Count;
            foreach ((string key, string value) in ReadShard(Sibling(path, shard), map, tensors))
                metadata.TryAdd(key, value);
            foreach (ModelTensor tensor in tensors.Skip(first))
            {
                if (!found.TryAdd(tensor.Name, shard))
                    throw new TensorFileException($"{path}: tensor {TensorFileException.Quote(tensor.Name)} is in both {found[tensor.Name]} and {shard}; an index names each tensor once.");
            }
        }
        foreach ((string name, string shard) in index)
        {
            if (!found.TryGetValue(name, out string? where) || where != shard)
                throw new TensorFileException($"{path}: weight_map: tensor {TensorFileException.Quote(name)} is not in {TensorFileException.Quote(shard)}; the index and its files do not belong together.");
        }
        return (tensors, metadata);
    }

    /// <summary>The path of a file that another one names. It must lie in the same directory.</summary>
    internal static string Sibling(string path, string name)
    {
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().ContainsAny("/\\\0:"))
            throw new TensorFileException($"{path}: names the file {TensorFileException.Quote(name)}; a shard must lie beside its index, under a plain name.");
        return Path.Combine(Path.GetDirectoryName(path)!, name);
    }

    private static Dictionary<string, string> ReadShard(string path, Func<string, MappedBytes> map, List<ModelTensor> tensors)
    {
        SafetensorsHeader header = FilePath.Read(path, stream => SafetensorsHeader.Read(stream, path));
        MappedBytes bytes = map(path);
        foreach (SafetensorsEntry entry in header.Entries.Values)
        {
            long begin = header.DataStart + entry.Begin, length = entry.End - entry.Begin;
            if (begin + length > bytes.Length)
                throw new TensorFileException($"{path}: the file was shortened while it was read.");
            tensors.Add(new ModelTensor(entry.Name, entry.Type.Name, entry.Type.ElementType, entry.Shape, new TensorBytes(bytes, begin, length)));
        }
        return header.Metadata;
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        byte[] text = FilePath.Read(path, stream =>
        {
            if (stream.Length > LongestIndex)
                throw new TensorFileException($"{path}: has {stream.Length} bytes; an index has at most {LongestIndex}.");
            return ByteSource.Of(stream, path).ReadArray((int)stream.Length, "index");
        });
        Dictionary<string, string> index = [];
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
                throw new TensorFileException($"{path}: has no object weight_map; this is no index of .safetensors files.");
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                if (entry.Value.ValueKind != JsonValueKind.String)
                    throw new TensorFileException($"{path}: weight_map: {TensorFileException.Quote(entry.Name)} names no file.");
                if (!index.TryAdd(entry.Name, entry.Value.GetString()!))
                    throw new TensorFileException($"{path}: weight_map: {TensorFileException.Quote(entry.Name)} occurs twice.");
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new TensorFileException($"{path}: is not valid JSON: {error.Message}", error);
        }
        return index;
    }
}
