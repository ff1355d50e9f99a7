using NormKit.Cli.Reports;
using Spectre.Console;

namespace NormKit.Cli;

/// <summary>Where the tool writes: streams, and the terminals behind them if there are any.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Terminal">Draws on standard output; null where that is a pipe or a file.</param>
/// <param name="Progress">Draws on standard error while work goes on; null where that is a pipe or a file.</param>
internal sealed record ToolOutput(TextWriter Out, TextWriter Error, IAnsiConsole? Terminal = null, IAnsiConsole? Progress = null)
{
    /// <summary>The widest line of any report or help text.</summary>
    public const int Width = 100;

    public static ToolOutput OfProcess()
    {
        if (MpiCommunicator.IsLaunched)
        {
            // A launcher may give each process a terminal of its own and collect what is written there: it must be that of a pipe.
            Environment.SetEnvironmentVariable("TERM", "dumb");
            return new(Console.Out, Console.Error);
        }
        return new(
            Console.Out, Console.Error,
            Console.IsOutputRedirected ? null : OnTerminal(Console.Out),
            Console.IsErrorRedirected ? null : OnTerminal(Console.Error));
    }

    /// <summary>Writes a report, in colours where there is a terminal.</summary>
    /// <exception cref="UsageException">It cannot be written.</exception>
    public void Write(IEnumerable<ReportPart> report) => Guarded(() =>
    {
        if (Terminal is not null)
            TerminalReport.Write(Terminal, report);
        else
            PlainReport.Write(Out, report);
    });

    /// <summary>Writes text that is the same on a terminal and in a pipe.</summary>
    /// <exception cref="UsageException">It cannot be written.</exception>
    public void Write(string text) => Guarded(() => Out.WriteLine(text));

    private void Guarded(Action write)
    {
        try
        {
            write();
            Out.Flush();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"standard output cannot be written: {error.Message}");
        }
    }

    private static IAnsiConsole OnTerminal(TextWriter writer)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        console.Profile.Width = Math.Min(Width, console.Profile.Width);
        return console;
    }
}
