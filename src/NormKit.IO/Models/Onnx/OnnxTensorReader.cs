using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace NormKit.IO.Onnx;

/// <summary>Finds where the elements of a constant of an ONNX model lie: in the model, in another file, or decoded from numbers of several bytes each.</summary>
/// <param name="reader">Reads the model.</param>
/// <param name="map">Opens a file beside the model.</param>
internal sealed class OnnxTensorReader(WireReader reader, Func<string, MappedBytes> map)
{
    /// <summary>Reads the tensor that a field holds.</summary>
    internal OnnxInitializer Read(WireField field)
    {
        reader.Require(field, WireType.Bytes, "tensor");
        string name = "";
        int type = 0;
        List<nint> shape = [];
        List<(long, long)> typed = [], raw = [];
        List<WireField> varints = [];
        Dictionary<string, string> external = [];
        bool isExternal = false;
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            switch (inner.Number)
            {
                case 1: ReadDimensions(inner, shape); break;
                case 2: type = (int)Math.Clamp(reader.Integer(inner, "data_type"), -1, int.MaxValue); break;
                case 4 or 10: typed.Add((inner.Start, inner.Length)); break;
                case 5 or 7 or 11: varints.Add(inner); break;
                case 8: name = reader.Text(inner, "name"); break;
                case 9:
                    reader.Require(inner, WireType.Bytes, "raw_data");
                    raw.Add((inner.Start, inner.Length));
                    break;
                case 13:
                    (string key, string value) = reader.Pair(inner, "external_data");
                    external[key] = value;
                    break;
                case 14: isExternal = reader.Integer(inner, "data_location") == 1; break;
            }
        }

        nint[] dimensions = [.. shape];
        BigInteger bits = TensorShape.Count(dimensions) * OnnxTypes.Bits(type);
        TensorBytes bytes = isExternal ? External(field, name, external, bits)
            : raw.Count > 0 ? new TensorBytes(reader.File, raw[^1].Item1, raw[^1].Item2)
            : typed.Count > 0 || varints.Count == 0 ? new TensorBytes(reader.File, typed)
            : Decoded(varints, type, bits, field, name);
        if (bits > 0 && (bits + 7) / 8 != bytes.Length)
        {
            throw reader.Error(field.TagStart, $"tensor {TensorFileException.Quote(name)}, {TensorShape.Text(dimensions)} of {OnnxTypes.Name(type)}, needs "
                + $"{(bits + 7) / 8} bytes but has {bytes.Length}");
        }
        return new OnnxInitializer(new ModelTensor(name, OnnxTypes.Name(type), OnnxTypes.Element(type), dimensions, bytes), type, isExternal, field.TagStart, field.End);
    }

    /// <summary>int32_data and int64_data hold a number of up to ten bytes for each element; they are decoded when somebody asks.</summary>
    private TensorBytes Decoded(List<WireField> fields, int type, BigInteger bits, WireField tensor, string name)
    {
        long count = 0;
        foreach (WireField field in fields)
        {
            if (field.Wire == WireType.Varint)
            {
                count++;
                continue;
            }
            reader.Require(field, WireType.Bytes, "data");
            for (long position = field.Start; position < field.End; count++)
                reader.Varint(ref position, field.End);
        }
        int size = OnnxTypes.Bits(type) / 8;
        if (count * size > Array.MaxLength)
            throw reader.Error(tensor.TagStart, $"tensor {TensorFileException.Quote(name)} has {count} elements outside raw_data");
        return new TensorBytes(reader.File.Path, size == 0 ? (long)((bits + 7) / 8) : count * size, () =>
        {
            byte[] bytes = new byte[count * Math.Max(1, size)];
            Span<byte> eight = stackalloc byte[8];
            int at = 0;
            foreach (WireField field in fields)
            {
                long position = field.Start, end = field.Wire == WireType.Varint ? field.Start + 10 : field.End;
                while (position < end)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(eight, field.Wire == WireType.Varint ? field.Value : reader.Varint(ref position, end));
                    eight[..size].CopyTo(bytes.AsSpan(at));
                    at += size;
                    if (field.Wire == WireType.Varint)
                        break;
                }
            }
            return bytes;
        });
    }

    private TensorBytes External(WireField field, string name, Dictionary<string, string> external, BigInteger bits)
    {
        string Value(string key) => external.GetValueOrDefault(key, "0");
        if (!external.TryGetValue("location", out string? location))
            throw reader.Error(field.TagStart, $"tensor {TensorFileException.Quote(name)} is in another file, but no location says in which");
        if (!long.TryParse(Value("offset"), NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            || !long.TryParse(Value("length"), NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            throw reader.Error(field.TagStart, $"tensor {TensorFileException.Quote(name)}: offset or length of its external data is no number");
        MappedBytes file = map(ExternalPath(location, name));
        if (offset > file.Length)
            throw new TensorFileException($"{file.Path}: tensor {TensorFileException.Quote(name)} begins at byte {offset}, but the file has {file.Length}; it is truncated, or belongs to another model.");
        if (!external.ContainsKey("length"))
            length = bits > 0 ? (long)BigInteger.Min((bits + 7) / 8, long.MaxValue) : file.Length - offset;
        if (length > file.Length - offset)
            throw new TensorFileException($"{file.Path}: tensor {TensorFileException.Quote(name)} needs {length} bytes from byte {offset} on, but the file has {file.Length}; it is truncated, or belongs to another model.");
        return new TensorBytes(file, offset, length);
    }

    /// <summary>A model must not reach files outside its directory.</summary>
    private string ExternalPath(string location, string name)
    {
        string[] parts = location.Split('/', '\\');
        if (location.Length == 0 || location.Contains('\0') || Path.IsPathRooted(location) || parts.Contains("..") || location.Contains(':'))
            throw new TensorFileException($"{reader.File.Path}: tensor {TensorFileException.Quote(name)} is in {TensorFileException.Quote(location)}; external data must lie in the model's directory.");
        return Path.Combine([Path.GetDirectoryName(reader.File.Path)!, .. parts]);
    }

    private void ReadDimensions(WireField field, List<nint> shape)
    {
        List<long> lengths = [];
        reader.Integers(field, lengths);
        foreach (long length in lengths)
        {
            if (length < 0)
                throw reader.Error(field.TagStart, $"a tensor has a dimension of {length}");
            shape.Add((nint)length);
        }
        if (shape.Count > TensorShape.MaxRank)
            throw reader.Error(field.TagStart, $"a tensor has more than {TensorShape.MaxRank} dimensions");
    }
}
