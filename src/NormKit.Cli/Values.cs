using System.CommandLine;
using System.Globalization;

namespace NormKit.Cli;

/// <summary>Options whose values are numbers or lists, with errors that name the option, the value and the rule. None has a default here:
/// whether an option was given matters, and defaults are written in the descriptions.</summary>
internal static class Values
{
    public static Option<double?> Number(string name, string helpName, string description, double least, double most) =>
        Of(name, helpName, description, text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value) && value >= least && value <= most
            ? (double?)value
            : throw new FormatException(
                most < double.MaxValue ? $"a number from {least} to {most}" : least > double.MinValue ? $"a finite number, {least} or more" : "a finite number"));

    public static Option<int?> Count(string name, string helpName, string description) =>
        Of(name, helpName, description, text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= 1
            ? (int?)value
            : throw new FormatException($"a whole number from 1 to {int.MaxValue}"));

    public static Option<ulong?> Seed(string name, string helpName, string description) =>
        Of(name, helpName, description, text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? (ulong?)value
            : throw new FormatException($"a whole number from 0 to {ulong.MaxValue}"));

    public static Option<nint[]?> Lengths(string name, string helpName, string description) =>
        Of<nint[]?>(name, helpName, description, text => [.. text.Split(',').Select(part =>
            int.TryParse(part.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int length) && length >= 1
                ? (nint)length
                : throw new FormatException($"lengths from 1 to {int.MaxValue} with commas between, such as {helpName}"))]);

    /// <summary>An option whose value is one of a few words, the first of them the default.</summary>
    public static Option<string?> Word(string name, string helpName, string description, string[] words) =>
        Of<string?>(name, helpName, $"{description}: {string.Join(", ", words)} (default {words[0]}).", text =>
            words.Contains(text) ? text : throw new FormatException($"one of {string.Join(", ", words)}"));

    /// <summary>An option that is given or not; System.CommandLine would take a word behind it for its value.</summary>
    public static Option<bool> Flag(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>An option with a value that <paramref name="parse"/> reads; a FormatException says what it expected.</summary>
    public static Option<T> Of<T>(string name, string helpName, string description, Func<string, T> parse) => new(name)
    {
        HelpName = helpName,
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            string text = result.Tokens[^1].Value;
            try
            {
                return parse(text);
            }
            catch (FormatException expected)
            {
                result.AddError($"{name} '{text}' is not {expected.Message}");
                return default;
            }
        },
    };

    /// <summary>The value on the command line; null if there is none, where System.CommandLine would make an empty array.</summary>
    public static T? ValueIfGiven<T>(this ParseResult parsed, Option<T> option) => parsed.IsGiven(option) ? parsed.GetValue(option) : default;

    public static bool IsGiven(this ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}
