using System.IO.Compression;
using Microsoft.Win32.SafeHandles;

namespace NormKit.IO;

/// <summary>An array of a .npy, .npz or .safetensors file, whose elements are read in pieces, in the order in which they lie.</summary>
/// <remarks>Pieces of an array that <see cref="CanSeek"/> may be read in any order and by several threads; others from the first element on.</remarks>
internal sealed class ArrayInPieces : IDisposable
{
    private readonly FileStream file;
    private readonly Stream? content;
    private readonly ByteSource? source;
    private readonly SafeFileHandle? handle;
    private readonly long start;

    private ArrayInPieces(string name, NpyHeader header, FileStream file, long start)
    {
        (Name, Header, this.file, this.start) = (name, header, file, start);
        handle = file.SafeFileHandle;
    }

    private ArrayInPieces(NpyHeader header, FileStream file, ByteSource source, ZipArchive? archive = null, ZipArchiveEntry? entry = null, Stream? content = null) =>
        (Name, Header, this.file, this.source, Archive, Entry, this.content) = (source.Name, header, file, source, archive, entry, content);

    /// <summary>What error messages call the array.</summary>
    internal string Name { get; }

    /// <summary>Type, orders and shape; those of a .safetensors tensor are little-endian and C.</summary>
    internal NpyHeader Header { get; }

    /// <summary>The .npz archive that the array is in, and its entry there.</summary>
    internal ZipArchive? Archive { get; }

    internal ZipArchiveEntry? Entry { get; }

    /// <summary>The header of the .safetensors file that the array is in, and its entry there.</summary>
    internal SafetensorsHeader? Safetensors { get; private init; }

    internal SafetensorsEntry? SafetensorsEntry { get; private init; }

    internal bool CanSeek => handle is not null;

    /// <summary>Whether the file can be opened again: a pipe cannot.</summary>
    internal bool CanReopen => file.CanSeek;

    private int ElementSize => Header.ElementType.SizeInBytes();

    /// <summary>Opens an array.</summary>
    /// <param name="location">x.npy, x.npz or x.safetensors; behind the last two may stand a colon and the array's name.</param>
    /// <param name="name">The array's name in archives where the location has none. Null: the only one.</param>
    /// <exception cref="TensorFileException">The file is missing, damaged or of an unknown kind, or has no such array.</exception>
    internal static ArrayInPieces Open(string location, string? name)
    {
        ArgumentException.ThrowIfNullOrEmpty(location);
        if (Directory.Exists(location))
            throw new TensorFileException($"{location}: is a directory; name the files in it, such as {Path.Join(location, "*.npy")}.");
        (string path, TensorFile.Format format, string? own) = TensorFile.Locate(location);
        FileStream file = FilePath.OpenRead(path);
        try
        {
            return format switch
            {
                TensorFile.Format.Npy => OpenNpy(file, path),
                TensorFile.Format.Npz => OpenNpz(file, path, own ?? name),
                _ => OpenSafetensors(file, path, own ?? name),
            };
        }
        catch (Exception error)
        {
            file.Dispose();
            if (error is InvalidDataException)
                throw Damaged(path, error);
            if (FilePath.IsOfTheFileSystem(error))
                throw FilePath.Unreadable(path, error);
            throw;
        }
    }

    /// <summary>Reads elements as they lie in the file, but little-endian.</summary>
    /// <param name="first">The first element.</param>
    /// <param name="to">As many bytes as the elements have.</param>
    /// <exception cref="TensorFileException">The file ends before, or cannot be read.</exception>
    internal void Read(long first, Span<byte> to)
    {
        try
        {
            if (handle is null)
                source!.Fill(to, "data");
            else
                ReadAt(start + (first * ElementSize), to);
        }
        catch (Exception error) when (FilePath.IsOfTheFileSystem(error))
        {
            throw FilePath.Unreadable(Name, error);
        }
        catch (InvalidDataException error)
        {
            throw Damaged(Name, error);
        }
        if (Header.BigEndian)
            NpyFile.ReverseByteOrder(to, ElementSize);
    }

    /// <summary>After the last piece: refuses bytes behind the data, and a wrong checksum.</summary>
    internal void RequireEnd()
    {
        source?.RequireEnd("data");
        if (Entry is not null)
            NpzFile.RequireChecksum(source!, Entry);
    }

    /// <summary>Copies bytes of a file that can seek.</summary>
    internal void CopyTo(Stream to, long offset, long length)
    {
        byte[] block = new byte[1 << 18];
        for (long done = 0; done < length; done += block.Length)
        {
            Span<byte> part = block.AsSpan(0, (int)Math.Min(block.Length, length - done));
            ReadAt(offset + done, part);
            to.Write(part);
        }
    }

    public void Dispose()
    {
        content?.Dispose();
        Archive?.Dispose();
        file.Dispose();
    }

    private static TensorFileException Damaged(string name, Exception error) => new($"{name}: zip archive: {error.Message}", error);

    private void ReadAt(long offset, Span<byte> to)
    {
        while (!to.IsEmpty)
        {
            int read = RandomAccess.Read(handle!, to, offset);
            if (read == 0)
                throw new TensorFileException($"{Name}: the file was shortened while it was read.");
            offset += read;
            to = to[read..];
        }
    }

    private static ArrayInPieces OpenNpy(FileStream file, string path)
    {
        ByteSource source = ByteSource.Of(file, path);
        NpyHeader header = NpyHeader.Read(source);
        if (!file.CanSeek)
            return new(header, file, source);
        source.RequireRest(TensorShape.Count(header.Shape) * header.ElementType.SizeInBytes(), "data");
        return new(path, header, file, source.Position);
    }

    private static ArrayInPieces OpenNpz(FileStream file, string path, string? name)
    {
        ZipArchive archive = NpzFile.Open(file, path);
        try
        {
            OrderedDictionary<string, ZipArchiveEntry> arrays = NpzFile.Arrays(path, archive, file.Length);
            name ??= TensorFile.OnlyName(path, [.. arrays.Keys]);
            ZipArchiveEntry entry = arrays.GetValueOrDefault(name) ?? throw TensorNames.Unknown(path, name, arrays.Keys);
            Stream content = NpzFile.OpenEntry($"{path}:{name}", entry);
            ByteSource source = new(content, $"{path}:{name}", length: null, checksummed: true);
            return new(NpyHeader.Read(source), file, source, archive, entry, content);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    private static ArrayInPieces OpenSafetensors(FileStream file, string path, string? name)
    {
        SafetensorsHeader header = SafetensorsHeader.Read(file, path);
        name ??= TensorFile.OnlyName(path, [.. header.Entries.Keys]);
        SafetensorsEntry entry = header.Entries.GetValueOrDefault(name) ?? throw TensorNames.Unknown(path, name, header.Entries.Keys);
        return new($"{path}:{name}", new(entry.Supported(path), BigEndian: false, FortranOrder: false, entry.Shape), file, header.DataStart + entry.Begin)
        {
            Safetensors = header,
            SafetensorsEntry = entry,
        };
    }
}
