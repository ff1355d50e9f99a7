namespace NormKit.IO;

/// <summary>The arrays of a data set, whose headers have been read and fit together.</summary>
internal sealed class DataSetFiles : IDisposable
{
    private readonly List<Entry> entries = [];

    private DataSetFiles(DataSetOptions options) => Options = options;

    internal DataSetOptions Options { get; }

    internal IReadOnlyList<Entry> Entries => entries;

    /// <summary>The length of the dimension; 1 over everything.</summary>
    internal int Length => entries[0].Layout.Length;

    /// <summary>One array.</summary>
    /// <param name="Location">As it was given.</param>
    /// <param name="Layout">How its elements lie.</param>
    /// <param name="Type">Their type.</param>
    /// <param name="Pipe">The array, if it can be opened only once.</param>
    internal sealed record Entry(string Location, ArrayLayout Layout, ElementType Type, ArrayInPieces? Pipe)
    {
        internal long Bytes => Layout.Count * Type.SizeInBytes();
    }

    /// <summary>Reads all headers, before the first element is read: an error then costs no time.</summary>
    /// <exception cref="TensorFileException">There is no file, one cannot be read, or their dimensions have different lengths.</exception>
    internal static DataSetFiles Check(IReadOnlyList<string> locations, DataSetOptions options)
    {
        if (locations.Count == 0)
            throw new TensorFileException("no file is given; name .npy, .npz or .safetensors files.");
        DataSetFiles files = new(options);
        try
        {
            foreach (string location in locations)
                files.Add(location);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    internal ArrayInPieces Open(Entry entry)
    {
        ArrayInPieces array = entry.Pipe ?? ArrayInPieces.Open(entry.Location, Options.Name);
        if (entry.Pipe is not null || (LayoutOf(array) == entry.Layout && array.Header.ElementType == entry.Type))
            return array;
        array.Dispose();
        throw new TensorFileException($"{array.Name}: the file was replaced while it was read.");
    }

    public void Dispose()
    {
        foreach (Entry entry in entries)
            entry.Pipe?.Dispose();
    }

    private void Add(string location)
    {
        ArrayInPieces array = ArrayInPieces.Open(location, Options.Name);
        bool isPipe = !array.CanReopen;
        try
        {
            ArrayLayout layout = LayoutOf(array);
            if (entries.Count > 0 && layout.Length != Length)
            {
                throw new TensorFileException($"{array.Name}: dimension {Options.Dimension} has length {layout.Length}, and {Length} in {entries[0].Location}; "
                    + "files of one data set need the same length there.");
            }
            entries.Add(new(location, layout, array.Header.ElementType, isPipe ? array : null));
        }
        catch
        {
            array.Dispose();
            throw;
        }
        if (!isPipe)
            array.Dispose();
    }

    private ArrayLayout LayoutOf(ArrayInPieces array) => ArrayLayout.Of(array.Name, array.Header.Shape, array.Header.FortranOrder, Options.Dimension);
}
