namespace NormKit.Diagnosis.Search;

/// <summary>Work spread over the processors, with its results in the order of the work: the answer does not depend on who was faster.</summary>
internal static class InParallel
{
    public static List<TResult> Map<T, TResult>(IReadOnlyList<T> items, Func<T, IEnumerable<TResult>> work, CancellationToken stop)
    {
        List<TResult>[] results = new List<TResult>[items.Count];
        Parallel.For(0, items.Count, new ParallelOptions { CancellationToken = stop, MaxDegreeOfParallelism = Environment.ProcessorCount },
            i => results[i] = [.. work(items[i])]);
        return [.. results.SelectMany(list => list)];
    }
}
