namespace NormKit.IO.Onnx;

/// <summary>How a field of a protocol buffer is encoded.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>A field of a protocol buffer.</summary>
/// <param name="Number">The field's number.</param>
/// <param name="Wire">Its encoding.</param>
/// <param name="TagStart">Where the field begins, with its number.</param>
/// <param name="Start">Where its content begins.</param>
/// <param name="Length">The length of its content; 0 for a varint.</param>
/// <param name="Value">The number, of all encodings but <see cref="WireType.Bytes"/>.</param>
internal readonly record struct WireField(int Number, WireType Wire, long TagStart, long Start, long Length, ulong Value)
{
    /// <summary>Where a field of bytes ends.</summary>
    internal long End => Start + Length;
}
