namespace NormKit.Cli.Timing;

/// <summary>The streams of <see cref="Streams"/> over given arrays, on as many threads as what they are compared with.</summary>
internal sealed unsafe class Limits(Crew crew)
{
    /// <summary>Below this a second thread costs a copy more than it saves.</summary>
    private const int WorthAThread = 128 * 1024;
    private const int Line = 64;

    public Action Copy(AlignedArray<byte> from, AlignedArray<byte> to) =>
        Shared(to, (start, end) => Streams.Copy(from.Pointer + start, to.Pointer + start, end - start));

    public Action CopyPastCaches(AlignedArray<byte> from, AlignedArray<byte> to) =>
        Shared(to, (start, end) => Streams.CopyPastCaches(from.Pointer + start, to.Pointer + start, end - start));

    public Action Triad(AlignedArray<byte> a, AlignedArray<byte> b, AlignedArray<byte> to) =>
        Shared(to, (start, end) => Streams.Add(a.Pointer + start, b.Pointer + start, to.Pointer + start, end - start));

    public Action TriadPastCaches(AlignedArray<byte> a, AlignedArray<byte> b, AlignedArray<byte> to) =>
        Shared(to, (start, end) => Streams.AddPastCaches(a.Pointer + start, b.Pointer + start, to.Pointer + start, end - start));

    private Action Shared(AlignedArray<byte> to, Action<nint, nint> part) =>
        to.Length < WorthAThread ? () => part(0, to.Length) : crew.Sharing(to.Length, Line, part);
}
