using NormKit.IO;

namespace NormKit.Cli.Tests;

/// <summary>Whatever is wrong: exit code 2, one line on standard error that says what to do, and no file.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("", "no command given", "normkit --help")]
    [InlineData("comapre", "unknown command 'comapre', did you mean 'compare'?", "normkit --help")]
    [InlineData("xyzzy", "unknown command 'xyzzy'.", "normkit --help")]
    [InlineData("--jsn", "unknown option '--jsn'", "normkit --help")]
    [InlineData("compare --sed 3", "unknown option '--sed', did you mean '--seed'?", "normkit compare --help")]
    [InlineData("compare a.npy b.npy", "unexpected argument 'b.npy'", "normkit compare --help")]
    [InlineData("compare --eps abc", "--eps 'abc'", "finite number, 0 or more")]
    [InlineData("compare --eps -1", "--eps '-1'", "finite number, 0 or more")]
    [InlineData("compare --eps nan", "--eps 'nan'", "finite number")]
    [InlineData("compare --eps", "--eps", "normkit compare --help")]
    [InlineData("compare --eps 1 --eps 2", "--eps", "normkit compare --help")]
    [InlineData("compare --seed -1", "--seed '-1'", "from 0 to 18446744073709551615")]
    [InlineData("compare --seed 1.5", "--seed '1.5'", "whole number")]
    [InlineData("compare --groups 0", "--groups '0'", "from 1 to 2147483647")]
    [InlineData("compare --groups 5", "5 groups do not divide 32 channels", "divisor")]
    [InlineData("compare --shape 4,0", "--shape '4,0'", "commas")]
    [InlineData("compare --shape 4,99999999999", "--shape '4,99999999999'", "from 1 to 2147483647")]
    [InlineData("compare --shape 4,1,3 --groups 2", "2 groups do not divide 1 channel,", "divisor")]
    [InlineData("compare --json=foo", "--json takes no value", "leave out '=foo'")]
    [InlineData("compare --json:true x.npy", "--json takes no value", "leave out ':true'")]
    [InlineData("apply batch-norm x.npy -o y.npy --eval=false", "--eval takes no value", "leave out")]
    [InlineData("apply batch-norm x.npy -o y.npy --train false", "unexpected argument 'false'", "--help")]
    [InlineData("compare --shape 4;5", "--shape '4;5'", "commas")]
    [InlineData("compare --shape 4", "has 1 dimension;", "2 to 5")]
    [InlineData("compare --shape 2,2,2,2,2,2", "6 dimensions", "2 to 5")]
    [InlineData("compare --shape 100000,100000", "too large", "elements")]
    [InlineData("compare --shape 4,6 --layers batch,instance", "instance norm does not suit shape [4, 6]", "--layers")]
    [InlineData("compare --shape 1,6 --layers batch", "batch norm does not suit shape [1, 6]", "--layers")]
    [InlineData("compare --layers batch,grop", "unknown layer 'grop', did you mean 'group'?", "batch, layer, instance, group")]
    [InlineData("compare x.npy --shape 4,5", "--shape is for random numbers", "leave it out")]
    [InlineData("compare x.npy --seed 5", "--seed is for random numbers", "leave it out")]
    [InlineData("apply", "LAYER is missing", "normkit apply --help")]
    [InlineData("apply batch-norm x.npy", "'--output' is required", "normkit apply --help")]
    [InlineData("apply batch-norm -o y.npy", "INPUT is missing", "normkit apply --help")]
    [InlineData("apply batchnorm x.npy -o y.npy", "unknown layer 'batchnorm', did you mean 'batch-norm'?", "normkit layers")]
    [InlineData("apply batch x.npy -o y.npy", "unknown layer 'batch', did you mean 'batch-norm'?", "normkit layers")]
    [InlineData("apply layer-norm --wieght w.npy x.npy -o y.npy", "unknown option '--wieght', did you mean '--weight'?", "normkit apply --help")]
    [InlineData("apply scale-norm x.npy -o y.npy --groups 2", "--groups does not fit scale-norm", "leave it out")]
    [InlineData("apply group-norm x.npy -o y.npy", "group-norm needs --groups", "--groups")]
    [InlineData("apply batch-norm x.npy -o y.npy --normalized-shape 5", "--normalized-shape does not fit batch-norm", "leave it out")]
    [InlineData("apply layer-norm x.npy -o y.npy --eval", "--eval does not fit layer-norm", "leave it out")]
    [InlineData("apply group-norm x.npy -o y.npy --groups 2 --momentum 0.5", "--momentum does not fit group-norm", "leave it out")]
    [InlineData("apply batch-norm x.npy -o y.npy --train --eval", "contradict", "one of them")]
    [InlineData("apply batch-norm x.npy -o y.npy --eval", "running statistics", "--running-mean FILE")]
    [InlineData("apply batch-norm x.npy -o y.npy --eval --running-mean m.npy", "running statistics", "--running-var FILE")]
    [InlineData("apply batch-norm x.npy -o y.npy --running-var v.npy", "--running-var without --running-mean", "together")]
    [InlineData("apply batch-norm x.npy -o y.npy --eval --running-mean m.npy --running-var v.npy --save-running-mean s.npy", "--save-running-mean", "leave out")]
    [InlineData("apply batch-norm x.npy -o y.npy --momentum 0.5", "--momentum has no effect without --save-running-mean or --save-running-var", "leave it out")]
    [InlineData("group-norm x.npy --groups 2", "unknown command 'group-norm', which is a layer: give 'normkit apply group-norm INPUT -o OUTPUT'", "normkit --help")]
    [InlineData("apply group-norm x.npy -o y.npy --num-groups 2", "unknown option '--num-groups', did you mean '--groups'?", "normkit apply --help")]
    [InlineData("apply group-norm x.npy -o y.npy --num_groups=2", "did you mean '--groups'?", "normkit apply --help")]
    [InlineData("apply layer-norm x.npy -o y.npy --epsilon 1e-3", "unknown option '--epsilon', did you mean '--eps'?", "normkit apply --help")]
    [InlineData("grad layer-norm x.npy x.npy -o y.npz --axis 1", "unknown option '--axis', did you mean '--axes'?", "normkit grad --help")]
    [InlineData("apply layer-norm x.npy -o y.npy --gamma w.npy", "unknown option '--gamma', did you mean '--weight'?", "normkit apply --help")]
    [InlineData("apply batch-norm x.npy -o y.npy --running_mean m.npy", "did you mean '--running-mean'?", "normkit apply --help")]
    [InlineData("apply batch-norm x.npy -o y.npy --moving-variance m.npy", "did you mean '--running-var'?", "normkit apply --help")]
    [InlineData("apply batch-norm x.npy -o y.npy --training", "did you mean '--train'?", "normkit apply --help")]
    [InlineData("compare --random-seed 3", "did you mean '--seed'?", "normkit compare --help")]
    [InlineData("apply layer-norm x.npy -o y.npy --xyzzy 3", "unknown option '--xyzzy'.", "normkit apply --help")]
    [InlineData("apply batch-norm x.npy -o y.npy --running-mean m.npy --running-var v.npy", "--running-mean has no effect without --save-", "add --eval.")]
    [InlineData("apply batch-norm x.npy -o y.npy --running-mean m.npy --running-var v.npy --train", "--running-mean has no effect", "replace --train by --eval.")]
    [InlineData("apply batch-norm x.npy -o y.npy --momentum 1.5", "--momentum '1.5'", "from 0 to 1")]
    [InlineData("apply batch-norm x.npy -o y.npy --threads 0", "--threads '0'", "from 1 to 2147483647")]
    [InlineData("grad batch-norm x.npy -o g.npz", "GRAD_OUTPUT is missing", "normkit grad --help")]
    public void Run_WrongCommandLine_IsRefusedInOneLine(string line, string what, string how)
    {
        string refusal = Workplace.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Refusal();
        Assert.Contains(what, refusal, StringComparison.Ordinal);
        Assert.Contains(how, refusal, StringComparison.Ordinal);
    }

    /// <summary>x is [4, 6, 5], w5 [5], w6 [6], dy [4, 6, 6]; every file name stands for its path.</summary>
    [Theory]
    [InlineData("apply batch-norm missing.npy -o y.npy", "missing.npy: cannot be read: there is no such file")]
    [InlineData("apply batch-norm damaged.npy -o y.npy", "damaged.npy")]
    [InlineData("apply batch-norm x.npz:nothing -o y.npy", "no array is named 'nothing'")]
    [InlineData("apply batch-norm x.txt -o y.npy", "unknown file extension")]
    [InlineData("apply batch-norm x.npy -o y.txt", "-o y.txt: unknown file extension; use .npy, .npz or .safetensors")]
    [InlineData("apply batch-norm x.npy -o y.npz:a", "leave out the name")]
    [InlineData("apply batch-norm x.npy -o nowhere/y.npy", "does not exist; make it first")]
    [InlineData("apply batch-norm x.npy -o directory.npy", "is a directory")]
    [InlineData("apply batch-norm x.npy -o y.npy --weight w5.npy", "--weight w5.npy: shape [5], but batch-norm of x.npy, shape [4, 6, 5], needs [6]")]
    [InlineData("apply batch-norm x.npy -o y.npy --bias missing.npy", "missing.npy: cannot be read")]
    [InlineData("apply layer-norm x.npy -o y.npy --weight w6.npy", "needs [6, 5]")]
    [InlineData("apply layer-norm x.npy -o y.npy --normalized-shape 6", "INPUT x.npy: --normalized-shape 6 is not how shape [4, 6, 5] ends")]
    [InlineData("apply layer-norm x.npy -o y.npy --normalized-shape 1,4,6,5", "is not how shape [4, 6, 5] ends")]
    [InlineData("apply layer-norm one.npy -o y.npy", "INPUT one.npy: layer-norm does not take shape [7]: it needs at least 2 dimensions")]
    [InlineData("apply group-norm x.npy -o y.npy --groups 4", "INPUT x.npy: 4 groups do not divide 6 channels")]
    [InlineData("apply group-norm x.npy -o y.npy --groups 4 --channels-last", "4 groups do not divide 5 channels, shape [4, 6, 5] (as (N, C, *): [4, 5, 6]); give --groups a divisor.")]
    [InlineData("apply instance-norm two.npy -o y.npy", "INPUT two.npy: instance-norm does not take shape [6, 7]: it needs at least 3 dimensions, (N, C, *).")]
    [InlineData("apply batch-norm two.npy -o y.npy --channels-last", "needs at least 3, (N, *, C)")]
    [InlineData("apply batch-norm single.npy -o y.npy", "INPUT single.npy: shape [1, 7] has one value per channel, and batch-norm needs more than 1 value per channel; use a larger batch, or --eval with --running-mean and --running-var.")]
    [InlineData("apply instance-norm positions.npy -o y.npy", "INPUT positions.npy: shape [3, 2, 1] has one position in a channel, and instance-norm needs more; use a larger input, or --eval")]
    [InlineData("apply group-norm single.npy -o y.npy --groups 7", "INPUT single.npy: shape [1, 7] has one value per group with --groups 7, and group-norm needs more; use fewer groups.")]
    [InlineData("apply batch-norm x.npy -o y.npy --eval --running-mean w6.npy --running-var negative.npy", "--running-var negative.npy: holds -0.25, and no variance is negative")]
    [InlineData("apply batch-norm x.npy -o y.npy --eval --running-mean w6.npy --running-var tiny32.npy", "--running-var tiny32.npy: holds -1e-5, and no variance is negative")]
    [InlineData("apply batch-norm x.npy -o y.npy --eval --running-mean w6.npy --running-var tiny16.npy", "--running-var tiny16.npy: holds -0.1, and no variance is negative")]
    [InlineData("apply batch-norm x.npy -o y.npy --eval --running-mean w6.npy --running-var nan.npy", "--running-var nan.npy: holds NaN at index 3, and a variance is a number")]
    [InlineData("apply batch-norm x.npy -o y.npy --running-mean w6.npy --running-var nan.npy --save-running-var m.npy", "--running-var nan.npy: holds NaN at index 3")]
    [InlineData("grad batch-norm x.npy x.npy -o g.npz --running-mean w6.npy --running-var negative.npy", "--running-var negative.npy: holds -0.25, and no variance is negative")]
    [InlineData("apply group-norm positions.npy -o y.npy --groups 3 --channels-last", "3 groups do not divide 1 channel")]
    [InlineData("apply batch-norm x.npy -o y.npy --save-running-mean y.npy", "-o both name y.npy")]
    [InlineData("apply batch-norm x.npy -o y.npy --save-running-mean nowhere/m.npy", "--save-running-mean nowhere/m.npy: directory")]
    [InlineData("apply batch-norm x.npy -o y.npy --save-running-var m.txt", "--save-running-var m.txt: unknown file extension")]
    [InlineData("apply batch-norm bf16.safetensors -o y.npy", "-o y.npy: .npy has no bfloat16, which this array is; use .safetensors")]
    [InlineData("grad batch-norm x.npy dy.npy -o g.npz", "GRAD_OUTPUT dy.npy: shape [4, 6, 6], but INPUT x.npy has [4, 6, 5]")]
    [InlineData("grad batch-norm x.npy x.npy -o y.npy", "-o y.npy: a .npy file holds one array only; use .npz or .safetensors")]
    [InlineData("grad batch-norm x.npy missing.npy -o g.npz", "missing.npy: cannot be read")]
    [InlineData("grad batch-norm x.npy x.npy -o g.txt", "unknown file extension; use .npz or .safetensors")]
    [InlineData("compare missing.npy", "missing.npy: cannot be read")]
    [InlineData("compare damaged.npy", "damaged.npy")]
    [InlineData("compare one.npy", "1 dimension; it must have 2 to 5")]
    [InlineData("compare empty.npy", "holds no elements")]
    public void Run_WrongFiles_IsRefusedAndWritesNothing(string line, string what)
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(120, 71), [4, 6, 5]);
        work.Array("x.npz", Near.Random(120, 71), [4, 6, 5]);
        work.Array("dy.npy", Near.Random(144, 72), [4, 6, 6]);
        work.Array("one.npy", Near.Random(7, 73), [7]);
        work.Array("two.npy", Near.Random(42, 74), [6, 7]);
        work.Array("single.npy", Near.Random(7, 75), [1, 7]);
        work.Array("positions.npy", Near.Random(6, 75), [3, 2, 1]);
        work.Array("negative.npy", [1, 2, 0, -0.25, 3, -1], [6]);
        work.Array("tiny32.npy", [1, 2, 0, -1e-5, 3, 1], [6], ElementType.Float32);
        work.Array("tiny16.npy", [1, 2, 0, -0.1, 3, 1], [6], ElementType.Float16);
        work.Array("nan.npy", [1, 2, 0, double.NaN, 3, -1], [6]);
        work.Array("empty.npy", [], [0, 7]);
        work.Array("w5.npy", Near.Random(5, 76), [5]);
        work.Array("w6.npy", Near.Random(6, 77), [6]);
        work.Array("bf16.safetensors", Near.Random(12, 78), [4, 3], ElementType.BFloat16);
        File.WriteAllBytes(work["damaged.npy"], File.ReadAllBytes(work["x.npy"])[..150]);
        work.Array("y.npy", [1, 2, 3], [3]);
        work.Array("g.npz", [4, 5], [2]);
        Directory.CreateDirectory(work["directory.npy"]);
        string[] before = work.Files;
        byte[] oldY = File.ReadAllBytes(work["y.npy"]), oldG = File.ReadAllBytes(work["g.npz"]);

        string[] args = [.. line.Split(' ').Select(word => word.Contains('.', StringComparison.Ordinal) ? work[word] : word)];
        string refusal = Workplace.Run(args).Refusal().Replace(work.Directory + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
        Assert.Contains(what, refusal, StringComparison.Ordinal);
        Assert.Equal(before, work.Files);
        Assert.Equal(oldY, File.ReadAllBytes(work["y.npy"]));
        Assert.Equal(oldG, File.ReadAllBytes(work["g.npz"]));
    }

    [Fact]
    public void Run_FileNameWithLineBreak_StaysOneLine() => Workplace.Run("compare", "no\nsuch\nfile.npy").Refusal();

    [Fact]
    public void Run_EmptyFileName_IsRefused() => Assert.Contains("INPUT is empty", Workplace.Run("compare", "").Refusal(), StringComparison.Ordinal);

    [Fact]
    public void Run_AtSign_IsAFileNameLikeAnyOther() =>
        Assert.Contains("@x.npy: cannot be read", Workplace.Run("compare", "@x.npy").Refusal(), StringComparison.Ordinal);

    [Fact]
    public void Run_FileNameBehindTwoDashes_MayStartWithADash() =>
        Assert.Contains("--x.npy: cannot be read", Workplace.Run("compare", "--", "--x.npy").Refusal(), StringComparison.Ordinal);

    [Theory]
    [InlineData("compare --shape 4,6,5")]
    [InlineData("apply batch-norm x.npy -o y.npy --save-running-mean m.npy")]
    [InlineData("grad batch-norm x.npy x.npy -o g.npz")]
    public void Run_Interrupted_Exits130AndLeavesNothing(string line)
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(120, 79), [4, 6, 5]);
        string[] args = [.. line.Split(' ').Select(word => word.Contains('.', StringComparison.Ordinal) ? work[word] : word)];
        ToolResult result = Workplace.Run(new CancellationToken(canceled: true), args);
        Assert.Equal((130, "", ""), (result.ExitCode, result.Out, result.Error));
        Assert.Equal(["x.npy"], work.Files);
    }
}
