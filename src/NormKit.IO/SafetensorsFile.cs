using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace NormKit.IO;

/// <summary>Reads and writes .safetensors files: named tensors of one memory layout behind a JSON header, as on Hugging Face.</summary>
/// <remarks>The header is validated whole before anything else is read: lengths, shapes and offsets must agree, and the tensors must
/// cover the data section without hole or overlap. Reads F16, BF16, F32, F64, I8 to I64, U8 to U64 and BOOL, and widens F8_E4M3, F8_E5M2 and
/// their FNUZ forms to float32; of the other types (F4, C64, ...) the file's other tensors can be read.
/// Source: huggingface/safetensors at 24b0b28, README and safetensors/src/tensor.rs.</remarks>
public static class SafetensorsFile
{
    private const int Alignment = 8;

    /// <summary>Returns the names of the tensors, in the order of the header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="TensorFileException">The file is missing or damaged.</exception>
    public static IReadOnlyList<string> Names(string path) => FilePath.Read(path, stream => Names(stream, path));

    /// <summary>Returns the names of the tensors of a file that a stream holds, in the order of the header.</summary>
    /// <param name="stream">A stream that can seek; the file reaches from its position to its end.</param>
    /// <param name="source">What error messages call it.</param>
    /// <exception cref="TensorFileException">The content is damaged, or the stream cannot seek.</exception>
    public static IReadOnlyList<string> Names(Stream stream, string source) => Header(stream, source).Entries.Keys.ToList();

    /// <summary>Returns the strings that the file carries beside its tensors; none if it has none.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="TensorFileException">The file is missing or damaged.</exception>
    public static IReadOnlyDictionary<string, string> Metadata(string path) => FilePath.Read(path, stream => Metadata(stream, path));

    /// <summary>Returns the strings that a file in a stream carries beside its tensors; none if it has none.</summary>
    /// <inheritdoc cref="Names(Stream, string)"/>
    public static IReadOnlyDictionary<string, string> Metadata(Stream stream, string source) => Header(stream, source).Metadata;

    /// <summary>Reads one tensor.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="TensorFileException">The file is missing or damaged, has no such tensor, or one of an unsupported type.</exception>
    public static StoredTensor Read(string path, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return FilePath.Read(path, stream => Read(stream, path, name));
    }

    /// <summary>Reads one tensor of a file that a stream holds.</summary>
    /// <param name="stream">A stream that can seek; the file reaches from its position to its end.</param>
    /// <param name="source">What error messages call it.</param>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="TensorFileException">The content is damaged, has no such tensor, or one of an unsupported type, or the stream cannot seek.</exception>
    public static StoredTensor Read(Stream stream, string source, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        SafetensorsHeader header = Header(stream, source);
        return header.Entries.TryGetValue(name, out SafetensorsEntry? entry)
            ? ReadEntry(stream, source, header, entry)
            : throw TensorNames.Unknown(source, name, header.Entries.Keys);
    }

    /// <summary>Reads all tensors.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="TensorFileException">The file is missing or damaged, or one of its tensors is of an unsupported type.</exception>
    public static IReadOnlyDictionary<string, StoredTensor> ReadAll(string path) => FilePath.Read(path, stream => ReadAll(stream, path));

    /// <summary>Reads all tensors of a file that a stream holds.</summary>
    /// <param name="stream">A stream that can seek; the file reaches from its position to its end.</param>
    /// <param name="source">What error messages call it.</param>
    /// <exception cref="TensorFileException">The content is damaged, one of its tensors is of an unsupported type, or the stream cannot seek.</exception>
    public static IReadOnlyDictionary<string, StoredTensor> ReadAll(Stream stream, string source)
    {
        SafetensorsHeader header = Header(stream, source);
        return header.Entries.ToDictionary(entry => entry.Key, entry => ReadEntry(stream, source, header, entry.Value));
    }

    /// <summary>The names of all tensors, and those of them that are wanted, read in one go.</summary>
    internal static (IReadOnlyCollection<string> Names, IReadOnlyDictionary<string, StoredTensor> Tensors) ReadThose(
        string path, Func<IReadOnlyCollection<string>, IReadOnlySet<string>> choose) => FilePath.Read(path, stream =>
        {
            SafetensorsHeader header = SafetensorsHeader.Read(stream, path);
            IReadOnlySet<string> wanted = choose(header.Entries.Keys);
            Dictionary<string, StoredTensor> tensors = header.Entries
                .Where(entry => wanted.Contains(entry.Key))
                .ToDictionary(entry => entry.Key, entry => ReadEntry(stream, path, header, entry.Value));
            return ((IReadOnlyCollection<string>)header.Entries.Keys, (IReadOnlyDictionary<string, StoredTensor>)tensors);
        });

