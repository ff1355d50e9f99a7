using System.IO.Compression;

namespace NormKit.IO;

/// <summary>Reads and writes .npz files: zip archives of .npy entries, NumPy's format for several named arrays.</summary>
/// <remarks>Names are those of <c>numpy.load(path).files</c>: without the ".npy" of the entry. Entries that do not end so hold no arrays
/// and are passed over. Nothing is ever extracted to the file system, so a name may contain anything. Sizes that the archive declares
/// are not trusted, checksums are verified, and two entries of one name are refused.</remarks>
public static class NpzFile
{
    private const string Suffix = ".npy";

    // NumPy's date for every entry, so that equal tensors make equal files.
    private static readonly DateTimeOffset EntryDate = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Returns the names of the arrays, in the order of the archive.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="TensorFileException">The file is missing or damaged.</exception>
    public static IReadOnlyList<string> Names(string path) => FilePath.Read(path, stream => Names(stream, path));

    /// <summary>Returns the names of the arrays of an archive that a stream holds, in its order.</summary>
    /// <param name="stream">A stream that can seek; the archive is all of it.</param>
    /// <param name="source">What error messages call it.</param>
    /// <exception cref="TensorFileException">The content is damaged, or the stream cannot seek.</exception>
    public static IReadOnlyList<string> Names(Stream stream, string source) => ReadArchive(stream, source, arrays => arrays.Keys.ToList());

    /// <summary>Reads one array.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The array's name, without ".npy".</param>
    /// <exception cref="TensorFileException">The file is missing or damaged, has no such array, one of an unsupported type, or one that expands
    /// beyond the limits that <see cref="NpzLimits"/> has unless told.</exception>
    public static StoredTensor Read(string path, string name) => Read(path, name, new NpzLimits());

