using NormKit.IO;

namespace NormKit.Cli.Tests;

/// <summary>Files of older versions and of other programs: keys, prefixes, element types.</summary>
public sealed class OlderFileTests
{
    public static TheoryData<string, string> Prefixes() => new(
        from stored in (string[])["bn.", "module.bn.", "_orig_mod.bn.", "module._orig_mod.bn.", "bn._orig_mod."]
        from asked in (string[])[":bn", ":module.bn", ":_orig_mod.bn"]
        select (stored, asked));

    [Theory, MemberData(nameof(Prefixes))]
    public void Apply_StateUnderAWrappersPrefix_IsFound(string stored, string asked)
    {
        using Workplace work = new();
        (string[] files, string[] older) = BatchNorm(work, stored);
        string[] call = ["apply", "batch-norm", work.Array("x.npy", Near.Random(60, 1), [2, 5, 6]), "--eval"];
        Workplace.Succeed([.. call, .. files, "-o", work["one.npy"]]);
        Workplace.Succeed([.. call, .. older[..1], older[1] + asked, "-o", work["all.npy"]]);
        Assert.Equal(File.ReadAllBytes(work["one.npy"]), File.ReadAllBytes(work["all.npy"]));

        BatchNorm<float> layer = new(5);
        layer.LoadSafetensors(older[1], asked[1..]);
        Assert.Equal(Workplace.Read(files[1]), layer.State[0].Value!.Select(value => (double)value));
    }

