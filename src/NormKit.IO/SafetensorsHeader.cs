using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace NormKit.IO;

/// <summary>The JSON header of a .safetensors file, wholly validated against the length of the file.</summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The longest header in bytes that the format allows.</summary>
    internal const int MaxLength = 100_000_000;

    internal const string MetadataKey = "__metadata__";

    private readonly string file;
    private bool hasMetadata;

    private SafetensorsHeader(string file) => this.file = file;

    internal OrderedDictionary<string, SafetensorsEntry> Entries { get; } = [];

    internal Dictionary<string, string> Metadata { get; } = [];

    /// <summary>Where the data section begins in the file.</summary>
    internal long DataStart { get; private set; }

    /// <summary>Where the file begins in its stream.</summary>
    internal long FileStart { get; private set; }

    internal static SafetensorsHeader Read(Stream stream, string file)
    {
        if (!stream.CanSeek)
        {
            throw new TensorFileException(stream is FileStream
                ? $"{file}: is a pipe or device; a .safetensors file must be a regular file."
                : $"{file}: the stream cannot seek, which reading .safetensors needs; copy it into a MemoryStream first.");
        }

        long start = stream.Position;
        ByteSource source = ByteSource.Of(stream, file);
        long fileLength = stream.Length - start;
        Span<byte> lengthField = stackalloc byte[sizeof(ulong)];
        source.Fill(lengthField, "header length");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(lengthField);
        if (length > MaxLength)
            throw new TensorFileException($"{file}: byte 0: header length {length} exceeds {MaxLength}; this is no .safetensors file.");

        byte[] text = source.ReadArray((int)length, "header");
        if (text.Length == 0 || text[0] != '{')
            throw new TensorFileException($"{file}: byte 8: the header does not begin with '{{'; this is no .safetensors file.");
        if (!Utf8.IsValid(text))
            throw new TensorFileException($"{file}: the header is not valid UTF-8.");

        SafetensorsHeader header = new(file) { DataStart = source.Position, FileStart = start };
        header.Parse(text);
        SafetensorsEntry.Validate([.. header.Entries.Values], fileLength - header.DataStart, file);
        return header;
    }

    private void Parse(ReadOnlySpan<byte> text)
    {
        Utf8JsonReader json = new(text);
        try
        {
            json.Read();
            while (NextKey(ref json) is string name)
            {
                if (name == MetadataKey)
                    ReadMetadata(ref json);
                else if (!Entries.TryAdd(name, ReadEntry(ref json, name)))
                    throw Error(name, "the name occurs twice");
            }

            json.Read(); // throws on anything but white space
        }
        catch (JsonException error)
        {
            throw new TensorFileException(
                $"{file}: header: not valid JSON near byte {DataStart - text.Length + json.BytesConsumed}: {error.Message}", error);
        }
        catch (InvalidOperationException error) // from GetString: an escape such as \ud800 that is half a character
        {
            throw new TensorFileException(
                $"{file}: header: a string near byte {DataStart - text.Length + json.BytesConsumed} is no valid Unicode text.", error);
        }
    }

    private void ReadMetadata(ref Utf8JsonReader json)
    {
        if (hasMetadata)
            throw Error(MetadataKey, "the key occurs twice");
        hasMetadata = true;
        Require(ref json, JsonTokenType.StartObject, MetadataKey, "an object of strings");
        while (NextKey(ref json) is string key)
        {
            Require(ref json, JsonTokenType.String, MetadataKey, $"a string for {TensorFileException.Quote(key)}");
            if (!Metadata.TryAdd(key, json.GetString()!))
                throw Error(MetadataKey, $"the key {TensorFileException.Quote(key)} occurs twice");
        }
    }

    private SafetensorsEntry ReadEntry(ref Utf8JsonReader json, string name)
    {
        Require(ref json, JsonTokenType.StartObject, name, "an object with dtype, shape and data_offsets");
        SafetensorsType? type = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (NextKey(ref json) is string field)
        {
            bool isNew = field switch
            {
                "dtype" => type is null,
                "shape" => shape is null,
                "data_offsets" => offsets is null,
                _ => throw Error(name, $"the field {TensorFileException.Quote(field)} is unknown"),
            };
            if (!isNew)
                throw Error(name, $"the field {field} occurs twice");
            switch (field)
            {
                case "dtype": type = ReadType(ref json, name); break;
                case "shape": shape = ReadNumbers(ref json, name, field, TensorShape.MaxRank); break;
                default: offsets = ReadNumbers(ref json, name, field, 2); break;
            }
        }

        if (type is null || shape is null || offsets is null)
            throw Error(name, $"the field {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")} is missing");
        if (offsets.Count != 2 || offsets[0] > offsets[1])
            throw Error(name, $"data_offsets [{string.Join(", ", offsets)}] are not a begin and an end after it");
        return new SafetensorsEntry(name, type, [.. shape.Select(length => (nint)length)], offsets[0], offsets[1]);
    }

    private SafetensorsType ReadType(ref Utf8JsonReader json, string name)
    {
        Require(ref json, JsonTokenType.String, name, "a string for dtype");
        string type = json.GetString()!;
        return Array.Find(SafetensorsType.All, known => known.Name == type)
            ?? throw Error(name, $"dtype {TensorFileException.Quote(type)} is not one of the format");
    }

    private List<long> ReadNumbers(ref Utf8JsonReader json, string name, string field, int most)
    {
        Require(ref json, JsonTokenType.StartArray, name, $"an array for {field}");
        List<long> numbers = [];
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetUInt64(out ulong number) || number > (ulong)nint.MaxValue)
                throw Error(name, $"{field} has an element that is not an integer from 0 to {nint.MaxValue}");
            if (numbers.Count == most)
                throw Error(name, $"{field} has more than {most} elements");
            numbers.Add((long)number);
        }

        return numbers;
    }

    // The reader has checked the grammar: inside an object comes a key or the end.
    private static string? NextKey(ref Utf8JsonReader json) =>
        json.Read() && json.TokenType == JsonTokenType.PropertyName ? json.GetString() : null;

    private void Require(ref Utf8JsonReader json, JsonTokenType expected, string name, string what)
    {
        json.Read();
        if (json.TokenType != expected)
            throw Error(name, $"expected {what}");
    }

    private TensorFileException Error(string name, string rule) =>
        new($"{file}: header, tensor {TensorFileException.Quote(name)}: {rule}.");
}
