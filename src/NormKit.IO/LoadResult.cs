namespace NormKit.IO;

/// <summary>Where a file and the layers loaded from it did not agree; PyTorch's <c>_IncompatibleKeys</c>.</summary>
public sealed class LoadResult
{
    internal LoadResult(IReadOnlyList<string> missing, IReadOnlyList<string> unexpected) => (Missing, Unexpected) = (missing, unexpected);

    /// <summary>The keys, prefix included, that a layer has and the file does not: these stayed as they were. Never a counter.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>The keys below the prefix of a layer that no layer has; with an empty prefix these are all other keys of the file.</summary>
    public IReadOnlyList<string> Unexpected { get; }
}
