namespace NormKit.IO;

/// <summary>The bytes of a tensor: a part of a mapped file, several parts, or bytes that were decoded.</summary>
internal sealed class TensorBytes
{
    private readonly MappedBytes? file;
    private readonly IReadOnlyList<(long Offset, long Length)> parts = [];
    private readonly Func<byte[]>? decode;
    private byte[]? decoded;

    internal TensorBytes(MappedBytes file, long offset, long length)
        : this(file, [(offset, length)])
    {
    }

    internal TensorBytes(MappedBytes file, IReadOnlyList<(long Offset, long Length)> parts)
    {
        (this.file, this.parts, Path) = (file, parts, file.Path);
        Length = parts.Sum(part => part.Length);
    }

    internal TensorBytes(string path, long length, Func<byte[]> decode) => (Path, Length, this.decode) = (path, length, decode);

    internal string Path { get; }

    internal long Length { get; }

    internal (MappedBytes File, long Offset, long Length)? Place => file is not null && parts.Count == 1 ? (file, parts[0].Offset, parts[0].Length) : null;

    internal void Read(long offset, Span<byte> to)
    {
        if (file is null)
        {
            decoded ??= decode!();
            decoded.AsSpan((int)offset, to.Length).CopyTo(to);
            return;
        }
        foreach ((long start, long length) in parts)
        {
            if (to.IsEmpty)
                return;
            if (offset < length)
            {
                int count = (int)Math.Min(to.Length, length - offset);
                file.Read(start + offset, to[..count], "data");
                to = to[count..];
                offset = 0;
            }
            else
            {
                offset -= length;
            }
        }
        if (!to.IsEmpty)
            throw new TensorFileException($"{Path}: a tensor ends {to.Length} bytes early; the file is damaged.");
    }
}
