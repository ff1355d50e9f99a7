using System.CommandLine;
using System.Globalization;
using NormKit.Cli.Stats;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>normkit stats: exact statistics of a data set.</summary>
internal static class StatsCommand
{
    /// <summary>How long a rank waits for the slowest: one may have files to read that take hours.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(1);

    public static Command Create(ToolOutput output, Func<Communicator> ranks, CancellationToken stop)
    {
        ExampleCommand command = new(
            "stats", "Computes exact statistics of all numbers in any number of files: count, mean, standard deviation, minimum, maximum.",
            "normkit stats train/*.npy --dim 1", "normkit stats train.npz --name images --dim -1 --state train.nks --json", "normkit stats --merge part0.nks part1.nks",
            "normkit stats train/*.npy --dim 1 --apply standardized")
        {
            Notes =
            [
                "FILE is x.npy, x.npz or x.safetensors; behind the last two may stand :NAME, the array's name. Files are read once, in pieces, in at most 300 MiB of memory. Integers and booleans count as numbers.",
                "Each figure is the exact one, rounded once to double. Neither the order of the files, nor how they are cut, nor threads change a bit of it. The SHA-256 of the state stands for all of "
                    + "them: equal numbers give an equal one. --state writes the state (docs/stats.md has its bytes); --merge reads states, of other machines say.",
                "NaN and infinities are counted; all other figures are those of the finite numbers. The deviation of the population divides by n, that of the sample by n - 1.",
                "--apply writes each file again, under its own name, with (x - mean) / deviation of the population in place of x: of float types in their type, of integers in float32 or, "
                    + "from 32 bits on, float64. A constant channel becomes 0. All files are written, or none.",
                "Several processes share the files, under MPI: mpirun -n 4 normkit stats ...; each reads the headers of all files and the numbers of some. The output is that of one process, "
                    + "to the byte.",
                "--json prints one object: {sha256, statistics: [{index, count, mean, populationStandardDeviation, sampleStandardDeviation, min, max, nan, infinite}]}. sha256 is what "
                    + "sha256sum prints of the state's file. Without --dim there is one entry, whose index is null. Figures that do not exist, of no numbers say, are null.",
            ],
        };
        Argument<string[]> files = new("FILE") { Description = "The files of the data set; with --merge, states.", Arity = ArgumentArity.OneOrMore };
        Option<int?> dim = Values.Of<int?>("--dim", "D", "Statistics for each index of this dimension, counted from the end where it is negative (default: one over everything).", text =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : throw new FormatException("a whole number, such as 1 or -1"));
        Option<string?> name = new("--name") { HelpName = "KEY", Description = "The array in .npz and .safetensors files that hold several; does not matter to .npy." };
        Option<string?> state = new("--state") { HelpName = "OUT.nks", Description = "Also writes the state, from which statistics are merged." };
        Option<bool> merge = Values.Flag("--merge", "The files are states, to be merged.");
        Option<string?> apply = new("--apply") { HelpName = "OUT_DIR", Description = "Also writes the files, standardized, into this directory." };
        Option<bool> json = Values.Flag("--json", "One JSON object in place of the report.");
        Option<int?> threads = Values.Count("--threads", "N", "How many threads (default: one a processor).");
        command.Add(files);
        foreach (Option option in (Option[])[dim, name, state, merge, apply, json, threads])
            command.Add(option);
        command.SetAction(parsed =>
        {
            StatsRequest request = new(
                parsed.GetRequiredValue(files), parsed.GetValue(merge), parsed.GetValue(dim), parsed.GetValue(name), parsed.GetValue(threads), parsed.GetValue(state), parsed.GetValue(apply),
                parsed.GetValue(json));
            if (request.Merges && ((Option[])[dim, name, apply, threads]).FirstOrDefault(parsed.IsGiven) is Option misfit)
                throw new UsageException($"{misfit.Name} does not go with --merge, which reads states and no arrays; leave it out.");
            StatsJob job = new(request);
            using Communicator communicator = ranks();
            return communicator.Rank == 0 ? Show(request, job.Run(communicator, output.Progress, stop), output) : RunInSilence(job, communicator, stop);
        });
        return command;
    }

    private static int Show(StatsRequest request, StatsResult result, ToolOutput output)
    {
        if (request.Json)
            output.Write(StatsReport.JsonText(result));
        else
            output.Write(StatsReport.Of(result));
        return Tool.Done;
    }

    // Rank 0 tells of errors, and its exit code is the run's: mpirun ends all ranks at the first that is not 0, perhaps before rank 0 has spoken.
    private static int RunInSilence(StatsJob job, Communicator communicator, CancellationToken stop)
    {
        try
        {
            job.Run(communicator, progress: null, stop);
        }
        catch (Exception error) when (error is OperationCanceledException or UsageException or TensorFileException)
        {
        }
        return Tool.Done;
    }
}
