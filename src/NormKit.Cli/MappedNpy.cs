using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;
using NormKit.Cli.Catalogue;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>The array of a .npy file, mapped into memory: it may be larger than memory, and its pages are the file's, not the process's own.</summary>
internal sealed unsafe class MappedNpy : IDisposable
{
    private readonly MemoryMappedFile file;
    private readonly FileStream stream;
    private readonly bool isWritten;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;

    /// <param name="stream">The file; closed with the map.</param>
    /// <param name="type">The type of the elements.</param>
    /// <param name="shape">Of the array.</param>
    /// <param name="offset">Where the elements begin.</param>
    /// <param name="access">Reading, or writing too.</param>
    private MappedNpy(FileStream stream, ElementType type, nint[] shape, int offset, MemoryMappedFileAccess access)
    {
        (ElementType, Shape, this.stream, isWritten) = (type, shape, stream, access != MemoryMappedFileAccess.Read);
        file = MemoryMappedFile.CreateFromFile(stream, mapName: null, capacity: 0, access, HandleInheritability.None, leaveOpen: false);
        view = file.CreateViewAccessor(0, 0, access);
        byte* first = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref first);
        start = first + view.PointerOffset + offset;
    }

    public ElementType ElementType { get; }

    public nint[] Shape { get; }

    /// <summary>Maps a file if its elements can be used where they lie: those of a floating-point type, little-endian, in C order.</summary>
    /// <param name="path">x.npy.</param>
    /// <param name="atLeast">The bytes from which on it is worth it.</param>
    /// <param name="v2As">What two bytes without a meaning are; null to refuse them.</param>
    /// <returns>The array, or null where it has to be read.</returns>
    /// <exception cref="TensorFileException">The file is damaged.</exception>
    public static MappedNpy? Open(string path, long atLeast, ElementType? v2As = null)
    {
        if (!path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) || !File.Exists(path) || new FileInfo(path).Length < atLeast)
            return null;
        FileStream stream;
        try
        {
            stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;    // to read it will say why not
        }
        try
        {
            ByteSource source = ByteSource.Of(stream, path);
            NpyHeader header = NpyHeader.Read(source, v2As);
            int size = header.ElementType.SizeInBytes();
            bool inPlace = header.ElementType is ElementType.Float16 or ElementType.Float32 or ElementType.Float64
                && !header.BigEndian && !header.FortranOrder && source.Position % size == 0;
            if (inPlace)
            {
                source.RequireRest(TensorShape.Count(header.Shape) * size, "data");
                return new(stream, header.ElementType, header.Shape, (int)source.Position, MemoryMappedFileAccess.Read);
            }
        }
        catch
        {
            stream.Dispose();
            throw;
        }
        stream.Dispose();
        return null;
    }

    /// <summary>Makes a file of the right size, whose elements are still to be written. Room for it is taken first: a full disk is an error here, and not later.</summary>
    /// <exception cref="IOException">There is not so much room.</exception>
    public static MappedNpy Create(string path, ElementType type, nint[] shape)
    {
        byte[] header = NpyHeader.Format(type, shape);
        long length = header.Length + (long)(TensorShape.Count(shape) * type.SizeInBytes());
        FileStream stream = new(
            path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite, Share = FileShare.None, PreallocationSize = length });
        try
        {
            stream.Write(header);
            stream.SetLength(length);
            stream.Flush();
            return new(stream, type, shape, header.Length, MemoryMappedFileAccess.ReadWrite);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The array as the layer sees it. Valid until the map is disposed.</summary>
    public TensorSpan<T> View<T>(ArrayOrder order) where T : unmanaged
    {
        nint[] lengths = Shape.Length == 0 ? [1] : Shape;
        nint count = (nint)TensorShape.Count(lengths);
        return new((T*)start, count, order.OfLayer(lengths), order.StridesOfLayer(lengths));
    }

    public void Dispose()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        if (isWritten)
        {
            // On the disk before it gets its name.
            view.Flush();
            stream.Flush(flushToDisk: true);
        }
        view.Dispose();
        file.Dispose();
    }
}
