using System.Text;
using System.Text.Unicode;

namespace NormKit.IO.Onnx;

/// <summary>Walks and decodes the fields of protocol buffers in a mapped file of any size, without reading what it steps over.</summary>
/// <remarks>Source: protobuf.dev/programming-guides/encoding.</remarks>
internal sealed class WireReader(MappedBytes file)
{
    /// <summary>The longest text that is read, in bytes.</summary>
    internal const long LongestText = 1 << 20;

    private readonly byte[] window = new byte[4096];
    private long windowStart;
    private int windowLength;

    internal MappedBytes File => file;

    /// <summary>Reads the field at a position and moves past it.</summary>
    /// <param name="position">Where the field begins.</param>
    /// <param name="end">Where the message that holds it ends.</param>
    /// <param name="field">The field.</param>
    /// <returns>False at the end of the message.</returns>
    /// <exception cref="TensorFileException">What is there is no field, or reaches beyond the message.</exception>
    internal bool Next(ref long position, long end, out WireField field)
    {
        field = default;
        if (position >= end)
            return false;
        long start = position;
        ulong tag = Varint(ref position, end);
        int number = (int)Math.Min(tag >> 3, int.MaxValue);
        WireType wire = (WireType)(tag & 7);
        if (number is 0 or > 0x1FFFFFFF)
            throw Error(start, $"field number {tag >> 3} is not allowed");
        switch (wire)
        {
            case WireType.Varint:
                field = new(number, wire, start, position, 0, Varint(ref position, end));
                return true;
            case WireType.Fixed64 or WireType.Fixed32:
                int size = wire == WireType.Fixed64 ? sizeof(ulong) : sizeof(uint);
                if (end - position < size)
                    throw Error(start, $"field {number} ends behind its message, at byte {end}");
                field = new(number, wire, start, position, size, size == sizeof(ulong) ? file.UInt64(position, "number") : file.UInt32(position, "number"));
                position += size;
                return true;
            case WireType.Bytes:
                long lengthStart = position;
                ulong length = Varint(ref position, end);
                if (length > (ulong)(end - position))
                    throw Error(lengthStart, $"field {number} has {length} bytes, but its message has {end - position} left");
                field = new(number, wire, start, position, (long)length, 0);
                position += (long)length;
                return true;
            default:
                throw Error(start, $"wire type {(int)wire} is not used by ONNX");
        }
    }

    internal ulong Varint(ref long position, long end)
    {
        ulong value = 0;
        long start = position;
        for (int shift = 0; shift < 70; shift += 7)
        {
            if (position >= end)
                throw Error(start, "a number ends behind its message");
            byte next = ByteAt(position++);
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw Error(start, "a number has more than ten bytes");
    }

    /// <summary>A message of a key and a value, as a map has them; an overlong value is empty.</summary>
    internal (string Key, string Value) Pair(WireField field, string name)
    {
        Require(field, WireType.Bytes, name);
        string key = "", value = "";
        for (long position = field.Start; Next(ref position, field.End, out WireField inner);)
        {
            if (inner.Number == 1)
                key = Text(inner, name);
            else if (inner.Number == 2)
                value = inner.Length <= LongestText ? Text(inner, name) : "";
        }
        return (key, value);
    }

    /// <summary>Repeated integers: packed, or one of them.</summary>
    internal void Integers(WireField field, List<long> to)
    {
        if (field.Wire == WireType.Varint)
        {
            to.Add((long)field.Value);
            return;
        }
        Require(field, WireType.Bytes, "integers");
        for (long position = field.Start; position < field.End;)
            to.Add((long)Varint(ref position, field.End));
    }

    /// <summary>Repeated floats: packed, or one of them.</summary>
    internal void Floats(WireField field, List<float> to)
    {
        if (field.Wire == WireType.Fixed32)
        {
            to.Add(Single(field));
            return;
        }
        Require(field, WireType.Bytes, "floats");
        if (field.Length % sizeof(float) != 0)
            throw Error(field.Start, "floats that are no multiple of four bytes");
        for (long position = field.Start; position < field.End; position += sizeof(float))
            to.Add(BitConverter.UInt32BitsToSingle(file.UInt32(position, "float")));
    }

    internal float Single(WireField field)
    {
        Require(field, WireType.Fixed32, "float");
        return BitConverter.UInt32BitsToSingle((uint)field.Value);
    }

    internal long Integer(WireField field, string name)
    {
        Require(field, WireType.Varint, name);
        return (long)field.Value;
    }

    /// <summary>Text in UTF-8.</summary>
    internal string Text(WireField field, string name)
    {
        Require(field, WireType.Bytes, name);
        if (field.Length > LongestText)
            throw Error(field.TagStart, $"the {name} has {field.Length} bytes");
        Span<byte> bytes = new byte[(int)field.Length];
        file.Read(field.Start, bytes, name);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Error(field.Start, $"the {name} is not valid UTF-8");
    }

    /// <summary>A text attribute may hold any bytes.</summary>
    internal string Latin(WireField field)
    {
        Span<byte> bytes = new byte[(int)field.Length];
        file.Read(field.Start, bytes, "attribute");
        return Encoding.Latin1.GetString(bytes);
    }

    /// <summary>Refuses a field that is encoded in another way than its number says.</summary>
    internal void Require(WireField field, WireType wire, string name)
    {
        if (field.Wire != wire)
            throw Error(field.TagStart, $"the {name} is written as {field.Wire}, not as {wire}");
    }

    internal TensorFileException Error(long position, string rule) => new($"{file.Path}: byte {position}: {rule}; the file is damaged, or is no ONNX model.");

    private byte ByteAt(long position)
    {
        if (position < windowStart || position >= windowStart + windowLength)
        {
            windowStart = position;
            windowLength = (int)Math.Min(window.Length, file.Length - position);
            file.Read(position, window.AsSpan(0, Math.Max(0, windowLength)), "number");
        }
        return window[position - windowStart];
    }
}
