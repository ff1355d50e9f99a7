namespace NormKit;

/// <summary>The data of a collective call on one rank. Ranks exchange it in pairs; merging must not depend on the order.</summary>
internal interface ICollectiveData
{
    /// <summary>Returns how many bytes <see cref="Write"/> will write.</summary>
    int Measure();

    /// <summary>Writes all that was merged so far; called once after each <see cref="Measure"/>.</summary>
    void Write(Span<byte> bytes);

    /// <summary>Merges the data of other ranks.</summary>
    void Merge(ReadOnlySpan<byte> bytes);

    /// <summary>Replaces the data by the merged data of all ranks, this one among them.</summary>
    void Replace(ReadOnlySpan<byte> bytes);
}
