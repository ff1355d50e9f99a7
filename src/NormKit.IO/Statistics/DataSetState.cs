using System.Buffers.Binary;

namespace NormKit.IO;

/// <summary>The bytes of statistics of a data set; docs/stats.md has the table.</summary>
internal static class DataSetState
{
    private const byte Version = 1;
    private const int VersionAt = 4, KindAt = 5, LengthAt = 8, HeaderLength = 16, SizeLength = 4, ChecksumLength = 4;

    // An index has 72 bytes at least.
    private const int ShortestEntry = SizeLength + 72;

    private static ReadOnlySpan<byte> Magic => "NKST"u8;

    internal static byte[] Format(DataSetStatistics statistics)
    {
        using MemoryStream bytes = new();
        Span<byte> header = stackalloc byte[HeaderLength];
        header.Clear();
        Magic.CopyTo(header);
        header[VersionAt] = Version;
        header[KindAt] = statistics.IsIndexed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64LittleEndian(header[LengthAt..], statistics.Moments.Length);
        bytes.Write(header);
        Span<byte> size = stackalloc byte[SizeLength];
        for (int i = 0; i < statistics.Moments.Length; i++)
        {
            byte[] entry = statistics.Moments[i].ToArray();
            BinaryPrimitives.WriteInt32LittleEndian(size, entry.Length);
            bytes.Write(size);
            bytes.Write(entry);
        }
        Span<byte> checksum = stackalloc byte[ChecksumLength];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Crc32.Append(0, bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
        bytes.Write(checksum);
        return bytes.ToArray();
    }

    internal static DataSetStatistics Parse(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Magic))
            throw Broken("it does not begin with \"NKST\"");
        if (bytes.Length < HeaderLength + ShortestEntry + ChecksumLength)
            throw Broken($"it has {bytes.Length} bytes, fewer than the shortest state; it is truncated");
        if (bytes[VersionAt] != Version)
            throw Broken($"it has version {bytes[VersionAt]}, and this version of NormKit reads {Version}");
        if (Crc32.Append(0, bytes[..^ChecksumLength]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^ChecksumLength..]))
            throw Broken("its checksum is wrong; it is truncated or damaged");
        if (bytes[KindAt] > 1 || bytes[(KindAt + 1)..LengthAt].ContainsAnyExcept((byte)0))
            throw Broken("reserved bytes are not 0");
        long length = BinaryPrimitives.ReadInt64LittleEndian(bytes[LengthAt..]);
        ReadOnlySpan<byte> rest = bytes[HeaderLength..^ChecksumLength];
        if (length < 1 || length > rest.Length / ShortestEntry || (bytes[KindAt] == 0 && length != 1))
            throw Broken($"it claims {length} indices in {rest.Length} bytes");
        ExactMoments[] moments = new ExactMoments[length];
        for (int i = 0; i < moments.Length; i++)
            moments[i] = ParseEntry(ref rest, i);
        return rest.IsEmpty ? new(new DimensionMoments(moments), bytes[KindAt] == 1) : throw Broken($"{rest.Length} bytes follow the last index");
    }

    /// <summary>Reads a file of states, which may be a pipe.</summary>
    internal static byte[] ReadAll(Stream stream, string name)
    {
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.Length > 0 ? bytes.ToArray() : throw new TensorFileException($"{name}: is empty; a state begins with \"NKST\".");
    }

    private static ExactMoments ParseEntry(ref ReadOnlySpan<byte> rest, int index)
    {
        int size = rest.Length < SizeLength ? -1 : BinaryPrimitives.ReadInt32LittleEndian(rest);
        if (size < 0 || size > rest.Length - SizeLength)
            throw Broken($"index {index} claims {size} bytes of {rest.Length}");
        ReadOnlySpan<byte> entry = rest.Slice(SizeLength, size);
        rest = rest[(SizeLength + size)..];
        try
        {
            return ExactMoments.FromArray(entry);
        }
        catch (FormatException error)
        {
            throw Broken($"index {index}: {error.Message.TrimEnd('.')}");
        }
    }

    private static FormatException Broken(string reason) => new($"this is no state of normkit stats: {reason}.");
}
