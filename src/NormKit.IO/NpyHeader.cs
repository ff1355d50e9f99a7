using System.Buffers.Binary;
using System.Text;

namespace NormKit.IO;

/// <summary>What stands before the data of a .npy file, or of one array in a .npz file.</summary>
/// <remarks>Source: numpy/lib/format.py, "Format Version 1.0" to "3.0".</remarks>
internal sealed record NpyHeader(ElementType ElementType, bool BigEndian, bool FortranOrder, nint[] Shape)
{
    /// <summary>The longest header text, in bytes, as in NumPy: a valid one has a few hundred.</summary>
    internal const int MaxLength = 10_000;

    private const int Alignment = 64;

    // NumPy leaves room for the first dimension to grow to any 64-bit number in place.
    private const int RoomForFirstDimension = 21;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    internal static NpyHeader Read(ByteSource source, ElementType? v2As = null)
    {
        Span<byte> start = stackalloc byte[8];
        source.Fill(start, "magic and version");
        if (!start.StartsWith(Magic))
            throw new TensorFileException($"{source.Name}: byte 0: the magic bytes 93 'NUMPY' are missing; this is no .npy file.");

        (byte major, byte minor) = (start[6], start[7]);
        if (minor != 0 || major is < 1 or > 3)
            throw new TensorFileException($"{source.Name}: byte 6: version {major}.{minor} is unknown; known are 1.0, 2.0 and 3.0.");

        Span<byte> lengthField = stackalloc byte[major == 1 ? 2 : 4];
        source.Fill(lengthField, "header length");
        uint length = major == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(lengthField)
            : BinaryPrimitives.ReadUInt32LittleEndian(lengthField);
        if (length > MaxLength)
            throw new TensorFileException($"{source.Name}: byte 8: header length {length} exceeds {MaxLength} bytes.");

        int offset = (int)source.Position;
        byte[] text = source.ReadArray((int)length, "header");
        return NpyHeaderParser.Parse(text, offset, source.Name, v2As);
    }

    /// <summary>The header as NumPy writes it, byte for byte.</summary>
    internal static byte[] Format(ElementType type, ReadOnlySpan<nint> shape, bool fortranOrder = false)
    {
        string lengths = string.Join(", ", shape.ToArray());
        string tuple = shape.Length == 1 ? $"({lengths},)" : $"({lengths})";
        string text = $"{{'descr': '{Descr(type)}', 'fortran_order': {fortranOrder}, 'shape': {tuple}, }}";
        if (shape.Length > 0)
            text += new string(' ', RoomForFirstDimension - $"{shape[0]}".Length);

        // At most 64 dimensions of 19 digits: a header always fits version 1.0, whose length field has 16 bits.
        int before = Magic.Length + 4;
        int length = ((before + text.Length + 1) / Alignment * Alignment) + Alignment - before; // NumPy pads by 64 where 0 would do
        byte[] header = new byte[before + length];
        Magic.CopyTo(header);
        header[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)length);
        Encoding.ASCII.GetBytes(text.PadRight(length - 1) + '\n', header.AsSpan(before));
        return header;
    }

    private static string Descr(ElementType type) => type switch
    {
        ElementType.Float16 => "<f2",
        ElementType.Float32 => "<f4",
        ElementType.Float64 => "<f8",
        ElementType.Int8 => "|i1",
        ElementType.Int16 => "<i2",
        ElementType.Int32 => "<i4",
        ElementType.Int64 => "<i8",
        ElementType.UInt8 => "|u1",
        ElementType.UInt16 => "<u2",
        ElementType.UInt32 => "<u4",
        ElementType.UInt64 => "<u8",
        ElementType.Boolean => "|b1",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "has no .npy name"),
    };
}
