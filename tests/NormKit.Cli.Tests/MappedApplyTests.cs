using NormKit.IO;

namespace NormKit.Cli.Tests;

/// <summary>Large .npy files are mapped, not read: the same bytes come out, and nothing half written stays.</summary>
public sealed class MappedApplyTests
{
    private static readonly string[][] Calls =
    [
        ["layer-norm", "--normalized-shape", "7"], ["rms-norm", "--normalized-shape", "5,7"], ["batch-norm"], ["instance-norm"], ["group-norm", "--groups", "4"],
        ["local-response-norm", "--size", "3"], ["lp-normalize"], ["lp-normalize", "--p", "3"], ["switchable-norm"], ["global-response-norm"], ["filter-response-norm"],
        ["evo-norm-s0", "--groups", "4"], ["evo-norm-b0"], ["dynamic-tanh", "--normalized-shape", "7"], ["scale-norm"], ["batch-renorm"], ["ghost-batch-norm", "--num-splits", "3"],
        ["weight-norm"], ["spectral-norm"], ["batch-norm", "--channels-last"], ["group-norm", "--groups", "7", "--channels-last"], ["layer-norm", "--axes", "1"],
    ];

    public static TheoryData<string> Lines { get; } = [.. Calls.Select(call => string.Join(' ', call))];

    [Theory, MemberData(nameof(Lines))]
    public void Apply_Mapped_GivesTheBytesOfTheWayInMemory(string line)
    {
        string[] call = line.Split(' ');
        foreach (ElementType type in (ElementType[])[ElementType.Float16, ElementType.Float32, ElementType.Float64])
        {
            using Workplace work = new();
            work.Array("x.npy", Near.Random(1260, 1, offset: 3), [3, 12, 5, 7], type);
            work.Array("x.safetensors", TensorFile.Read(work["x.npy"]).ToArray<double>(), [3, 12, 5, 7], type);
            Workplace.Succeed(["apply", call[0], work["x.safetensors"], "-o", work["memory.npy"], .. call[1..]]);
            Mapped(() => Workplace.Succeed(["apply", call[0], work["x.npy"], "-o", work["mapped.npy"], .. call[1..]]));
            Assert.Equal(File.ReadAllBytes(work["memory.npy"]), File.ReadAllBytes(work["mapped.npy"]));
            Assert.Equal(["mapped.npy", "memory.npy", "x.npy", "x.safetensors"], work.Files);
        }
    }

