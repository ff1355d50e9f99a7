using System.IO.Compression;
using System.Text;

namespace NormKit.IO.Tests;

/// <summary>One entry of a hand-made archive: what it holds and what the archive says about it.</summary>
internal sealed record ZipEntry(string Name, byte[] Content, uint Crc, uint Length, ushort Method)
{
    public ushort Flags { get; init; }

    public uint? DeclaredCompressed { get; init; }

    public uint? DeclaredLength { get; init; }

    public byte[] Extra { get; init; } = [];

    /// <summary>Whether it has no bytes of its own but points to those of the entry before.</summary>
    public bool SharesBytes { get; init; }

    public byte[] NameBytes => Encoding.UTF8.GetBytes(Name);

    public static ZipEntry Stored(string name, byte[] content) => new(name, content, BitwiseCrc(content), (uint)content.Length, Method: 0);

    public static ZipEntry Deflated(string name, byte[] content)
    {
        MemoryStream packed = new();
        using (DeflateStream deflate = new(packed, CompressionLevel.Fastest, leaveOpen: true))
            deflate.Write(content);
        return new(name, packed.ToArray(), BitwiseCrc(content), (uint)content.Length, Method: 8);
    }

    // The definition, one bit at a time: shares nothing with the tables under test.
    public static uint BitwiseCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
        }

        return ~crc;
    }
}
