using System.Security.Cryptography;
using NormKit.IO;
using Spectre.Console;

namespace NormKit.Cli.Stats;

/// <summary>What stats found.</summary>
/// <param name="Request">What was asked for.</param>
/// <param name="Statistics">The figures.</param>
/// <param name="Sha256">The SHA-256 of the state, in hexadecimal.</param>
internal sealed record StatsResult(StatsRequest Request, DataSetStatistics Statistics, string Sha256);

/// <summary>The work of stats: reads or merges, then writes what is to be written.</summary>
internal sealed class StatsJob
{
    private readonly StatsRequest request;
    private readonly DataSetOptions options;
    private double share;

    /// <exception cref="UsageException">A path is empty, or is a state where an array is needed.</exception>
    public StatsJob(StatsRequest request)
    {
        this.request = request;
        if (request.Files.Contains(""))
            throw new UsageException("FILE is empty; give a file.");
        if (request.Name?.Length == 0)
            throw new UsageException("--name is empty; give the name of an array.");
        if (!request.Merges && request.Files.FirstOrDefault(file => file.EndsWith(OutputFiles.StateExtension, StringComparison.OrdinalIgnoreCase)) is string state)
            throw new UsageException($"{state}: is a state; states are merged: normkit stats --merge {state} ...");
        options = new() { Dimension = request.Dimension, Name = request.Name, Threads = request.Threads };
    }

    /// <param name="communicator">The ranks that share the files; rank 0 writes the state, and each the standardized files whose turn is its own.</param>
    /// <param name="progress">Shows progress; may be null.</param>
    /// <param name="stop">Ends the work.</param>
    public StatsResult Run(Communicator communicator, IAnsiConsole? progress, CancellationToken stop)
    {
        using OutputFiles outputs = new();
        StandardizedFiles? standardized = RankFailure.Share(communicator, () =>
        {
            if (request.State is not null && communicator.Rank == 0)
                outputs.DeclareState("--state", request.State);
            return request.Apply is null ? null : new StandardizedFiles(request.Files, options, request.Apply, outputs, (communicator.Rank, communicator.Size));
        });
        DataSetStatistics statistics = request.Merges ? RankFailure.Share(communicator, () => Wait(() => Merge(stop), "Merging", progress)) : Read(communicator, progress, stop);
        RequireNumbers(statistics);
        byte[] state = statistics.ToArray();
        RankFailure.Share(communicator, () =>
        {
            if (request.State is not null && communicator.Rank == 0)
                outputs.Write(request.State, temporary => File.WriteAllBytes(temporary, state));
            standardized?.Write(statistics, progress, stop);
            stop.ThrowIfCancellationRequested();
            return true;
        });
        RankFailure.Share(communicator, () =>
        {
            outputs.Commit();
            return true;
        });
        return new(request, statistics, Convert.ToHexStringLower(SHA256.HashData(state)));
    }

    private DataSetStatistics Read(Communicator communicator, IAnsiConsole? progress, CancellationToken stop)
    {
        // MPI is called by the thread that started it: this one waits, and then merges.
        DataSetStatistics all = RankFailure.Share(communicator, () => Wait(
            () => DataSetStatistics.OfShare(communicator.Rank, communicator.Size, request.Files, options, done => Volatile.Write(ref share, done), stop), "Reading", progress));
        all.MergeRanks(communicator);
        return all;
    }

    private DataSetStatistics Wait(Func<DataSetStatistics> work, string title, IAnsiConsole? progress) =>
        Waiting.For(Task.Run(work), progress, TimeSpan.FromSeconds(1), title, 1, () => Volatile.Read(ref share));

    private DataSetStatistics Merge(CancellationToken stop)
    {
        DataSetStatistics all = DataSetStatistics.Load(request.Files[0]);
        for (int i = 1; i < request.Files.Count; i++)
        {
            stop.ThrowIfCancellationRequested();
            DataSetStatistics part = DataSetStatistics.Load(request.Files[i]);
            if ((part.IsIndexed, part.Moments.Length) != (all.IsIndexed, all.Moments.Length))
                throw new UsageException($"{request.Files[i]}: is {Kind(part)}, and {request.Files[0]} is {Kind(all)}; only states of one kind merge.");
            all.Merge(part);
            Volatile.Write(ref share, (i + 1.0) / request.Files.Count);
        }
        return all;
    }

    private static string Kind(DataSetStatistics statistics) =>
        statistics.IsIndexed ? $"by {(statistics.Moments.Length == 1 ? "1 index" : $"{statistics.Moments.Length} indices")} of a dimension" : "over everything";

    private void RequireNumbers(DataSetStatistics statistics)
    {
        for (int i = 0; i < statistics.Moments.Length; i++)
        {
            ExactMoments moments = statistics.Moments[i];
            if (moments.Count > 0 || moments.NaNCount > 0 || moments.PositiveInfinityCount > 0 || moments.NegativeInfinityCount > 0)
                return;
        }
        throw new UsageException(request.Files.Count == 1
            ? $"{request.Files[0]}: has no elements; there are no statistics of nothing."
            : $"none of the {request.Files.Count} files has elements; there are no statistics of nothing.");
    }
}
