using System.Globalization;
using System.Numerics;
using System.Text;

namespace NormKit.IO;

/// <summary>Reads the header of a .gguf file: metadata, then a line for each tensor. Versions 2 and 3, little-endian; a split model is read whole.</summary>
/// <remarks>Source: docs/gguf.md of ggml.</remarks>
internal sealed class GgufModel
{
    private const uint Magic = 0x46554747;
    private const int MaxRank = 4;
    private const long LongestText = 65536;
    private const uint BooleanKind = 7, TextKind = 8, ArrayKind = 9;

    // By the number of a value's type: unsigned and signed 8, 16 and 32 bits, float, boolean, text, array, 64 bits, double.
    private static readonly int[] Sizes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

    private readonly MappedBytes file;
    private readonly Dictionary<string, string> metadata = [];
    private long position;

    private GgufModel(MappedBytes file) => this.file = file;

    internal static (IReadOnlyList<ModelTensor> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path, Func<string, MappedBytes> map)
    {
        GgufModel first = new(map(path));
        List<ModelTensor> tensors = first.Read();
        if (SplitNames(path, first.metadata) is not string[] names)
            return (tensors, first.metadata);

        // Of a split model the first file holds the metadata.
        tensors.Clear();
        Dictionary<string, string> metadata = [];
        HashSet<string> known = [];
        foreach (string name in names)
        {
            GgufModel part = name == path ? first : new(map(name));
            foreach (ModelTensor tensor in name == path ? new GgufModel(first.file).Read() : part.Read())
            {
                if (!known.Add(tensor.Name))
                    throw new TensorFileException($"{name}: tensor {TensorFileException.Quote(tensor.Name)} is in another part of the split model too.");
                tensors.Add(tensor);
            }
            foreach ((string key, string value) in part.metadata)
                metadata.TryAdd(key, value);
        }
        return (tensors, metadata);
    }

