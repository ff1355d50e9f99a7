using System.Numerics;

namespace NormKit.IO;

/// <summary>Reads a stream from where it stands and never allocates more than has really arrived or provably will.</summary>
/// <param name="stream">Read forward only.</param>
/// <param name="name">The file's name in error messages.</param>
/// <param name="length">The number of bytes to the end where that is known for certain, not merely declared; otherwise null.</param>
/// <param name="checksummed">Whether to keep <see cref="Crc32"/> up to date.</param>
internal sealed class ByteSource(Stream stream, string name, long? length, bool checksummed = false)
{
    private const int FirstBlock = 1 << 20;

    internal string Name => name;

    /// <summary>The number of bytes read so far.</summary>
    internal long Position { get; private set; }

    /// <summary>The checksum of all bytes read so far.</summary>
    internal uint Crc32 { get; private set; }

    /// <summary>The most bytes that may be read: how far a compressed entry may expand.</summary>
    internal long Most { get; init; } = long.MaxValue;

    internal static ByteSource Of(Stream stream, string name) =>
        new(stream, name, stream.CanSeek ? Math.Max(0, stream.Length - stream.Position) : null);

    /// <summary>Fills the buffer; the field's name says in the error what the file ended in.</summary>
    internal void Fill(Span<byte> buffer, string field)
    {
        int read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (read < buffer.Length)
            throw Truncated(field, buffer.Length, read);
        Position += read;
        if (checksummed)
            Crc32 = IO.Crc32.Append(Crc32, buffer);
    }

    /// <summary>Reads a field whose length the file declares.</summary>
    internal byte[] ReadArray(int count, string field)
    {
        if (length is long total)
        {
            if (count > total - Position)
                throw Truncated(field, count, total - Position);
            byte[] exact = GC.AllocateUninitializedArray<byte>(count);
            Fill(exact, field);
            return exact;
        }

        if (count > Most - Position)
        {
            throw new TensorFileException($"{name}: {field} of {count} bytes, but the compressed entry may expand to {Most} (NpzLimits). "
                + "If you trust the file, read it with higher limits, or save it without compression.");
        }

        // The declaration is all we have: allocate as the bytes arrive, at most twice their number.
        byte[] bytes = GC.AllocateUninitializedArray<byte>(Math.Min(count, FirstBlock));
        Fill(bytes, field);
        while (bytes.Length < count)
        {
            int filled = bytes.Length;
            Array.Resize(ref bytes, (int)Math.Min(count, 2L * filled));
            Fill(bytes.AsSpan(filled), field);
        }

        return bytes;
    }

    /// <summary>Refuses whatever follows the last field.</summary>
    internal void RequireEnd(string field)
    {
        if (length is long total && total > Position)
            throw Unexpected($"{total - Position}", field);
        if (length is null && stream.ReadByte() >= 0)
            throw Unexpected("more", field);
    }

    /// <summary>Refuses a field, still to be read, that is not all that is left of a file.</summary>
    internal void RequireRest(BigInteger count, string field)
    {
        long found = length!.Value - Position;
        if (count > found)
            throw Truncated(field, count, found);
        if (count < found)
            throw new TensorFileException($"{name}: {found - count} bytes after the {field}, which ends at byte {Position + count}; the file is damaged.");
    }

    private TensorFileException Unexpected(string number, string field) =>
        new($"{name}: {number} bytes after the {field}, which ends at byte {Position}; the file is damaged.");

    private TensorFileException Truncated(string field, BigInteger needed, long found) => new(
        $"{name}: {field} at byte {Position} needs {needed} bytes but only {found} follow; the file is truncated or damaged.");
}
