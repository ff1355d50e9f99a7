namespace NormKit.Cli.Compare;

/// <summary>
/// Which elements of a row-major (N, C, *) array share a mean and a variance. Group g consists of <see cref="Runs"/> runs of
/// <see cref="RunLength"/> elements, the first at g * RunLength, the next each RunStride further on.
/// </summary>
/// <param name="Kind">The layer.</param>
/// <param name="Groups">How many groups share statistics.</param>
/// <param name="Runs">How many runs a group consists of.</param>
/// <param name="RunLength">Elements in a run.</param>
/// <param name="RunStride">From the start of a run to that of the next.</param>
internal sealed record Sharing(LayerKind Kind, int Groups, int Runs, int RunLength, int RunStride)
{
    /// <summary>n of the formula.</summary>
    public int ElementsPerGroup => Runs * RunLength;

    /// <param name="kind">The layer; layer norm is over all dimensions but the first.</param>
    /// <param name="shape">(N, C, *), not empty.</param>
    /// <param name="groups">Group norm's groups; they divide C.</param>
    public static Sharing Of(LayerKind kind, ReadOnlySpan<nint> shape, int groups)
    {
        int n = (int)shape[0], c = (int)shape[1], s = 1;
        foreach (nint length in shape[2..])
            s *= (int)length;
        return kind switch
        {
            LayerKind.Batch => new(kind, c, n, s, c * s),
            LayerKind.Layer => new(kind, n, 1, c * s, 0),
            LayerKind.Instance => new(kind, n * c, 1, s, 0),
            _ => new(kind, n * groups, 1, c / groups * s, 0),
        };
    }

    public int Start(int group, int run) => (group * RunLength) + (run * RunStride);
}