    /// <summary>Writes tensors, widest element type first and then by name, as the reference implementation orders them.</summary>
    /// <param name="path">Replaced whole, or left as it was if writing fails.</param>
    /// <param name="tensors">Names and tensors, of any element type.</param>
    /// <param name="metadata">Strings to carry along.</param>
    /// <exception cref="TensorFileException">The file cannot be written, or its header would exceed 100 000 000 bytes.</exception>
    /// <exception cref="ArgumentException">A name occurs twice, is no valid Unicode text, or is "__metadata__".</exception>
    public static void Write(
        string path,
        IEnumerable<KeyValuePair<string, StoredTensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        FilePath.Replace(path, stream => WriteTensors(stream, path, tensors, metadata));
    }

    /// <summary>Writes to a stream what <see cref="Write(string, IEnumerable{KeyValuePair{string, StoredTensor}}, IReadOnlyDictionary{string, string})"/> writes to a file.</summary>
    /// <param name="stream">Written from its position on and left open.</param>
    /// <param name="tensors">Names and tensors, of any element type.</param>
    /// <param name="metadata">Strings to carry along; null for none.</param>
    /// <exception cref="TensorFileException">The header would exceed 100 000 000 bytes; nothing has been written.</exception>
    /// <exception cref="ArgumentException">A name occurs twice, is no valid Unicode text, or is "__metadata__"; nothing has been written.</exception>
    public static void Write(Stream stream, IEnumerable<KeyValuePair<string, StoredTensor>> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        WriteTensors(stream, "stream", tensors, metadata);
    }

    private static SafetensorsHeader Header(Stream stream, string source)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(source);
        return SafetensorsHeader.Read(stream, source);
    }

    private static void WriteTensors(
        Stream stream, string name, IEnumerable<KeyValuePair<string, StoredTensor>> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        List<KeyValuePair<string, StoredTensor>> ordered = Order(tensors);
        WriteHeader(
            stream, name,
            [.. ordered.Select(named => (named.Key, SafetensorsType.All[SafetensorsType.IndexOf(named.Value.ElementType)], named.Value.Shape.ToArray(), (long)named.Value.Bytes.Length))],
            metadata);
        foreach ((_, StoredTensor tensor) in ordered)
            stream.Write(tensor.Bytes);
    }

    /// <summary>Writes what stands before the data of tensors that follow in this order.</summary>
    internal static void WriteHeader(
        Stream stream, string name, IReadOnlyList<(string Name, SafetensorsType Type, nint[] Shape, long Length)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        ReadOnlySpan<byte> header = FormatHeader(tensors, metadata);
        if (header.Length > SafetensorsHeader.MaxLength)
            throw new TensorFileException($"{name}: the header has {header.Length} bytes, the format allows {SafetensorsHeader.MaxLength}.");

        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
    }

    private static StoredTensor ReadEntry(Stream stream, string path, SafetensorsHeader header, SafetensorsEntry entry)
    {
        Float8Format? float8 = entry.Type.Float8;
        ElementType type = float8 is null ? entry.Supported(path) : ElementType.Float32;
        long length = (entry.End - entry.Begin) * (float8 is null ? 1 : sizeof(float));
        if (length > Array.MaxLength)
        {
            throw entry.Error(path, $"shape {TensorShape.Text(entry.Shape)} of {entry.Type.Name}: {length} bytes, "
                + $"larger than an array can be here ({Array.MaxLength})");
        }

        stream.Position = header.FileStart + header.DataStart + entry.Begin;
        byte[] bytes = ByteSource.Of(stream, path).ReadArray((int)(entry.End - entry.Begin), "data");
        return new StoredTensor(type, entry.Shape, float8 is null ? bytes : float8.Widen(bytes));
    }

    // Decreasing alignment keeps each tensor aligned to its element without padding, which the format does not allow.
    private static List<KeyValuePair<string, StoredTensor>> Order(IEnumerable<KeyValuePair<string, StoredTensor>> tensors)
    {
        HashSet<string> names = [SafetensorsHeader.MetadataKey];
        List<KeyValuePair<string, StoredTensor>> ordered = [];
        foreach (KeyValuePair<string, StoredTensor> named in tensors)
        {
            TensorNames.RequireNew(names, named.Key, named.Value);
            ordered.Add(named);
        }

        return
        [
            .. ordered
                .OrderByDescending(named => SafetensorsType.IndexOf(named.Value.ElementType))
                .ThenBy(named => named.Key, StringComparer.Ordinal),
        ];
    }

    private static ReadOnlySpan<byte> FormatHeader(
        IReadOnlyList<(string Name, SafetensorsType Type, nint[] Shape, long Length)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            long offset = 0;
            foreach ((string name, SafetensorsType type, nint[] shape, long bytes) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", type.Name);
                json.WriteStartArray("shape");
                foreach (nint length in shape)
                    json.WriteNumberValue(length);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset += bytes;
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (buffer.WrittenCount % Alignment != 0)
            buffer.Write(" "u8);
        return buffer.WrittenSpan;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is null)
            return;

        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (value is null || !TensorNames.IsUnicode(key) || !TensorNames.IsUnicode(value))
            {
                throw new ArgumentException(
                    $"The metadata {TensorFileException.Quote(key)} is null or no valid Unicode text.", nameof(metadata));
            }

            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }
}
