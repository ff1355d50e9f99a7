namespace NormKit.Cli.Timing;

/// <summary>The streams of <see cref="Streams"/> over given arrays, on as many threads as what they are compared with.</summary>
internal sealed unsafe class Limits(Crew crew)
{
    /// <summary>Below this a second thread costs a copy more than it saves.</summary>
    private const int WorthAThread = 128 * 1024;
    private const int Line = 64;

    public Action Copy(AlignedMemory from, AlignedMemory to) =>
        Shared(to, (start, end) => Streams.Copy(from.Pointer + start, to.Pointer + start, end - start));

    public Action CopyPastCaches(AlignedMemory from, AlignedMemory to) =>
        Shared(to, (start, end) => Streams.CopyPastCaches(from.Pointer + start, to.Pointer + start, end - start));

    public Action Triad(AlignedMemory a, AlignedMemory b, AlignedMemory to) =>
        Shared(to, (start, end) => Streams.Add(a.Pointer + start, b.Pointer + start, to.Pointer + start, end - start));

    public Action TriadPastCaches(AlignedMemory a, AlignedMemory b, AlignedMemory to) =>
        Shared(to, (start, end) => Streams.AddPastCaches(a.Pointer + start, b.Pointer + start, to.Pointer + start, end - start));

    private Action Shared(AlignedMemory to, Action<nint, nint> part) =>
        to.Bytes < WorthAThread ? () => part(0, to.Bytes) : crew.Sharing(to.Bytes, Line, part);
}
