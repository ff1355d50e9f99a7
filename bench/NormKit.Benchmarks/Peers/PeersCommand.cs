using System.Diagnostics;
using System.Text.Json;
using NormKit.Benchmarks.Sweep;
using Spectre.Console;

namespace NormKit.Benchmarks.Peers;

/// <summary>The command: has children measure, shows how far they are, and writes the tables.</summary>
internal sealed class PeersCommand(PeersRequest request, string? json, string? markdown, string? svg)
{
    private readonly List<Measurement> measurements = [];
    private readonly List<Measurement> asCalled = [];
    private readonly List<string> wrong = [];
    private readonly HashSet<string> notes = [];

    /// <returns>0; 1 where a result was wrong or a child died; 2 where no row has such a name, or the file is of another machine.</returns>
    public int Run()
    {
        PeersRequest allocating = request with { AsCalled = true };
        int runs = request.Runs.Count() + allocating.Runs.Count();
        if (runs == 0)
        {
            Console.Error.WriteLine($"No row has a name like {request.Rows}. Rows are:\n{string.Join('\n', RowTable.All.Select(row => row.Name))}");
            return 2;
        }
        if (json is not null && MeasurementFile.OtherMachineOf(json) is string other)
        {
            Console.Error.WriteLine($"{json} was measured on '{other}', and this is '{BenchmarkMachine.Name}'; give --json another file.");
            return 2;
        }
        Progressing(runs, step =>
        {
            Measure(request, measurements, [.. BindingThreads, .. KeepingMemory], step);
            Measure(allocating, asCalled, BindingThreads, step);
        });
        foreach (string note in notes)
            Console.Error.WriteLine($"note: {note}");
        foreach (string error in wrong)
            Console.Error.WriteLine($"WRONG: {error}");
        Report([.. measurements.Select(Completed)]);
        return wrong.Count > 0 ? 1 : 0;
    }

    /// <summary>libtorch's second thread may else wake up on the core of the first and wait a third of a millisecond for it.</summary>
    private static readonly (string, string)[] BindingThreads = [("OMP_PROC_BIND", "true"), ("OMP_PLACES", "cores")];

    /// <summary>glibc's malloc then keeps what is freed, so that libtorch gets pages that it has touched before.</summary>
    private static readonly (string, string)[] KeepingMemory =
        [("MALLOC_MMAP_MAX_", "0"), ("MALLOC_TRIM_THRESHOLD_", "17179869184"), ("MALLOC_ARENA_MAX", "1")];

    private void Measure(PeersRequest part, List<Measurement> into, (string, string)[] environment, Action<string> step)
    {
        if (!part.Runs.Any())
            return;
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(PeersCommand).Assembly.Location);
        foreach (string argument in (string[])[Worker.Command, .. part.Arguments])
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process worker = Process.Start(start)!;
        while (worker.StandardOutput.ReadLine() is string line)
        {
            if (line.Length == 0)
                continue;
            string text = line[1..];
            switch (line[0])
            {
                case Worker.Measured:
                    Measurement measurement = JsonSerializer.Deserialize<Measurement>(text, MeasurementFile.OnOneLine)!;
                    into.Add(measurement);
                    Keep(measurement);
                    step($"{measurement.Row}, {measurement.Pass}, {measurement.Threads} thr.");
                    break;
                case Worker.Wrong:
                    wrong.Add(text);
                    step(text);
                    break;
                case Worker.Note:
                    notes.Add(text);
                    break;
            }
        }
        worker.WaitForExit();
        if (worker.ExitCode != 0)
            wrong.Add($"the process that measures ended with exit code {worker.ExitCode} after {into.Count} of {part.Runs.Count()} rows.");
    }

    /// <summary>Into the file at once: a long run that is stopped has not been for nothing.</summary>
    private void Keep(Measurement measurement)
    {
        if (json is not null && request.Set != RowSet.Quick && measurements.Find(m => m.Key == measurement.Key) is Measurement main)
            MeasurementFile.Add(json, [Completed(main)]);
    }

    /// <summary>With what was measured of calls that allocate.</summary>
    private Measurement Completed(Measurement measurement) => asCalled.Find(called => called.Key == measurement.Key) is Measurement called
        ? measurement with
        {
            Cases =
            [
                .. measurement.Cases,
                .. called.Cases.Where(c => c.Error is not null && c.Name != NormKitPeer.Given)
                    .Select(c => c.Name == NormKitPeer.New ? c : c with { Name = $"{c.Name}, as called" }),
            ],
        }
        : measurement;

    private void Report(IReadOnlyList<Measurement> all)
    {
        if (request.Set == RowSet.Quick)
        {
            Console.WriteLine($"{all.Count + asCalled.Count} rows computed, every result within its bound{(wrong.Count > 0 ? $", but {wrong.Count}" : "")}.");
            return;
        }
        if (svg is not null && all.Count > 0)
            File.WriteAllText(svg, SweepPicture.Of(all));
        string tables = MarkdownTables.Of(new(BenchmarkMachine.Name, all));
        if (markdown is not null)
            MarkdownTables.Write(tables, markdown);
        else
            Console.WriteLine(tables);
    }

    private static void Progressing(int runs, Action<Action<string>> work)
    {
        if (Console.IsErrorRedirected)
        {
            int done = 0;
            work(what => Console.Error.WriteLine($"{++done}/{runs} {what}"));
            return;
        }
        IAnsiConsole terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        terminal.Progress().AutoClear(true).Start(progress =>
        {
            ProgressTask bar = progress.AddTask("Measuring", maxValue: runs);
            work(what =>
            {
                bar.Description = Markup.Escape(what);
                bar.Increment(1);
            });
        });
    }
}
