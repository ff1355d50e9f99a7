namespace NormKit.Threading;

/// <summary>How many threads a call may use, and what ends it early.</summary>
/// <param name="MaxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
/// <param name="Cancellation">Looked at before each piece of work that a thread takes.</param>
internal readonly record struct Concurrency(int MaxDegreeOfParallelism, CancellationToken Cancellation)
{
    /// <summary>For a call that begins, so before anything is written.</summary>
    /// <exception cref="OperationCanceledException">The token is cancelled already.</exception>
    public static Concurrency Start(int maxDegreeOfParallelism, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(maxDegreeOfParallelism, cancellation);
    }

    /// <summary>The threads that so many bytes are worth.</summary>
    public int Workers(nint bytes) => Schedule.Workers(bytes, MaxDegreeOfParallelism);
}
