namespace NormKit;

/// <summary>The data of a collective call on one rank. Ranks exchange it in pairs; merging must not depend on the order.</summary>
internal interface ICollectiveData
{
    /// <summary>Returns the bytes of all that was merged so far; nothing changes them later.</summary>
    byte[] Write();

    /// <summary>Merges the data of other ranks.</summary>
    void Merge(ReadOnlySpan<byte> bytes);

    /// <summary>Replaces the data by the merged data of all ranks, this one among them.</summary>
    void Replace(ReadOnlySpan<byte> bytes);
}
