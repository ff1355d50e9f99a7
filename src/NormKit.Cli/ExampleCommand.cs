using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace NormKit.Cli;

/// <summary>A command whose help ends with examples, one line each.</summary>
internal sealed class ExampleCommand(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;

    /// <summary>What does not fit into the description of one option; a paragraph each, shown above the examples.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>System.CommandLine's help in 100 columns, then the notes and the examples.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private readonly HelpAction help = new() { MaxWidth = ToolOutput.Width };

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        using StringWriter text = new() { NewLine = "\n" };
        parseResult.InvocationConfiguration.Output = text;
        int exitCode = help.Invoke(parseResult);

        // It pads its columns to their full width.
        foreach (string line in text.ToString().TrimEnd().Split('\n'))
            output.WriteLine(OptionalArguments(parseResult.CommandResult.Command, line).TrimEnd());
        output.WriteLine();
        if (parseResult.CommandResult.Command is ExampleCommand command)
        {
            if (command.Notes.Count > 0)
                output.WriteLine("Notes:");
            foreach (string note in command.Notes)
            {
                string mark = "- ";
                foreach (string line in TextLines.Wrap(note, ToolOutput.Width - 4))
                {
                    output.WriteLine($"  {mark}{line}");
                    mark = "  ";
                }
            }
            if (command.Notes.Count > 0)
                output.WriteLine();
            output.WriteLine(command.Examples.Count == 1 ? "Example:" : "Examples:");
            foreach (string example in command.Examples)
                output.WriteLine($"  {example}");
        }
        return exitCode;
    }

    // In its list of commands an argument looks required even where it is not. The spaces make room for the brackets.
    private static string OptionalArguments(Command command, string line)
    {
        Command? listed = command.Subcommands.FirstOrDefault(sub => line.StartsWith($"  {sub.Name} ", StringComparison.Ordinal));
        foreach (Argument argument in listed?.Arguments.Where(argument => argument.Arity.MinimumNumberOfValues == 0) ?? [])
            line = line.Replace($"<{argument.Name}>  ", $"[<{argument.Name}>]", StringComparison.Ordinal);
        return line;
    }
}
