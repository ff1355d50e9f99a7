using NormKit.Cli.Timing;

namespace NormKit.Benchmarks.Peers;

/// <summary>Checks, then times, one pass of a row: the limits, NormKit and its peers in turn.</summary>
internal static class RowRun
{
    public const string Copy = "copy";
    public const string Triad = "d = a + b";
    public const string Both = "copy, and d = a + b";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public const string PastCaches = ", non-temporal";

    /// <param name="row">What to measure.</param>
    /// <param name="pass">Which pass of it.</param>
    /// <param name="threads">How many threads each may use.</param>
    /// <param name="rounds">How often each is timed.</param>
    /// <param name="peers">NormKit first; the others are compared with it.</param>
    /// <param name="leftOut">Told of each peer whose result is wrong, which is not timed then.</param>
    /// <exception cref="WrongResultException">NormKit computes something else.</exception>
    public static Measurement Of(Row row, Pass pass, int threads, int rounds, IReadOnlyList<IPeer> peers, Action<string> leftOut)
    {
        RowData data = new(row, pass);
        List<IDisposable> held = [];
        try
        {
            using Crew crew = new(threads);
            Limits limits = new(crew);
            List<Candidate> candidates = [.. peers.Select(peer => peer.For(data, threads, held)).OfType<Candidate>()];
            List<double> errors = Errors(data, candidates, leftOut);
            (string limit, Action ordinary, Action pastCaches) = Limit(data, limits);
            double[][] times = Rounds.Time([new(ordinary), new(pastCaches), .. candidates.Select(candidate => candidate.Call)], rounds, Patience, () => { }, default);
            const int ours = 2;
            CaseTime[] cases =
            [
                .. times.Select((time, i) => new CaseTime(
                    i switch { 0 => limit, 1 => limit + PastCaches, _ => candidates[i - 2].Name },
                    Spread.Of(time), Spread.OfQuotients(time, times[0]), Spread.OfQuotients(time, times[1]), Spread.OfQuotients(time, times[ours]),
                    i < 2 ? null : errors[i - 2])),
            ];
            string elsewhere = row.Elsewhere is (string forward, string backward) ? pass == Pass.Forward ? forward : backward : "";
            return new(row.Name, pass.ToString().ToLowerInvariant(), threads, row.Bytes, times[0].Length, limit, cases, elsewhere);
        }
        finally
        {
            foreach (IDisposable thing in held)
                thing.Dispose();
        }
    }

    /// <summary>Runs each once and compares. Another library's wrong result is not worth timing, and is no reason not to time the others.</summary>
    private static List<double> Errors(RowData data, List<Candidate> candidates, Action<string> leftOut)
    {
        Results expected = Reference.Of(data);
        List<double> errors = [];
        foreach (Candidate candidate in candidates.ToArray())
        {
            try
            {
                errors.Add(Check.Right(candidate.Name, data, expected, candidate.Result()));
            }
            catch (WrongResultException wrong) when (!Check.IsOurs(candidate.Name))
            {
                candidates.Remove(candidate);
                leftOut($"not timed: {wrong.Message}");
            }
        }
        return errors;
    }

    /// <summary>What memory allows a pass of a row.</summary>
    public static (string Name, Action Ordinary, Action PastCaches) Limit(RowData data, Limits limits)
    {
        if (data.Residual is AlignedArray<byte> residual)
        {
            // Four streams: two read and two written, or three and one. The sum itself is what a backward pass reads.
            AlignedArray<byte> sum = data.Pass == Pass.Forward ? data.Sum! : new(data.Row.Bytes);
            Action copy = limits.Copy(data.X, data.Output), triad = limits.Triad(data.X, residual, sum);
            Action copyPast = limits.CopyPastCaches(data.X, data.Output), triadPast = limits.TriadPastCaches(data.X, residual, sum);
            return (Both, () => { copy(); triad(); }, () => { copyPast(); triadPast(); });
        }
        return data.Dy is AlignedArray<byte> dy
            ? (Triad, limits.Triad(data.X, dy, data.Output), limits.TriadPastCaches(data.X, dy, data.Output))
            : (Copy, limits.Copy(data.X, data.Output), limits.CopyPastCaches(data.X, data.Output));
    }
}
