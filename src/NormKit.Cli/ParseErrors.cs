using System.CommandLine;
using System.CommandLine.Parsing;
using NormKit.Cli.Catalogue;

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

        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [string word, ..] && !word.StartsWith('-'))
            throw new UsageException($"unknown command '{word}'{MeantCommand(word, command)} {help}");

        // Before the rest: an unknown option also shifts what the arguments seem to be.
        if (UnknownOptions(parsed).FirstOrDefault() is string option)
            throw new UsageException($"unknown option '{option}'{Suggestion.ForOption(option, options)} {help}");
        if (parsed.UnmatchedTokens is [string unmatched, ..])
            throw new UsageException($"unexpected argument '{unmatched}'{MeantInput(unmatched, parsed)} {help}");
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

    private static string MeantCommand(string word, Command root) => LayerCatalogue.Has(word)
        ? $", which is a layer: give 'normkit apply {word} INPUT -o OUTPUT', or 'normkit explain {word}'."
        : Suggestion.For(word, root.Subcommands.Select(command => command.Name));

    /// <summary>Where an argument too many may be another input, which the layer takes by an option.</summary>
    private static string MeantInput(string word, ParseResult parsed)
    {
        Argument? layer = parsed.CommandResult.Command.Arguments.FirstOrDefault(argument => argument.Name == "LAYER");
        string? name = layer is null ? null : parsed.GetResult(layer) is { Tokens: [Token first, ..] } ? first.Value : null;
        return name is not null && LayerCatalogue.Has(name) && LayerCatalogue.Find(name).OtherInputNames is [string other, ..]
            ? $"; {name} takes its second input by an option: --{other} {word}."
            : ".";
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
