using System.CommandLine;
using System.Globalization;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>The tool as a function: what the process does, testable without one.</summary>
internal static class Tool
{
    public const string Name = "normkit";

    public const int Done = 0;
    public const int Broken = 1;
    public const int Refused = 2;
    public const int Interrupted = 130;

    /// <summary>Runs one command line in a process that is alone.</summary>
    /// <inheritdoc cref="Run(IReadOnlyList{string}, ToolOutput, Func{Communicator}, CancellationToken)"/>
    public static int Run(IReadOnlyList<string> args, ToolOutput output, CancellationToken stop = default) => Run(args, output, () => new LocalCommunicator(), stop);

    /// <summary>Runs one command line. A refused one writes exactly one line to standard error, and no file.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="output">Where it writes.</param>
    /// <param name="ranks">Joins the other processes of this run, for commands that share their work.</param>
    /// <param name="stop">Ends the work.</param>
    /// <returns>The exit code: 0, 2 where the call cannot be carried out, 130 where it was interrupted, 1 for a defect of the
    /// tool.</returns>
    public static int Run(IReadOnlyList<string> args, ToolOutput output, Func<Communicator> ranks, CancellationToken stop)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            // A response file ("@name") would make a file of that name impossible to read, and options in files are not offered.
            ParseResult parsed = RootCommandLine.Create(output, ranks, stop).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            ParseErrors.ThrowIfAny(parsed, args);
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output.Out, Error = output.Error });
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        catch (Exception error) when (error is UsageException or TensorFileException)
        {
            return Refuse(output, error.Message, Refused);
        }
        catch (CommunicatorException error)
        {
            return Refuse(output, error.Message, Refused);
        }
        catch (ArgumentException error)
        {
            // The library's own rules; what .NET appends about the parameter's name means nothing on a command line.
            return Refuse(output, error.Message.Split(" (Parameter '")[0], Refused);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Refuse(output, error.Message, Refused);
        }
        catch (OutOfMemoryException)
        {
            return Refuse(output, "there is not enough memory for arrays of this size; use a smaller input.", Refused);
        }
#pragma warning disable CA1031 // a stack trace helps nobody at a prompt
        catch (Exception error)
#pragma warning restore CA1031
        {
            return Refuse(output, $"internal error, please report it: {error.GetType().Name}: {error.Message}", Broken);
        }
    }

    private static int Refuse(ToolOutput output, string message, int exitCode)
    {
        string line = string.Concat(message.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        output.Error.WriteLine($"{Name}: {line}");
        return exitCode;
    }
}
