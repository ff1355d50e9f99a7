using System.CommandLine;
using NormKit.Benchmarks.Peers;

namespace NormKit.Benchmarks;

/// <summary>The program's own commands; every other argument is for BenchmarkDotNet.</summary>
internal static class Commands
{
    private static readonly Option<string?> Rows = new("--rows") { HelpName = "PATTERN", Description = "Only rows whose name holds this; * stands for anything, | between patterns." };
    private static readonly Option<string> Threads = new("--threads") { HelpName = "1,2", Description = "Numbers of threads.", DefaultValueFactory = _ => "1,2" };
    private static readonly Option<int?> Rounds = new("--rounds") { HelpName = "N", Description = "How often each is timed (default 31; with --quick 3)." };
    private static readonly Option<bool> Quick = new("--quick") { Description = "Small rows and few rounds: whether results are right, not how fast." };
    private static readonly Option<string?> Json = new("--json") { HelpName = "FILE", Description = "Adds the measurements to a file, in the place of older ones of the same rows." };
    private static readonly Option<string?> Markdown = new("--markdown") { HelpName = "FILE", Description = "Writes the tables to a file, or between its marks <!-- peers --> and <!-- /peers -->." };
    private static readonly Option<bool> AsCalled = new("--as-called") { Hidden = true };

    public static bool Knows(string[] args) => args.Length > 0 && Root().Subcommands.Any(command => command.Name == args[0]);

    public static int Run(string[] args) => Root().Parse(args).Invoke();

    private static RootCommand Root()
    {
        Command peers = new("peers", "NormKit, what memory allows, and other libraries, in turn in one process.") { Rows, Threads, Rounds, Quick, Json, Markdown };
        peers.SetAction(parsed => new PeersCommand(Request(parsed), parsed.GetValue(Json), parsed.GetValue(Markdown)).Run());
        Command worker = new(Worker.Command) { Rows, Threads, Rounds, Quick, AsCalled };
        worker.Hidden = true;
        worker.SetAction(parsed => Worker.Run(Request(parsed), Console.Out));
        Argument<string> file = new("FILE") { Description = "What --json has written." };
        Command tables = new("tables", "The tables of measurements in a file.") { file, Markdown };
        tables.SetAction(parsed => Tables(parsed.GetRequiredValue(file), parsed.GetValue(Markdown)));
        return new("Benchmarks of NormKit.") { peers, tables, worker };
    }

    private static int Tables(string file, string? markdown)
    {
        string tables = MarkdownTables.Of(MeasurementFile.Read(file));
        if (markdown is null)
            Console.WriteLine(tables);
        else
            MarkdownTables.Write(tables, markdown);
        return 0;
    }

    private static PeersRequest Request(ParseResult parsed)
    {
        bool quick = parsed.GetValue(Quick);
        return new(
            parsed.GetValue(Rows), [.. parsed.GetRequiredValue(Threads).Split(',').Select(int.Parse)],
            parsed.GetValue(Rounds) ?? (quick ? 3 : 31), quick, parsed.GetValue(AsCalled));
    }
}
