namespace NormKit;

/// <summary>
/// Exact statistics for each index of a dimension, one <see cref="ExactMoments"/> each: per channel, say. The order of the numbers, the split into parts
/// and the order of merging change nothing.
/// </summary>
/// <remarks>
/// Several threads may add and merge into one object at once, for one index too; while they do, nothing may be read. An index takes some 350 bytes for
/// ordinary numbers.
/// </remarks>
/// <example><code>
/// DimensionMoments channels = new(3);
/// channels.Add(0, [0.5f, 0.25f]);
/// Console.WriteLine(channels[0].Mean);        // 0.375
/// </code></example>
public sealed class DimensionMoments
{
    private readonly ExactMoments[] moments;

    /// <summary>Creates the statistics of no numbers.</summary>
    /// <param name="length">The length of the dimension.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is less than 1.</exception>
    public DimensionMoments(int length)
    {
        if (length < 1)
            throw new ArgumentOutOfRangeException(nameof(length), length, "DimensionMoments: the length of a dimension is at least 1.");
        moments = new ExactMoments[length];
        for (int i = 0; i < length; i++)
            moments[i] = new();
    }

    /// <summary>Takes statistics that exist already.</summary>
    /// <param name="moments">Those of each index; at least one.</param>
    /// <exception cref="ArgumentException">There are none, or one is null or occurs twice.</exception>
    public DimensionMoments(IEnumerable<ExactMoments> moments)
    {
        ArgumentNullException.ThrowIfNull(moments);
        this.moments = [.. moments];
        if (this.moments.Length == 0 || this.moments.Contains(null) || this.moments.Distinct().Count() != this.moments.Length)
            throw new ArgumentException("DimensionMoments: one ExactMoments for each index is needed, each another object.", nameof(moments));
    }

    /// <summary>Gets the length of the dimension.</summary>
    public int Length => moments.Length;

    /// <summary>Gets the statistics of an index: the object itself, not a copy.</summary>
    /// <param name="index">From 0 to <see cref="Length"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such index.</exception>
    public ExactMoments this[int index] => moments[Require(index)];

    /// <summary>Gets the statistics of all indices: the objects themselves, not copies.</summary>
    public IReadOnlyList<ExactMoments> All => moments;

    /// <summary>Adds numbers to those of an index.</summary>
    /// <param name="index">From 0 to <see cref="Length"/> - 1.</param>
    /// <param name="values">The numbers. Spans of 256 or more are fast.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such index.</exception>
    public void Add(int index, ReadOnlySpan<float> values) => AddNow(index, values);

    /// <inheritdoc cref="Add(int, ReadOnlySpan{float})"/>
    public void Add(int index, ReadOnlySpan<double> values) => AddNow(index, values);

    /// <inheritdoc cref="Add(int, ReadOnlySpan{float})"/>
    public void Add(int index, ReadOnlySpan<Half> values) => AddNow(index, values);

    /// <inheritdoc cref="Add(int, ReadOnlySpan{float})"/>
    public void Add(int index, ReadOnlySpan<BFloat16> values) => AddNow(index, values);

    /// <summary>Adds all numbers of <paramref name="other"/>, index by index.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="OverflowException">An index would have more than 2^62 numbers; the indices before it have changed.</exception>
    public void Merge(DimensionMoments other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Length != Length)
            throw new ArgumentException($"DimensionMoments: a dimension of length {other.Length} does not merge into one of length {Length}.", nameof(other));
        for (int i = 0; i < moments.Length; i++)
        {
            lock (moments[i])
                moments[i].Merge(other.moments[i]);
        }
    }

    private void AddNow<T>(int index, ReadOnlySpan<T> values) where T : unmanaged
    {
        ExactMoments at = moments[Require(index)];
        lock (at)
            at.AddNow(values);
    }

    private int Require(int index) => (uint)index < (uint)moments.Length
        ? index
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"DimensionMoments: the dimension has indices 0 to {moments.Length - 1}.");
}
