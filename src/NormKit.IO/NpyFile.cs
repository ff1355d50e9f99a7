using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace NormKit.IO;

/// <summary>Reads and writes .npy files: one array each, NumPy's own format.</summary>
/// <remarks>Reads versions 1.0, 2.0 and 3.0, both byte orders, both memory orders, and the element types float16 to float64,
/// int8 to int64, uint8 to uint64 and bool. A file is refused when anything in it is not as the format says, bytes after the data
/// included. Source: numpy/lib/format.py and NEP 1.</remarks>
public static class NpyFile
{
    /// <summary>Reads the array of a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="TensorFileException">The file is missing, damaged, or holds an element type that is not supported.</exception>
    public static StoredTensor Read(string path) => FilePath.Read(path, stream => Read(stream, path));

    /// <summary>Reads the array that a stream holds from its position to its end.</summary>
    /// <param name="stream">Need not seek; what it declares is then believed only as far as its bytes arrive.</param>
    /// <param name="source">What error messages call it.</param>
    /// <exception cref="TensorFileException">The content is damaged, or holds an element type that is not supported.</exception>
    public static StoredTensor Read(Stream stream, string source)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(source);
        return Read(ByteSource.Of(stream, source));
    }

    /// <summary>Writes a file, version 1.0, little-endian, in C order, exactly as NumPy does.</summary>
    /// <param name="path">Replaced whole, or left as it was if writing fails.</param>
    /// <param name="tensor">Of any element type but bfloat16, which the format does not have.</param>
    /// <exception cref="TensorFileException">The file cannot be written, or the tensor is bfloat16.</exception>
    public static void Write(string path, StoredTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        FilePath.Replace(path, stream => WriteArray(stream, tensor, path));
    }

    /// <summary>Writes to a stream what <see cref="Write(string, StoredTensor)"/> writes to a file.</summary>
    /// <param name="stream">Written from its position on and left open.</param>
    /// <param name="tensor">Of any element type but bfloat16, which the format does not have.</param>
    /// <exception cref="TensorFileException">The tensor is bfloat16; nothing has been written.</exception>
    public static void Write(Stream stream, StoredTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensor);
        WriteArray(stream, tensor, "stream");
    }

    internal static void WriteArray(Stream stream, StoredTensor tensor, string name)
    {
        if (tensor.ElementType == ElementType.BFloat16)
            throw new TensorFileException($"{name}: the .npy format has no bfloat16; write .safetensors, or store as float32.");

        stream.Write(NpyHeader.Format(tensor.ElementType, tensor.Shape));
        stream.Write(tensor.Bytes);
    }

    internal static StoredTensor Read(ByteSource source)
    {
        NpyHeader header = NpyHeader.Read(source);
        int elementSize = header.ElementType.SizeInBytes();
        BigInteger length = TensorShape.Count(header.Shape) * elementSize;
        if (length > Array.MaxLength)
        {
            throw new TensorFileException($"{source.Name}: header, shape {TensorShape.Text(header.Shape)} of {header.ElementType}: "
                + $"{length} bytes, larger than an array can be here ({Array.MaxLength}).");
        }

        byte[] bytes = source.ReadArray((int)length, "data");
        source.RequireEnd("data");
        if (header.BigEndian)
            ReverseByteOrder(bytes, elementSize);
        if (header.FortranOrder)
            bytes = FortranOrder.ToC(bytes, header.Shape, elementSize);
        return new StoredTensor(header.ElementType, header.Shape, bytes);
    }

    internal static void ReverseByteOrder(Span<byte> bytes, int elementSize)
    {
        switch (elementSize)
        {
            case 2:
                Span<ushort> two = MemoryMarshal.Cast<byte, ushort>(bytes);
                BinaryPrimitives.ReverseEndianness(two, two);
                break;
            case 4:
                Span<uint> four = MemoryMarshal.Cast<byte, uint>(bytes);
                BinaryPrimitives.ReverseEndianness(four, four);
                break;
            case 8:
                Span<ulong> eight = MemoryMarshal.Cast<byte, ulong>(bytes);
                BinaryPrimitives.ReverseEndianness(eight, eight);
                break;
        }
    }
}
