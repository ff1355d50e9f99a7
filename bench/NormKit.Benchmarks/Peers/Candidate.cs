using NormKit.Cli.Timing;

namespace NormKit.Benchmarks.Peers;

/// <summary>One way to compute a row: what is timed, and what a call gives.</summary>
/// <param name="Name">NormKit, or a peer.</param>
/// <param name="Call">What is timed.</param>
/// <param name="Result">A call whose results are kept.</param>
internal sealed record Candidate(string Name, TimedCall Call, Func<Results> Result)
{
    public Candidate(string name, Action call, Func<Results> result)
        : this(name, new TimedCall(call), result)
    {
    }
}

/// <summary>A library that normalizes.</summary>
internal interface IPeer
{
    string Name { get; }

    /// <summary>What it computes of a row; null where it has no such pass. Held objects are freed with the list.</summary>
    Candidate? For(RowData data, int threads, IList<IDisposable> held);
}
