namespace NormKit.IO;

/// <summary>Exact statistics of the numbers in any number of files, for each index of a dimension or over everything.</summary>
/// <remarks>They depend on the numbers alone, and not on the order of the files, how they are cut, element types or threads. Integers count as numbers, and
/// so do booleans: 0 and 1. docs/stats.md describes the bytes of <see cref="ToArray"/>.</remarks>
/// <example><code>
/// DataSetStatistics all = DataSetStatistics.OfFiles(["train0.npy", "train1.npz"], new() { Dimension = 1 });
/// Console.WriteLine($"{all.Moments[0].Mean} {all.Moments[0].PopulationStandardDeviation}");
/// </code></example>
public sealed class DataSetStatistics
{
    /// <summary>Creates the statistics of no numbers, over everything.</summary>
    public DataSetStatistics()
        : this(new DimensionMoments(1), isIndexed: false)
    {
    }

    /// <summary>Creates the statistics of no numbers, for each index of a dimension.</summary>
    /// <param name="length">The length of the dimension.</param>
    public DataSetStatistics(int length)
        : this(new DimensionMoments(length), isIndexed: true)
    {
    }

    internal DataSetStatistics(DimensionMoments moments, bool isIndexed) => (Moments, IsIndexed) = (moments, isIndexed);

    /// <summary>Gets the statistics of each index; one entry where they are over everything.</summary>
    public DimensionMoments Moments { get; }

    /// <summary>Gets whether the statistics are for each index of a dimension; else they are over everything.</summary>
    public bool IsIndexed { get; }

    /// <summary>Gets the population standard deviations of the single files, a number for each file with finite numbers; null where they were not computed: for one file,
    /// and for more than 4,096 indices. They are not part of the state, but merge as it does.</summary>
    public DimensionMoments? FileDeviations { get; internal set; }

    /// <summary>Reads files, each once and in pieces, whatever their size. Where the options have a communicator, a collective call: its ranks share the files, each reads
    /// the headers of all and the numbers of some, and each gets the same statistics as one rank that reads them alone.</summary>
    /// <param name="locations">.npy, .npz and .safetensors files; behind the last two may stand a colon and the array's name.</param>
    /// <param name="options">The dimension, the array's name, how many threads, and the ranks.</param>
    /// <param name="progress">Is told the share that is done, from 0 to 1, from any thread.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="TensorFileException">A file is missing, damaged, or of an unknown kind; or the lengths of the dimension differ. If one rank fails, all throw this.</exception>
    /// <exception cref="CommunicatorException">A rank is missing.</exception>
    public static DataSetStatistics OfFiles(IReadOnlyList<string> locations, DataSetOptions? options = null, Action<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(locations);
        options ??= new();
        if (options.Communicator is not Communicator communicator)
            return OfShare(0, 1, locations, options, progress, cancellationToken);
        DataSetStatistics all = RankFailure.Share(communicator, () => OfShare(communicator.Rank, communicator.Size, locations, options, progress, cancellationToken));
        all.MergeRanks(communicator);
        return all;
    }

    /// <summary>The part of one rank.</summary>
    internal static DataSetStatistics OfShare(int rank, int size, IReadOnlyList<string> locations, DataSetOptions options, Action<double>? progress, CancellationToken cancellationToken)
    {
        DataSetFiles files = DataSetFiles.Check(locations, options);
        files.KeepShare(rank, size);
        return new DataSetRead(files, progress, cancellationToken).Run();
    }

    /// <summary>Merges the parts of all ranks. A collective call.</summary>
    internal void MergeRanks(Communicator communicator)
    {
        if (communicator.Size > 1)
            communicator.AllReduce([.. Moments.All, .. FileDeviations?.All ?? []]);
    }

    /// <summary>Adds all numbers of <paramref name="other"/>.</summary>
    /// <exception cref="ArgumentException">One is over everything and the other is not, or their dimensions have different lengths.</exception>
    public void Merge(DataSetStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (IsIndexed != other.IsIndexed)
            throw new ArgumentException("DataSetStatistics: statistics over everything do not merge with statistics by index.", nameof(other));
        Moments.Merge(other.Moments);
        if (other.FileDeviations is null)
            return;
        FileDeviations ??= new(Moments.Length);
        FileDeviations.Merge(other.FileDeviations);
    }

    /// <summary>Returns the state as bytes: the same for the same numbers and the same choice of indices.</summary>
    public byte[] ToArray() => DataSetState.Format(this);

    /// <summary>Creates the statistics that <see cref="ToArray"/> wrote.</summary>
    /// <exception cref="FormatException">The bytes are not those of <see cref="ToArray"/>: the message says why.</exception>
    public static DataSetStatistics FromArray(ReadOnlySpan<byte> bytes) => DataSetState.Parse(bytes);

    /// <summary>Writes the state to a file, commonly a .nks file.</summary>
    /// <param name="path">Replaced whole, or left as it was if writing fails.</param>
    /// <exception cref="TensorFileException">The file cannot be written.</exception>
    public void Save(string path) => FilePath.Replace(path, stream => stream.Write(ToArray()));

    /// <summary>Reads the state that <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="TensorFileException">The file is missing, or is no such state.</exception>
    public static DataSetStatistics Load(string path)
    {
        byte[] bytes = FilePath.Read(path, stream => DataSetState.ReadAll(stream, path));
        try
        {
            return FromArray(bytes);
        }
        catch (FormatException error)
        {
            throw new TensorFileException($"{path}: {error.Message}", error);
        }
    }
}