    [Fact]
    public void Apply_MappedOntoItsInput_ReplacesIt()
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(60, 2), [5, 12]);
        Workplace.Succeed("apply", "layer-norm", work["x.npy"], "-o", work["y.npy"], "--threads", "1");
        Mapped(() => Workplace.Succeed("apply", "layer-norm", work["x.npy"], "-o", work["x.npy"]));
        Assert.Equal(File.ReadAllBytes(work["y.npy"]), File.ReadAllBytes(work["x.npy"]));
    }

    [Fact]
    public void Apply_MappedInTraining_SavesRunningStatistics()
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(1260, 3, offset: 1), [3, 12, 5, 7]);
        string[] call = ["apply", "batch-norm", work["x.npy"], "-o", work["y.npy"], "--save-running-mean", work["m.npy"]];
        Workplace.Succeed(call);
        byte[] mean = File.ReadAllBytes(work["m.npy"]);
        Mapped(() => Workplace.Succeed(call));
        Assert.Equal(mean, File.ReadAllBytes(work["m.npy"]));
    }

    /// <summary>Cancelled, refused by the layer, no room: what was there stays, and nothing else does.</summary>
    [Fact]
    public void Apply_MappedThatFails_LeavesNoFile()
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(1260, 4), [3, 12, 5, 7]);
        work.Array("m.npy", Near.Random(5, 5), [5]);
        File.WriteAllText(work["y.npy"], "old");
        Mapped(() =>
        {
            Assert.Equal(130, Workplace.Run(new CancellationToken(canceled: true), "apply", "layer-norm", work["x.npy"], "-o", work["y.npy"]).ExitCode);
            Workplace.Run("apply", "group-norm", work["x.npy"], "--groups", "5", "-o", work["y.npy"]).Refusal();
            Workplace.Run("apply", "batch-norm", work["x.npy"], "--eval", "--running-mean", work["m.npy"], "--running-var", work["m.npy"], "-o", work["y.npy"]).Refusal();
            // Written, and then the second output cannot be put in its place.
            Directory.CreateDirectory(work["taken"]);
            Workplace.Run("apply", "batch-norm", work["x.npy"], "-o", work["y.npy"], "--save-running-mean", work["taken"] + "/none/m.npy").Refusal();
        });
        Assert.Equal("old", File.ReadAllText(work["y.npy"]));
        Assert.Equal(["m.npy", "taken", "x.npy", "y.npy"], work.Files);
    }

    /// <summary>A map that is written to and then given up, as by a cancelled pass, is removed with its commit undone.</summary>
    [Fact]
    public void WriteMapped_ThatFailsHalfWay_LeavesTheOldFile()
    {
        using Workplace work = new();
        File.WriteAllText(work["y.npy"], "old");
        using (OutputFiles files = new())
        {
            files.Declare("-o", work["y.npy"], ElementType.Float32);
            Assert.Throws<OperationCanceledException>(() => files.WriteMapped(work["y.npy"], ElementType.Float32, [1000], array =>
            {
                array.View<float>(new(ChannelsLast: false)).Fill(5);
                throw new OperationCanceledException();
            }));
            Assert.Equal(2, work.Files.Length);
        }
        Assert.Equal(["y.npy"], work.Files);
        Assert.Equal("old", File.ReadAllText(work["y.npy"]));
    }

    [Theory]
    [InlineData(-1, "needs 5040 bytes but only 5039 follow")]
    [InlineData(1, "1 bytes after the data")]
    public void Apply_OfADamagedFile_SaysWhatReadingItSays(int change, string says)
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(1260, 6), [3, 12, 5, 7]);
        byte[] bytes = File.ReadAllBytes(work["x.npy"]);
        System.Array.Resize(ref bytes, bytes.Length + change);
        File.WriteAllBytes(work["x.npy"], bytes);
        string[] call = ["apply", "layer-norm", work["x.npy"], "-o", work["y.npy"]];
        string read = Workplace.Run(call).Refusal();
        Assert.Contains(says, read, StringComparison.Ordinal);
        Mapped(() => Assert.Equal(read, Workplace.Run(call).Refusal()));
        Assert.Equal(["x.npy"], work.Files);
    }

    /// <summary>Other files go the old way: other types, byte orders and memory orders, a mask, an output of another kind.</summary>
    [Fact]
    public void Apply_WhatCannotBeMapped_IsRead()
    {
        using Workplace work = new();
        double[] x = Near.Random(60, 7);
        work.Array("x.npy", x, [5, 12]);
        byte[] bytes = File.ReadAllBytes(work["x.npy"]);
        int header = bytes.Length - 240;
        byte[] big = [.. bytes.AsSpan(0, header).ToArray(), .. bytes[header..].Chunk(4).SelectMany(element => element.Reverse())];
        big[System.Array.IndexOf(big, (byte)'<')] = (byte)'>';
        File.WriteAllBytes(work["big.npy"], big);
        Workplace.Succeed("apply", "layer-norm", work["x.npy"], "-o", work["y.npy"]);
        Mapped(() =>
        {
            Workplace.Succeed("apply", "layer-norm", work["big.npy"], "-o", work["z.npy"]);
            Workplace.Succeed("apply", "layer-norm", work["x.npy"], "-o", work["z.npz"]);
        });
        Assert.Equal(File.ReadAllBytes(work["y.npy"]), File.ReadAllBytes(work["z.npy"]));
        Assert.Equal(Workplace.Read(work["y.npy"]), Workplace.Read(work["z.npz"]));
    }

    private static void Mapped(Action calls)
    {
        long usual = ApplyCommand.MappedFrom;
        ApplyCommand.MappedFrom = 1;
        try
        {
            calls();
        }
        finally
        {
            ApplyCommand.MappedFrom = usual;
        }
    }
}
