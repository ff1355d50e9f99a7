namespace NormKit.IO.Onnx;

/// <summary>Walks the fields of protocol buffers in a mapped file of any size, without reading what it steps over.</summary>
/// <remarks>Source: protobuf.dev/programming-guides/encoding.</remarks>
internal sealed class WireReader(MappedBytes file)
{
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
