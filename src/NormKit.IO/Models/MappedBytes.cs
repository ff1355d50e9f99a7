using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace NormKit.IO;

/// <summary>A file mapped into memory for reading. Every read is checked against the file's length.</summary>
internal sealed class MappedBytes : IDisposable
{
    private readonly MemoryMappedFile? file;
    private readonly MemoryMappedViewAccessor? view;

    private MappedBytes(string path, FileStream stream)
    {
        (Path, Length) = (path, stream.Length);
        if (Length == 0)
        {
            // An empty file cannot be mapped.
            stream.Dispose();
            return;
        }
        file = MemoryMappedFile.CreateFromFile(stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>The file's path, as the caller gave it.</summary>
    internal string Path { get; }

    internal long Length { get; }

    /// <exception cref="TensorFileException">The file cannot be read, or is no regular file.</exception>
    internal static MappedBytes Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return stream.CanSeek
                ? new MappedBytes(path, stream)
                : throw new TensorFileException($"{path}: is a pipe or device; a model file must be a regular file.");
        }
        catch (Exception error)
        {
            stream?.Dispose();
            if (FilePath.IsOfTheFileSystem(error))
                throw FilePath.Unreadable(path, error);
            throw;
        }
    }

    /// <summary>Fills the buffer with the bytes from <paramref name="offset"/> on.</summary>
    /// <exception cref="TensorFileException">The file ends before the buffer is full.</exception>
    internal void Read(long offset, Span<byte> to, string field)
    {
        if (offset < 0 || offset > Length || to.Length > Length - offset)
            throw new TensorFileException($"{Path}: {field} at byte {offset} needs {to.Length} bytes but only {Math.Max(0, Length - offset)} follow; the file is truncated or damaged.");
        if (!to.IsEmpty)
            view!.SafeMemoryMappedViewHandle.ReadSpan((ulong)(view.PointerOffset + offset), to);
    }

    internal uint UInt32(long offset, string field)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        Read(offset, bytes, field);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    internal ulong UInt64(long offset, string field)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Read(offset, bytes, field);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Writes a part of the file to a stream.</summary>
    internal void CopyTo(Stream to, long offset, long length)
    {
        byte[] block = new byte[(int)Math.Min(1 << 20, Math.Max(1, length))];
        for (long done = 0; done < length; done += block.Length)
        {
            Span<byte> part = block.AsSpan(0, (int)Math.Min(block.Length, length - done));
            Read(offset + done, part, "data");
            to.Write(part);
        }
    }

    public void Dispose()
    {
        view?.Dispose();
        file?.Dispose();
    }
}
