namespace NormKit.IO;

/// <summary>The arrays of a data set, whose headers have been read and fit together.</summary>
internal sealed class DataSetFiles : IDisposable
{
    private readonly List<Entry> entries = [];
    private readonly List<Entry> share = [];

    private DataSetFiles(DataSetOptions options) => Options = options;

    internal DataSetOptions Options { get; }

    /// <summary>The arrays to read, once <see cref="KeepShare"/> has chosen them.</summary>
    internal IReadOnlyList<Entry> Entries => share;

    /// <summary>How many arrays there are, on all ranks.</summary>
    internal int Count => entries.Count;

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

    /// <summary>Keeps the arrays that a rank reads: the largest goes first to the rank that has least, which all ranks compute alike.</summary>
    internal void KeepShare(int rank, int size)
    {
        PriorityQueue<int, (long Bytes, int Rank)> ranks = new(Enumerable.Range(0, size).Select(each => (each, (0L, each))));
        foreach ((Entry entry, int _) in entries.Select((entry, at) => (entry, at)).OrderByDescending(pair => pair.entry.Bytes).ThenBy(pair => pair.at))
        {
            ranks.TryDequeue(out int least, out (long Bytes, int Rank) load);
            // Opening a file costs about what reading a few KiB does.
            ranks.Enqueue(least, (load.Bytes + entry.Bytes + (1 << 14), least));
            if (least == rank)
                share.Add(entry);
            else
                entry.Pipe?.Dispose();
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
