using System.CommandLine;
using NormKit.Benchmarks.Peers;
using NormKit.Benchmarks.Sweep;

namespace NormKit.Benchmarks;

/// <summary>The program's own commands; every other argument is for BenchmarkDotNet.</summary>
internal static class Commands
{
    private static readonly Option<string?> Rows = new("--rows") { HelpName = "PATTERN", Description = "Only the row of this name, or those whose names hold it; * stands for anything; several with | between." };
    private static readonly Option<Pass?> OnlyPass = new("--pass") { HelpName = "forward|backward", Description = "Only this pass." };
    private static readonly Option<int[]> Threads = new("--threads")
    {
        HelpName = "1,2",
        Description = "Numbers of threads, with commas between (default 1 and that of the processors, but 2 at most).",
        DefaultValueFactory = _ => [.. Enumerable.Range(1, Math.Min(2, Environment.ProcessorCount))],
        CustomParser = result =>
        {
            string[] parts = result.Tokens[0].Value.Split(',');
            int[] numbers = [.. parts.Select(part => int.TryParse(part, out int number) && number > 0 ? number : 0)];
            if (numbers.Contains(0))
                result.AddError($"--threads '{result.Tokens[0].Value}' is not whole numbers from 1 up with commas between, such as 1,2");
            return numbers;
        },
    };
    private static readonly Option<int?> Rounds = new("--rounds") { HelpName = "N", Description = "How often each is timed (default 31; with --quick 3)." };
    private static readonly Option<bool> Quick = new("--quick") { Description = "Small rows and few rounds: whether results are right, not how fast." };
    private static readonly Option<bool> IsSweep = new("--sweep") { Description = "Layer and batch norm from 4 KiB to 1 GiB." };
    private static readonly Option<string?> Svg = new("--svg") { HelpName = "FILE", Description = "Draws a sweep." };
    private static readonly Option<string?> Json = new("--json") { HelpName = "FILE", Description = "Adds the measurements to a file, in the place of older ones of the same rows." };
    private static readonly Option<string?> Markdown = new("--markdown") { HelpName = "FILE", Description = "Writes the tables to a file, or between its marks <!-- peers --> and <!-- /peers -->." };
    private static readonly Option<bool> AsCalled = new("--as-called") { Hidden = true };

    public static bool Knows(string[] args) => args.Length > 0 && Root().Subcommands.Any(command => command.Name == args[0]);

    public static int Run(string[] args) => Root().Parse(args).Invoke();

    private static RootCommand Root()
    {
        Command peers = new("peers", "NormKit, what memory allows, and other libraries, in turn in one process.") { Rows, OnlyPass, Threads, Rounds, Quick, IsSweep, Svg, Json, Markdown };
        peers.SetAction(parsed => new PeersCommand(Request(parsed), parsed.GetValue(Json), parsed.GetValue(Markdown), parsed.GetValue(Svg)).Run());
        Command worker = new(Worker.Command) { Rows, OnlyPass, Threads, Rounds, Quick, IsSweep, AsCalled };
        worker.Hidden = true;
        worker.SetAction(parsed => Worker.Run(Request(parsed), Console.Out));
        Argument<string> file = new("FILE") { Description = "What --json has written." };
        Command tables = new("tables", "The tables of measurements in a file, or the picture of a sweep.") { file, Markdown, Svg };
        tables.SetAction(parsed => Tables(parsed.GetRequiredValue(file), parsed.GetValue(Markdown), parsed.GetValue(Svg)));
        return new("Benchmarks of NormKit.") { peers, tables, worker };
    }

    private static int Tables(string path, string? markdown, string? svg)
    {
        if (!File.Exists(path))
        {
            Console.Error.WriteLine($"There is no file {path}; 'peers --json {path}' makes it.");
            return 2;
        }
        MeasurementFile file = MeasurementFile.Read(path);
        if (svg is not null)
            File.WriteAllText(svg, SweepPicture.Of(file.Measurements));
        if (markdown is not null)
            MarkdownTables.Write(MarkdownTables.Of(file), markdown);
        else if (svg is null)
            Console.WriteLine(MarkdownTables.Of(file));
        return 0;
    }

    private static PeersRequest Request(ParseResult parsed)
    {
        RowSet set = parsed.GetValue(Quick) ? RowSet.Quick : parsed.GetValue(IsSweep) ? RowSet.Sweep : RowSet.All;
        return new(
            set, parsed.GetValue(Rows), parsed.GetValue(OnlyPass), parsed.GetRequiredValue(Threads), parsed.GetValue(Rounds) ?? (set == RowSet.Quick ? 3 : 31), parsed.GetValue(AsCalled));
    }
}
