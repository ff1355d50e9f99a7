using System.CommandLine;
using System.CommandLine.Parsing;

namespace NormKit.Cli;

/// <summary>Turns what System.CommandLine found wrong into one line.</summary>
internal static class ParseErrors
{
    /// <param name="parsed">What it made of the command line.</param>
    /// <param name="args">The command line.</param>
    /// <exception cref="UsageException">The command line is wrong.</exception>
    public static void ThrowIfAny(ParseResult parsed, IReadOnlyList<string> args)
    {
        if (parsed.Action is HelpWithExamples)
            return;
        if (FlagWithValue(parsed, args) is (string flag, string rest))
            throw new UsageException($"{flag} takes no value; leave out '{rest}'.");
        if (parsed.Errors.Count == 0 && !UnknownOptions(parsed).Any())
            return;
        Command command = parsed.CommandResult.Command;
        string path = command.Name == Tool.Name ? Tool.Name : $"{Tool.Name} {command.Name}";
        string help = $"See '{path} --help'.";
        IEnumerable<string> options = command.Options.Append(new Option<bool>("--help"))
            .SelectMany(option => option.Aliases.Append(option.Name)).Where(name => name.StartsWith('-'));

        // Before the rest: an unknown option also shifts what the arguments seem to be.
        if (UnknownOptions(parsed).FirstOrDefault() is string option)
            throw new UsageException($"unknown option '{option}'{Suggestion.For(option, options)} {help}");
        if (parsed.UnmatchedTokens is [string unmatched, ..])
        {
            throw new UsageException(command.Subcommands.Count > 0
                ? $"unknown command '{unmatched}'{Suggestion.For(unmatched, command.Subcommands.Select(c => c.Name))} {help}"
                : $"unexpected argument '{unmatched}'. {help}");
        }
        if (command.Arguments.FirstOrDefault(argument =>
            argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is null or { Tokens.Count: 0 }) is Argument missing)
        {
            throw new UsageException($"{missing.Name} is missing: {missing.Description} {help}");
        }
        if (parsed.Errors.Count > 0)
        {
            string message = parsed.Errors[0].Message.TrimEnd('.');
            throw new UsageException($"{char.ToLowerInvariant(message[0])}{message[1..]}. {help}");
        }
    }

    // System.CommandLine makes an argument, INPUT say, of what stands behind the sign.
    private static (string Name, string Value)? FlagWithValue(ParseResult parsed, IReadOnlyList<string> args)
    {
        foreach (string arg in args.TakeWhile(arg => arg != "--"))
        {
            int sign = arg.AsSpan().IndexOfAny('=', ':');
            if (sign > 0 && parsed.CommandResult.Command.Options.Any(option => option.Name == arg[..sign] && option.Arity.MaximumNumberOfValues == 0))
                return (arg[..sign], arg[sign..]);
        }
        return null;
    }

    // System.CommandLine gives an unknown option to the next argument that has room, INPUT say. A number like -1 is a value.
    private static IEnumerable<string> UnknownOptions(ParseResult parsed) => parsed.Tokens
        .TakeWhile(token => token.Type != TokenType.DoubleDash)
        .Where(token => token.Type == TokenType.Argument && token.Value is ['-', '-' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z'), ..]
            && !double.TryParse(token.Value, out _))
        .Select(token => token.Value);
}
