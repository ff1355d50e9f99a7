using NormKit.IO;

namespace NormKit.Cli.Tests;

/// <summary>The tool on PyTorch's own cases, by the file names that a user would write.</summary>
public sealed class GoldenTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Golden");

    public static TheoryData<string, string> Cases() => new()
    {
        { "batch_1d_nc", "batch-norm --train" },
        { "batch_1d_ncl", "batch-norm --momentum 0.25" },
        { "batch_2d_train", "batch-norm" },
        { "batch_2d_eval", "batch-norm --eval" },
        { "batch_3d", "batch-norm --eps 1e-3" },
        { "layer_last", "layer-norm" },
        { "layer_two", "layer-norm --normalized-shape 17,31" },
        { "layer_offset", "layer-norm --normalized-shape 640" },
        { "instance_1d", "instance-norm" },
        { "instance_2d_affine", "instance-norm" },
        { "group_4_of_12", "group-norm --groups 4" },
        { "group_nc", "group-norm --groups 5" },
        { "group_offset", "group-norm --groups 2" },
    };

    [Theory, MemberData(nameof(Cases))]
    public void ApplyAndGrad_GoldenCase_GivePyTorchsFloat64(string name, string options)
    {
        using Workplace work = new();
        string file = Path.Combine(Folder, name + ".npz");
        IReadOnlyDictionary<string, StoredTensor> golden = NpzFile.ReadAll(file);
        bool eval = options.Contains("--eval", StringComparison.Ordinal), running = golden.ContainsKey("running_mean");
        string[] layer = [.. options.Split(' ')];
        string[] shared = [.. layer[1..], "--weight", $"{file}:weight", "--bias", $"{file}:bias",
            .. running ? (string[])["--running-mean", $"{file}:running_mean", "--running-var", $"{file}:running_var"] : []];
        string[] save = running && !eval ? ["--save-running-mean", work["m.npy"], "--save-running-var", work["v.npy"]] : [];
        Workplace.Succeed(["apply", layer[0], $"{file}:x", "-o", work["y.npy"], .. shared, .. save]);
        Workplace.Succeed(["grad", layer[0], $"{file}:x", $"{file}:dy", "-o", work["g.npz"], .. shared, .. save]);

        Near.Equal(golden["want_y"].ToArray<double>(), Workplace.Read(work["y.npy"]), Near.Float);
        Near.Equal(golden["want_dx"].ToArray<double>(), Workplace.Read(work["g.npz:grad_input"]), Near.Float);
        Near.Equal(golden["want_dweight"].ToArray<double>(), Workplace.Read(work["g.npz:grad_weight"]), Near.Float);
        Near.Equal(golden["want_dbias"].ToArray<double>(), Workplace.Read(work["g.npz:grad_bias"]), Near.Float);
        if (save.Length > 0)
        {
            Near.Equal(golden["want_running_mean"].ToArray<double>(), Workplace.Read(work["m.npy"]), Near.Float);
            Near.Equal(golden["want_running_var"].ToArray<double>(), Workplace.Read(work["v.npy"]), Near.Float);
        }
    }
}
