namespace NormKit.IO;

/// <summary>How <see cref="DataSetStatistics"/> reads files.</summary>
public sealed class DataSetOptions
{
    private readonly int? threads;

    /// <summary>Gets the dimension whose indices have statistics of their own, counted from the end where it is negative; null for one over everything.</summary>
    public int? Dimension { get; init; }

    /// <summary>Gets the name of the array in archives with several; .npy files have none.</summary>
    public string? Name { get; init; }

    /// <summary>Gets the ranks that share the files; null for this process alone. Their time limit has to cover the reading.</summary>
    public Communicator? Communicator { get; init; }

    /// <summary>Gets how many threads read; null for one a processor.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is less than 1.</exception>
    public int? Threads
    {
        get => threads;
        init => threads = value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "DataSetOptions: Threads is at least 1.");
    }
}
