using NormKit.IO;
using Spectre.Console;

namespace NormKit.Cli.Stats;

/// <summary>The files that --apply writes: the inputs' names in another directory.</summary>
internal sealed class StandardizedFiles
{
    private const string Role = "--apply";

    private readonly List<(string Location, string Output, long Bytes)> files = [];
    private readonly DataSetOptions options;
    private readonly OutputFiles outputs;

    /// <summary>Checks all paths before anything is read; those that another rank writes, by their names.</summary>
    /// <exception cref="UsageException">The directory does not exist, or a file in it is an input or would be written twice.</exception>
    /// <exception cref="TensorFileException">An input cannot be read.</exception>
    /// <param name="locations">The inputs.</param>
    /// <param name="options">The array's name and the dimension.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="outputs">Takes the files.</param>
    /// <param name="rank">The rank that this is, and how many share the files in turns.</param>
    public StandardizedFiles(IReadOnlyList<string> locations, DataSetOptions options, string directory, OutputFiles outputs, (int Rank, int Size) rank)
    {
        (this.options, this.outputs) = (options, outputs);
        if (directory.Length == 0)
            throw new UsageException($"{Role} is empty; give a directory.");
        if (!Directory.Exists(directory))
            throw new UsageException($"{Role} {directory}: {(File.Exists(directory) ? "is a file; give a directory." : "the directory does not exist; make it first.")}");
        Dictionary<string, string> inputs = [], written = [];
        foreach (string location in locations)
        {
            (string path, _, _) = TensorFile.Locate(location);
            inputs.TryAdd(OutputFiles.Resolve(path) ?? path, path);
        }
        foreach (string location in locations)
        {
            (string path, _, _) = TensorFile.Locate(location);
            string output = Path.Join(directory, Path.GetFileName(path));
            if (written.TryGetValue(output, out string? other))
                throw new UsageException($"{Role} {directory}: {other} and {location} would both be written to {output}; apply to one of them at a time.");
            written.Add(output, location);
            if (inputs.TryGetValue(OutputFiles.Resolve(output) ?? output, out string? input))
                throw new UsageException($"{Role} {directory}: {input} is an input, and would be replaced; give another directory.");
            if (written.Count % rank.Size != rank.Rank)
                continue;
            using ArrayInPieces array = ArrayInPieces.Open(location, options.Name);
            if (!array.CanReopen)
                throw new UsageException($"{path}: is a pipe or device, which cannot be read twice; {Role} needs a regular file.");
            outputs.Declare(Role, output, array.Header.ElementType.ResultType());
            files.Add((location, output, (long)TensorShape.Count(array.Header.Shape) * array.Header.ElementType.SizeInBytes()));
        }
    }

    /// <summary>Writes the files beside their paths.</summary>
    public void Write(DataSetStatistics statistics, IAnsiConsole? progress, CancellationToken stop)
    {
        Standardizer standardizer = new(statistics, options);
        long done = 0;
        void Told(long bytes)
        {
            stop.ThrowIfCancellationRequested();
            Interlocked.Add(ref done, bytes);
        }
        Task<bool> work = Task.Run(() =>
        {
            foreach ((string location, string output, _) in files)
                outputs.Write(output, temporary => standardizer.Write(location, temporary, NumberType.ResultType, Told));
            return true;
        }, stop);
        Waiting.For(work, progress, TimeSpan.FromSeconds(1), "Writing", Math.Max(1, files.Sum(file => file.Bytes)), () => Interlocked.Read(ref done));
    }
}
