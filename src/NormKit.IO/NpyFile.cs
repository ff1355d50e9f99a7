using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace NormKit.IO;

/// <summary>Reads and writes .npy files: one array each, NumPy's own format.</summary>
/// <remarks>Reads versions 1.0, 2.0 and 3.0, both byte orders, both memory orders, and the element types float16 to float64,
/// int8 to int64, uint8 to uint64 and bool; V2 on request. A file is refused when anything in it is not as the format says, bytes after the data
/// included. Source: numpy/lib/format.py and NEP 1.</remarks>
public static class NpyFile
{
    /// <summary>Reads the array of a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="TensorFileException">The file is missing, damaged, or holds an element type that is not supported.</exception>
    public static StoredTensor Read(string path) => FilePath.Read(path, stream => Read(stream, path));

    /// <summary>Reads the array of a file whose elements may be of the type V2: two bytes without a meaning, as which NumPy saves bfloat16.</summary>
    /// <param name="path">The file.</param>
    /// <param name="v2As">What these elements are: a type of two bytes. Elements of other types stay what they are.</param>
    /// <exception cref="TensorFileException">The file is missing, damaged, or holds an element type that is not supported.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="v2As"/> has not two bytes.</exception>
    public static StoredTensor Read(string path, ElementType v2As)
    {
        RequireTwoBytes(v2As);
        return FilePath.Read(path, stream => Read(ByteSource.Of(stream, path), v2As));
    }

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

    internal static void RequireTwoBytes(ElementType v2As)
    {
        if (v2As.SizeInBytes() != 2)
            throw new ArgumentOutOfRangeException(nameof(v2As), v2As, "elements of the type V2 have two bytes.");
    }

    internal static StoredTensor Read(ByteSource source, ElementType? v2As = null)
    {
        NpyHeader header = NpyHeader.Read(source, v2As);
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
