using System.CommandLine;
using NormKit.IO;
using NormKit.IO.Tests.Models;

namespace NormKit.Cli.Tests;

/// <summary>Every option of every command, found in the command line itself, with every kind of value that is none: exit code 2, one line, no file.</summary>
public sealed class EveryOptionTests
{
    public static TheoryData<string> Commands { get; } = [.. Root().Subcommands.Select(c => c.Name)];

    [Theory, MemberData(nameof(Commands))]
    public void Run_OptionWithWrongValue_IsRefusedInOneLine(string name)
    {
        Command command = Root().Subcommands.Single(c => c.Name == name);
        string[] right = name switch
        {
            "layers" => ["layers"],
            "explain" => ["explain", "group-norm", "--shape", "2,6,5", "--groups", "3"],
            "compare" => ["compare", "--shape", "4,6,5", "--groups", "3"],
            "apply" => ["apply", "batch-norm", "x.npy", "-o", "y.npy"],
            "grad" => ["grad", "batch-norm", "x.npy", "dy.npy", "-o", "g.npz"],
            "bench" => ["bench", "layer-norm", "--shape", "2,8"],
            "diagnose" => ["diagnose", "x.npy", "dy.npy"],
            "inspect" => ["inspect", "model.safetensors"],
            "fold" => ["fold", "model.safetensors", "-o", "out.safetensors", "--plan", "gpt2", "--keep", "ln_f"],
            "lab" => ["lab"],
            "stats" => ["stats", "two.npz", "--name", "b", "--dim", "0"],
            _ => throw new InvalidOperationException($"{name}: a new command needs a right line here."),
        };
        using Workplace work = new();
        work.Array("x.npy", Near.Random(120, 71), [4, 6, 5]);
        work.Array("dy.npy", Near.Random(120, 72), [4, 6, 5]);
        SafetensorsFile.Write(work["model.safetensors"], Checkpoint.Of("gpt2").Tensors.Select(
            tensor => new KeyValuePair<string, StoredTensor>(tensor.Key, StoredTensor.From<float>(tensor.Value.Values, tensor.Value.Shape, ElementType.Float32))));
        NpzFile.Write(work["two.npz"], [new("a", StoredTensor.From<float>([1, 2], [2])), new("b", StoredTensor.From<float>([3], [1]))]);
        right = [.. right.Select(word => word.Contains('.', StringComparison.Ordinal) ? work[word] : word)];
        string[] before = work.Files;
        List<string> wrongs = [];
        // A line that is wrong for another reason would be refused too. The right line of lab waits for Ctrl+C: LabTests runs it.
        if (name != "lab")
            Assert.Equal(0, Workplace.Run(right).ExitCode);
        foreach (string made in work.Files.Except(before))
            File.Delete(work[made]);
        int tried = 0;
        foreach (Option option in command.Options.Where(o => o.Name != "--help"))
        {
            string[][] wrong = option.ValueType == typeof(bool)
                ? [[$"{option.Name}=maybe"], [$"{option.Name}=false"]]
                : [[option.Name], [option.Name, ""], [option.Name, "\u0001"], [option.Name, "1e999;"], [option.Name, "-1,x"], [option.Name, work["nowhere/nothing.npy"]]];
            foreach (string[] words in wrong)
            {
                // The option in place of its right value, if it has one.
                int at = Array.FindIndex(right, w => w == option.Name || option.Aliases.Contains(w));
                string[] line = at < 0 ? [.. right, .. words] : [.. right[..at], .. words, .. right[(at + 2)..]];
                ToolResult result = Workplace.Run(line);
                tried++;
                if (result.ExitCode != 2 || result.Out.Length > 0 || result.Error.Count(c => c == '\n') != 1 || !result.Error.StartsWith("normkit: ", StringComparison.Ordinal))
                    wrongs.Add($"{string.Join(' ', line)}: exit code {result.ExitCode}, '{result.Out}', '{result.Error}'");
                if (!work.Files.SequenceEqual(before))
                    wrongs.Add($"{string.Join(' ', line)}: left {string.Join(", ", work.Files.Except(before))}");
            }
        }
        Assert.True(tried > 0 && wrongs.Count == 0, string.Join(Environment.NewLine, wrongs));
    }

    /// <summary>An argument less, and one more, than a command takes.</summary>
    [Theory]
    [InlineData("explain")]
    [InlineData("explain a b")]
    [InlineData("explain nothing")]
    [InlineData("explain layer-norm --shape 0,5")]
    [InlineData("explain layer-norm --shape 4,99999999999")]
    [InlineData("explain group-norm --shape 2,6,5 --groups 4")]
    [InlineData("layers a")]
    [InlineData("apply a b c -o d")]
    [InlineData("grad a b c d -o e")]
    public void Run_WrongArguments_IsRefusedInOneLine(string line) => Workplace.Run(line.Split(' ')).Refusal();

    private static Command Root() => RootCommandLine.Create(new ToolOutput(TextWriter.Null, TextWriter.Null), () => new LocalCommunicator(), CancellationToken.None);
}