    /// <summary>Two layers fit the prefix; neither is taken.</summary>
    [Fact]
    public void Apply_TwoPrefixesThatFit_AreRefusedAndNamed()
    {
        using Workplace work = new();
        StoredTensor weight = StoredTensor.From<double>(Near.Random(5, 2), [5]);
        SafetensorsFile.Write(work["m.safetensors"], [KeyValuePair.Create("module.bn.weight", weight), KeyValuePair.Create("_orig_mod.bn.weight", weight)]);
        string refusal = Workplace.Run(
            "apply", "batch-norm", work.Array("x.npy", Near.Random(60, 1), [2, 5, 6]), "--state", work["m.safetensors"] + ":bn", "-o", work["y.npy"]).Refusal();
        Assert.Contains("'_orig_mod.bn.', 'module.bn.'", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("weight-norm", "g", "weight_g", 1, 1, 5)]
    [InlineData("spectral-norm", "u", "weight_u", 5)]
    public void Apply_OlderKeysOfAWeight_AreRead(string layer, string name, string key, params int[] shape)
    {
        using Workplace work = new();
        double[] values = Near.Random(shape.Aggregate((a, b) => a * b), 3);
        SafetensorsFile.Write(work["m.safetensors"], [KeyValuePair.Create("pos." + key, StoredTensor.From<double>(values, [.. shape.Select(n => (nint)n)]))]);
        string[] call = ["apply", layer, work.Array("v.npy", Near.Random(90, 4), [6, 3, 5]), "--dim", "2", .. layer == "spectral-norm" ? (string[])["--train"] : []];
        Workplace.Succeed([.. call, "--state", work["m.safetensors"] + ":pos", "-o", work["all.npy"]]);
        Workplace.Succeed([.. call, "--param", $"{name}={work["m.safetensors"]}", "-o", work["one.npy"]]);
        Workplace.Succeed([.. call, "-o", work["none.npy"]]);
        Assert.Equal(File.ReadAllBytes(work["one.npy"]), File.ReadAllBytes(work["all.npy"]));
        if (layer == "weight-norm")
            Assert.NotEqual(Workplace.Read(work["none.npy"]), Workplace.Read(work["all.npy"]));
    }

    /// <summary>The same numbers as bfloat16 of .safetensors, and as the two bytes that NumPy writes.</summary>
    [Theory]
    [InlineData("<V2", "x.npy")]
    [InlineData("|V2", "x.npy")]
    public void Apply_BFloat16OfNumPy_IsReadOnRequest(string descr, string file)
    {
        using Workplace work = new();
        string stored = work.Array("x.safetensors", Near.Random(20, 5), [4, 5], ElementType.BFloat16);
        byte[] bytes = File.ReadAllBytes(stored)[^40..];
        string header = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': (4, 5), }}".PadRight(117) + "\n";
        File.WriteAllBytes(work[file], [0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. System.Text.Encoding.ASCII.GetBytes(header), .. bytes]);
        string refusal = Workplace.Run("apply", "layer-norm", work[file], "-o", work["y.safetensors"]).Refusal();
        Assert.Contains("--v2-as bfloat16", refusal, StringComparison.Ordinal);
        Workplace.Succeed("apply", "layer-norm", work[file], "--v2-as", "bfloat16", "--residual", work[file], "-o", work["y.safetensors"]);
        Workplace.Succeed("apply", "layer-norm", stored, "--residual", stored, "-o", work["z.safetensors"]);
        Assert.Equal(File.ReadAllBytes(work["z.safetensors"]), File.ReadAllBytes(work["y.safetensors"]));
    }

    /// <summary>grad takes the line of apply, whose running statistics have no effect on it.</summary>
    [Fact]
    public void Grad_WhatApplyTook_IsTaken()
    {
        using Workplace work = new();
        (string[] files, _) = BatchNorm(work, "bn.");
        string x = work.Array("x.npy", Near.Random(60, 1), [2, 5, 6]), dy = work.Array("dy.npy", Near.Random(60, 2), [2, 5, 6]);
        string[] settings = [.. files, "--train", "--momentum", "0.3"];
        Workplace.Succeed(["apply", "batch-norm", x, .. settings, "--save-running-mean", work["m.npy"], "-o", work["y.npy"]]);
        Workplace.Succeed(["grad", "batch-norm", x, dy, .. settings, "-o", work["g.npz"]]);
        Workplace.Succeed(["grad", "batch-norm", x, dy, .. files[..4], "-o", work["plain.npz"]]);
        foreach (string name in (string[])["grad_input", "grad_weight", "grad_bias"])
            Assert.Equal(Workplace.Read(work[$"plain.npz:{name}"]), Workplace.Read(work[$"g.npz:{name}"]));
    }

    /// <summary>The weight times what the layer without one gives, in bfloat16.</summary>
    [Theory]
    [InlineData("rms-norm --groups 2")]
    [InlineData("gated-rms-norm --gate-first")]
    public void Apply_RoundBeforeWeight_RoundsTwice(string layer)
    {
        using Workplace work = new();
        string x = work.Array("x.safetensors", Near.Random(480, 11), [8, 60], ElementType.BFloat16), w = work.Array("w.npy", Near.Random(60, 12, offset: 1), [60]);
        string[] call = ["apply", layer.Split(' ')[0], x, .. layer.Split(' ')[1..], .. layer.StartsWith("gated", StringComparison.Ordinal) ? (string[])["--gate", x] : []];
        Workplace.Succeed([.. call, "-o", work["plain.safetensors"]]);
        Workplace.Succeed([.. call, "--weight", w, "-o", work["once.safetensors"]]);
        Workplace.Succeed([.. call, "--weight", w, "--round-before-weight", "-o", work["y.safetensors"]]);
        double[] plain = Workplace.Read(work["plain.safetensors"]), weight = Workplace.Read(w), y = Workplace.Read(work["y.safetensors"]);
        Assert.Equal(plain.Select((v, i) => (double)(float)(BFloat16)((float)weight[i % 60] * (float)v)), y);
        Assert.NotEqual(Workplace.Read(work["once.safetensors"]), y);
    }

    /// <summary>Batch norm of 5 channels: each array in a file of its own, and all in one, under TensorFlow's names behind a prefix.</summary>
    private static (string[] Files, string[] State) BatchNorm(Workplace work, string prefix)
    {
        (string Option, string Key)[] names = [("weight", "gamma"), ("bias", "beta"), ("running-mean", "moving_mean"), ("running-var", "moving_variance")];
        List<string> files = [];
        List<KeyValuePair<string, StoredTensor>> all = [];
        foreach ((string option, string key) in names)
        {
            double[] values = Near.Random(5, option.Length, offset: option == "running-var" ? 2 : 0.3);
            files.AddRange([$"--{option}", work.Array($"{option}.npy", values, [5])]);
            all.Add(KeyValuePair.Create(prefix + key, StoredTensor.From<double>(values, [5], ElementType.Float32)));
        }
        SafetensorsFile.Write(work["older.safetensors"], all);
        return ([.. files], ["--state", work["older.safetensors"]]);
    }
}