    /// <summary>Reads one array, within limits of your own.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The array's name, without ".npy".</param>
    /// <param name="limits">How far compressed arrays may expand.</param>
    /// <exception cref="TensorFileException">The file is missing or damaged, has no such array, one of an unsupported type, or one that expands
    /// beyond the limits.</exception>
    public static StoredTensor Read(string path, string name, NpzLimits limits)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(limits);
        return FilePath.Read(path, stream => Read(stream, path, name, limits));
    }

    /// <summary>Reads one array of an archive that a stream holds.</summary>
    /// <param name="stream">A stream that can seek; the archive is all of it.</param>
    /// <param name="source">What error messages call it.</param>
    /// <param name="name">The array's name, without ".npy".</param>
    /// <param name="limits">How far compressed arrays may expand.</param>
    /// <exception cref="TensorFileException">The content is damaged, has no such array, one of an unsupported type, or one that expands beyond the
    /// limits, or the stream cannot seek.</exception>
    public static StoredTensor Read(Stream stream, string source, string name, NpzLimits limits)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(limits);
        return ReadOne(stream, source, name, limits, v2As: null);
    }

    internal static StoredTensor ReadWithV2As(string path, string name, ElementType? v2As) =>
        FilePath.Read(path, stream => ReadOne(stream, path, name, new NpzLimits(), v2As));

    private static StoredTensor ReadOne(Stream stream, string source, string name, NpzLimits limits, ElementType? v2As)
    {
        long free = limits.FreeBytes;
        return ReadArchive(stream, source, arrays => arrays.TryGetValue(name, out ZipArchiveEntry? entry)
            ? ReadEntry(source, name, entry, limits, ref free, v2As)
            : throw TensorNames.Unknown(source, name, arrays.Keys));
    }

    /// <summary>Reads all arrays.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="TensorFileException">The file is missing or damaged, or one of its arrays is of an unsupported type, or they expand beyond
    /// the limits that <see cref="NpzLimits"/> has unless told.</exception>
    public static IReadOnlyDictionary<string, StoredTensor> ReadAll(string path) => ReadAll(path, new NpzLimits());

    /// <summary>Reads all arrays, within limits of your own.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">How far compressed arrays may expand.</param>
    /// <exception cref="TensorFileException">The file is missing or damaged, or one of its arrays is of an unsupported type, or they expand beyond
    /// the limits.</exception>
    public static IReadOnlyDictionary<string, StoredTensor> ReadAll(string path, NpzLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        return FilePath.Read(path, stream => ReadAll(stream, path, limits));
    }

    /// <summary>Reads all arrays of an archive that a stream holds.</summary>
    /// <param name="stream">A stream that can seek; the archive is all of it.</param>
    /// <param name="source">What error messages call it.</param>
    /// <param name="limits">How far compressed arrays may expand.</param>
    /// <exception cref="TensorFileException">The content is damaged, one of its arrays is of an unsupported type, they expand beyond the limits, or
    /// the stream cannot seek.</exception>
    public static IReadOnlyDictionary<string, StoredTensor> ReadAll(Stream stream, string source, NpzLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        long free = limits.FreeBytes;
        return ReadArchive(
            stream, source, arrays => arrays.ToDictionary(array => array.Key, array => ReadEntry(source, array.Key, array.Value, limits, ref free)));
    }

    /// <summary>Writes arrays in the order given.</summary>
    /// <param name="path">Replaced whole, or left as it was if writing fails.</param>
    /// <param name="tensors">Names, without ".npy", and tensors of any element type but bfloat16, which the format does not have.</param>
    /// <param name="compress">Whether to deflate the entries, as <c>numpy.savez_compressed</c> does.</param>
    /// <exception cref="TensorFileException">The file cannot be written, or a tensor is bfloat16.</exception>
    /// <exception cref="ArgumentException">A name occurs twice or is no valid Unicode text.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, StoredTensor>> tensors, bool compress = false)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        FilePath.Replace(path, stream => WriteArchive(stream, path, tensors, compress));
    }

    /// <summary>Writes to a stream what <see cref="Write(string, IEnumerable{KeyValuePair{string, StoredTensor}}, bool)"/> writes to a file.</summary>
    /// <param name="stream">Written from its position on and left open; it need not seek.</param>
    /// <param name="tensors">Names, without ".npy", and tensors of any element type but bfloat16, which the format does not have.</param>
    /// <param name="compress">Whether to deflate the entries.</param>
    /// <exception cref="TensorFileException">A tensor is bfloat16; the archive is then not whole.</exception>
    /// <exception cref="ArgumentException">A name occurs twice or is no valid Unicode text; the archive is then not whole.</exception>
    public static void Write(Stream stream, IEnumerable<KeyValuePair<string, StoredTensor>> tensors, bool compress)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        WriteArchive(stream, "stream", tensors, compress);
    }

    private static void WriteArchive(Stream stream, string path, IEnumerable<KeyValuePair<string, StoredTensor>> tensors, bool compress)
    {
        using ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        CompressionLevel level = compress ? CompressionLevel.Optimal : CompressionLevel.NoCompression;
        HashSet<string> written = [];
        foreach ((string name, StoredTensor tensor) in tensors)
        {
            TensorNames.RequireNew(written, name, tensor);
            ZipArchiveEntry entry = archive.CreateEntry(name + Suffix, level);
            entry.LastWriteTime = EntryDate;
            using Stream content = entry.Open();
            NpyFile.WriteArray(content, tensor, $"{path}:{name}");
        }
    }

    private static TResult ReadArchive<TResult>(Stream stream, string source, Func<OrderedDictionary<string, ZipArchiveEntry>, TResult> read)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(source);

        try
        {
            using ZipArchive archive = Open(stream, source);
            return read(Arrays(source, archive, stream.Length));
        }
        catch (InvalidDataException error)
        {
            throw new TensorFileException($"{source}: zip archive: {error.Message}", error);
        }
    }

    /// <exception cref="InvalidDataException">The stream holds no archive.</exception>
    internal static ZipArchive Open(Stream stream, string source)
    {
        // From a pipe ZipArchive would first copy everything into memory.
        if (!stream.CanSeek)
        {
            throw new TensorFileException(stream is FileStream
                ? $"{source}: is a pipe or device; a .npz file is read from its end and must be a regular file."
                : $"{source}: the stream cannot seek, and a .npz file is read from its end; copy it into a MemoryStream first.");
        }

        return new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
    }

    internal static OrderedDictionary<string, ZipArchiveEntry> Arrays(string path, ZipArchive archive, long fileLength)
    {
        OrderedDictionary<string, ZipArchiveEntry> arrays = [];
        long room = fileLength;
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            // Entries that share their bytes are how a small archive becomes a large bomb (Fifield 2019, "A better zip bomb").
            if (entry.CompressedLength < 0 || (room -= entry.CompressedLength) < 0)
                throw new TensorFileException($"{path}: zip directory: its entries claim more bytes than the file has; it is damaged.");
            if (!entry.FullName.EndsWith(Suffix, StringComparison.Ordinal))
                continue;
            if (!arrays.TryAdd(entry.FullName[..^Suffix.Length], entry))
                throw new TensorFileException($"{path}: zip directory: entry {TensorFileException.Quote(entry.FullName)} occurs twice.");
        }

        return arrays;
    }

    private static StoredTensor ReadEntry(string path, string name, ZipArchiveEntry entry, NpzLimits limits, ref long free, ElementType? v2As = null)
    {
        double paid = limits.MaxRatio * entry.CompressedLength;
        using Stream content = OpenEntry($"{path}:{name}", entry);
        ByteSource source = new(content, $"{path}:{name}", length: null, checksummed: true) { Most = (long)Math.Min(long.MaxValue, paid + free) };
        StoredTensor tensor = NpyFile.Read(source, v2As);
        free -= (long)Math.Max(0, source.Position - paid);
        RequireChecksum(source, entry);
        return tensor;
    }

    internal static Stream OpenEntry(string location, ZipArchiveEntry entry) => entry.IsEncrypted
        ? throw new TensorFileException($"{location}: zip entry: it is encrypted; decrypt the archive first.")
        : entry.Open();

    /// <summary>Copies an entry, whatever it holds.</summary>
    internal static void CopyEntry(string location, ZipArchiveEntry entry, Stream to)
    {
        try
        {
            using Stream from = OpenEntry(location, entry);
            ByteSource source = new(from, location, length: null, checksummed: true);
            byte[] block = new byte[1 << 16];
            for (long left = entry.Length; left > 0; left -= block.Length)
            {
                Span<byte> part = block.AsSpan(0, (int)Math.Min(left, block.Length));
                source.Fill(part, "content");
                to.Write(part);
            }
            source.RequireEnd("content");
            RequireChecksum(source, entry);
        }
        catch (InvalidDataException error)
        {
            throw new TensorFileException($"{location}: zip archive: {error.Message}", error);
        }
    }

    /// <summary>Compares the checksum of what was read with the one that the archive declares.</summary>
    internal static void RequireChecksum(ByteSource source, ZipArchiveEntry entry)
    {
        if (source.Crc32 != entry.Crc32)
            throw new TensorFileException($"{source.Name}: zip entry: checksum {source.Crc32:x8} is not the declared {entry.Crc32:x8}; the file is damaged.");
    }
}