    /// <summary>The paths of all parts: model-00001-of-00003.gguf and so on; null for a model of one file.</summary>
    private static string[]? SplitNames(string path, Dictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue("split.count", out string? text) || !int.TryParse(text, CultureInfo.InvariantCulture, out int count) || count < 2)
            return null;
        string ending = string.Create(CultureInfo.InvariantCulture, $"-of-{count:D5}.gguf"), name = Path.GetFileName(path);
        int start = name.Length - ending.Length - 6;
        if (start < 0 || !name.EndsWith(ending, StringComparison.OrdinalIgnoreCase) || name[start] != '-')
            throw new TensorFileException($"{path}: is one of {count} parts of a split model, but is not named NAME-00001{ending}; give it its name back.");
        return [.. Enumerable.Range(1, count).Select(part => Path.Combine(Path.GetDirectoryName(path)!, string.Create(CultureInfo.InvariantCulture, $"{name[..start]}-{part:D5}{ending}")))];
    }

    private List<ModelTensor> Read()
    {
        uint magic = file.UInt32(0, "magic"), version = file.UInt32(4, "version");
        if (magic != Magic)
            throw Error("byte 0: the file does not begin with 'GGUF'; this is no .gguf file");
        if ((version & 0xFFFF) == 0)
            throw Error($"byte 4: version {BinaryReverse(version)} in big-endian order; convert the file to little-endian with gguf-py's gguf_convert_endian");
        if (version is not (2 or 3))
            throw Error($"byte 4: version {version}; versions 2 and 3 are read. Convert the model anew");
        ulong tensors = file.UInt64(8, "number of tensors"), values = file.UInt64(16, "number of metadata values");
        position = 24;

        // A value takes 13 bytes at least, a tensor 24: what a count claims must be in the file.
        Require(values, 13, "metadata values");
        for (ulong i = 0; i < values; i++)
            ReadValue();
        Require(tensors, 24, "tensors");
        return ReadTensors(tensors);
    }

    private void ReadValue()
    {
        string key = Text("key of the metadata");
        uint kind = UInt32("type of a metadata value");
        string? value;
        if (kind == ArrayKind)
        {
            SkipArray(key);
            value = null;
        }
        else if (kind == TextKind)
        {
            value = TextOrNull($"metadata {TensorFileException.Quote(key)}");
        }
        else
        {
            value = Number(key, kind);
        }
        if (value is not null && !metadata.TryAdd(key, value))
            throw Error($"metadata {TensorFileException.Quote(key)} occurs twice");
    }

    private void SkipArray(string key)
    {
        uint kind = UInt32("type of a metadata array");
        ulong count = UInt64("length of a metadata array");
        if (kind == ArrayKind || kind >= Sizes.Length)
            throw Error($"metadata {TensorFileException.Quote(key)}: arrays of type {kind} are not in the format");
        if (kind == TextKind)
        {
            Require(count, sizeof(ulong), $"texts in metadata {TensorFileException.Quote(key)}");
            for (ulong i = 0; i < count; i++)
            {
                ulong length = UInt64("length of a text");
                Require(length, 1, $"bytes of a text in metadata {TensorFileException.Quote(key)}");
                position += (long)length;
            }
            return;
        }
        Require(count, Sizes[kind], $"values in metadata {TensorFileException.Quote(key)}");
        position += (long)count * Sizes[kind];
    }

    private string Number(string key, uint kind)
    {
        if (kind >= Sizes.Length)
            throw Error($"metadata {TensorFileException.Quote(key)}: type {kind} is not in the format");
        Span<byte> bytes = stackalloc byte[8];
        bytes = bytes[..Sizes[kind]];
        file.Read(position, bytes, $"metadata {TensorFileException.Quote(key)}");
        position += bytes.Length;
        IFormattable value = kind switch
        {
            0 => (IFormattable)bytes[0],
            1 => (sbyte)bytes[0],
            2 => BitConverter.ToUInt16(bytes),
            3 => BitConverter.ToInt16(bytes),
            4 => BitConverter.ToUInt32(bytes),
            5 => BitConverter.ToInt32(bytes),
            6 => BitConverter.ToSingle(bytes),
            10 => BitConverter.ToUInt64(bytes),
            11 => BitConverter.ToInt64(bytes),
            12 => BitConverter.ToDouble(bytes),
            BooleanKind => bytes[0],
            _ => 0,
        };
        return kind == BooleanKind ? bytes[0] == 0 ? "false" : "true" : value.ToString(null, CultureInfo.InvariantCulture);
    }

    private List<ModelTensor> ReadTensors(ulong count)
    {
        List<(string Name, nint[] Shape, GgufType Type, ulong Offset)> lines = [];
        HashSet<string> names = [];
        for (ulong i = 0; i < count; i++)
        {
            string name = Text("name of a tensor");
            if (!names.Add(name))
                throw Error($"tensor {TensorFileException.Quote(name)} occurs twice");
            uint rank = UInt32("number of dimensions");
            if (rank > MaxRank)
                throw Error($"tensor {TensorFileException.Quote(name)} has {rank} dimensions; the format allows {MaxRank}");
            nint[] shape = new nint[rank];
            for (int d = (int)rank - 1; d >= 0; d--)
            {
                ulong length = UInt64("length of a dimension");
                if (length > long.MaxValue)
                    throw Error($"tensor {TensorFileException.Quote(name)} has a dimension of {length}");
                shape[d] = (nint)length;
            }
            lines.Add((name, shape, GgufType.Of(UInt32("type of a tensor")), UInt64("offset of a tensor")));
        }

        long alignment = Alignment();
        BigInteger start = (position + alignment - 1) / alignment * alignment;
        List<ModelTensor> tensors = [];
        BigInteger end = 0;
        string before = "";
        foreach ((string name, nint[] shape, GgufType type, ulong offset) in lines.OrderBy(line => line.Offset))
        {
            BigInteger elements = TensorShape.Count(shape), bytes = elements / type.Block * type.Bytes;
            if (shape.Length > 0 && shape[^1] % type.Block != 0)
                throw Error($"tensor {TensorFileException.Quote(name)}: rows of {shape[^1]} elements do not split into blocks of {type.Block}, which {type.Name} has");
            if (offset < end)
                throw Error($"tensor {TensorFileException.Quote(name)} at offset {offset} overlaps {TensorFileException.Quote(before)}, which ends at {end}");
            if (start + offset + bytes > file.Length)
                throw Error($"tensor {TensorFileException.Quote(name)}, {TensorShape.Text(shape)} of {type.Name}, needs {bytes} bytes from byte {start + offset} on, but the file has {file.Length}; it is truncated or damaged");
            (end, before) = (offset + bytes, name);
            tensors.Add(new ModelTensor(name, type.Name, type.ElementType, shape, new TensorBytes(file, (long)(start + offset), (long)bytes)));
        }

        // As the file lists them.
        Dictionary<string, int> order = lines.Select((line, index) => (line.Name, index)).ToDictionary();
        tensors.Sort((a, b) => order[a.Name].CompareTo(order[b.Name]));
        return tensors;
    }

    private long Alignment()
    {
        if (!metadata.TryGetValue("general.alignment", out string? text))
            return 32;
        return long.TryParse(text, CultureInfo.InvariantCulture, out long alignment) && alignment is > 0 and <= int.MaxValue && BitOperations.IsPow2(alignment)
            ? alignment
            : throw Error($"general.alignment is {TensorFileException.Quote(text)}; it must be a power of two");
    }

    private static uint BinaryReverse(uint value) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value);

    private uint UInt32(string field)
    {
        uint value = file.UInt32(position, field);
        position += sizeof(uint);
        return value;
    }

    private ulong UInt64(string field)
    {
        ulong value = file.UInt64(position, field);
        position += sizeof(ulong);
        return value;
    }

    private string Text(string field) => TextOrNull(field) ?? throw Error($"the {field} before byte {position} is longer than {LongestText} bytes");

    /// <summary>A text; null, and skipped, if it is a long one, a chat template say.</summary>
    private string? TextOrNull(string field)
    {
        ulong length = UInt64(field);
        Require(length, 1, $"bytes of the {field}");
        long start = position;
        position += (long)length;
        if (length > LongestText)
            return null;
        Span<byte> bytes = new byte[(int)length];
        file.Read(start, bytes, field);
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Error($"the {field} at byte {start} is not valid UTF-8");
    }

    private void Require(ulong count, int size, string what)
    {
        if (count > (ulong)((file.Length - position) / size))
            throw Error($"{count} {what} from byte {position} on cannot fit into the {file.Length - position} bytes that follow; the file is truncated or damaged");
    }

    private TensorFileException Error(string rule) => new($"{file.Path}: {rule}.");
}
