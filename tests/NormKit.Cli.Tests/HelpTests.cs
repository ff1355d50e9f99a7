namespace NormKit.Cli.Tests;

public sealed class HelpTests
{
    private const string LayerOptions =
        "--output -o --weight --bias --param --state --running-mean --running-var --save-running-mean --save-running-var --train --eval --mask --style --scale "
        + "--shift --residual --save-sum --momentum --eps --groups --normalized-shape --axes --unit-offset --activation --num-splits --r-max --d-max --size --alpha "
        + "--beta --k --window --p --dim --iterations --dtype --channels-last --threads --help";

    [Theory]
    [InlineData("", "layers explain compare diagnose inspect fold stats apply grad bench lab --version --help", "normkit compare")]
    [InlineData("layers", "--json --help", "normkit layers")]
    [InlineData("explain", "LAYER --shape --groups --normalized-shape --axes --dim --size --num-splits --dtype --json --help", "normkit explain group-norm")]
    [InlineData("bench", "LAYER --shape --groups --normalized-shape --axes --dim --size --num-splits --dtype --threads --json --help 16,32,64,64", "normkit bench layer-norm --shape 4096,768 --threads 1")]
    [InlineData("lab", "--port --no-browser --help", "normkit lab")]
    [InlineData("compare", "INPUT --shape --groups --seed --eps --layers --json --help 16,32,64,64 batch,layer,instance,group 1e-5", "normkit compare --shape 4,12,9,9 --groups 3")]
    [InlineData("diagnose", "INPUT OUTPUT --weight --bias --running-mean --running-var --running-mean-after --running-var-after --conv-bias --layer --eps --groups --normalized-shape --axes "
        + "--unit-offset --p --dim --size --alpha --beta --k --window --eval --channels-last --compare --input --json --report --help", "normkit diagnose x.npy y.npy")]
    [InlineData("inspect", "MODEL OTHER --json --report FILE.html --help", "normkit inspect model.safetensors")]
    [InlineData("fold", "MODEL --output -o --plan --keep --check --json --help", "normkit fold model.onnx -o folded.onnx")]
    [InlineData("stats", "FILE --dim --name --state OUT.nks --merge --apply OUT_DIR --json --threads --help", "normkit stats --merge part0.nks part1.nks")]
    [InlineData("apply", "LAYER INPUT batch-norm layer-norm instance-norm group-norm 0.1 1e-5 " + LayerOptions, "normkit apply group-norm x.npy")]
    [InlineData("grad", "LAYER INPUT GRAD_OUTPUT grad_input grad_weight grad_bias " + LayerOptions, "normkit grad batch-norm x.npy dy.npy")]
    public void Help_EachCommand_NamesEveryOptionIn100Columns(string command, string names, string example)
    {
        ToolResult result = Workplace.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith("Description:", result.Out, StringComparison.Ordinal);
        Assert.Contains($"Usage:\n  normkit {command}", result.Out, StringComparison.Ordinal);
        Assert.All(names.Split(' '), name => Assert.Contains(name, result.Out, StringComparison.Ordinal));
        Assert.Contains($"  {example}", result.Out, StringComparison.Ordinal);
        Assert.All(result.Out.Split('\n'), line =>
        {
            Assert.InRange(line.Length, 0, 100);
            Assert.Equal(line.TrimEnd(), line);
        });
    }

    [Fact]
    public void Help_Root_ShowsWhichArgumentsAreOptional()
    {
        string help = Workplace.Run("--help").Out;
        Assert.Contains("  compare [<INPUT>]  ", help, StringComparison.Ordinal);
        Assert.Contains("  apply <LAYER> <INPUT>  ", help, StringComparison.Ordinal);
        Assert.Single(help.Split('\n').Where(line => line.StartsWith("  compare", StringComparison.Ordinal)).Select(line => line.IndexOf("Compares", StringComparison.Ordinal))
            .Append(help.Split('\n').First(line => line.StartsWith("  apply", StringComparison.Ordinal)).IndexOf("Applies", StringComparison.Ordinal)).Distinct());
    }

    [Theory]
    [InlineData("-h")]
    [InlineData("-?")]
    public void Help_ShortForms_AreTheSame(string option) => Assert.Equal(Workplace.Run("--help").Out, Workplace.Run(option).Out);

    [Fact]
    public void Help_BesideWrongOptions_IsStillShown() => Assert.Equal(0, Workplace.Run("apply", "--eps", "abc", "--help").ExitCode);

    [Fact]
    public void Version_IsOneLine()
    {
        ToolResult result = Workplace.Run("--version");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", result.Out);
        Assert.DoesNotContain('+', result.Out);
    }

    [Theory]
    [InlineData("comapre", ", did you mean 'compare'?")]
    [InlineData("aply", ", did you mean 'apply'?")]
    [InlineData("gra", ", did you mean 'grad'?")]
    [InlineData("benchmark", ".")]
    public void Suggestion_IsTheNearestCommand(string word, string expected) => Assert.Equal(expected, Suggestion.For(word, ["compare", "apply", "grad"]));
}
