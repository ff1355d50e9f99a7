using TorchSharp.Modules;

namespace NormKit.TorchSharp.Models;

/// <summary>Looks for numbers in a model's norms that no training should leave.</summary>
internal static class Inspection
{
    /// <summary>A weight of this magnitude lets nothing through.</summary>
    private const double Dead = 1e-8;

    public static IReadOnlyList<NormFinding> Of(torch.nn.Module model)
    {
        List<NormFinding> findings = [];
        HashSet<torch.nn.Module> seen = [];
        foreach ((string path, torch.nn.Module module) in model.named_modules().Prepend(("", model)))
        {
            if (seen.Add(module) && IsNorm(module))
                Inspect(path, module, findings);
        }
        return findings;
    }

    private static bool IsNorm(torch.nn.Module module) =>
        module is NormModule or NormBase or global::TorchSharp.Modules.LayerNorm or global::TorchSharp.Modules.GroupNorm;

    private static void Inspect(string path, torch.nn.Module module, List<NormFinding> findings)
    {
        Dictionary<string, double[]> values = module.state_dict().ToDictionary(pair => pair.Key, pair => Doubles(pair.Value));
        foreach ((string key, double[] numbers) in values)
            Add(NormProblem.NotFinite, Where(numbers, value => !double.IsFinite(value)), channels => $"{key} is NaN or infinite in {channels}; a batch or a step of training has spoilt it.");
        if (values.TryGetValue("running_var", out double[]? variance))
        {
            Add(NormProblem.NegativeVariance, Where(variance, value => value < 0), channels => $"running_var is negative in {channels}: no data has such a variance, so the file or the code that wrote it is wrong.");
            bool isNew = variance.All(value => value == 1) && values.GetValueOrDefault("running_mean", []).All(value => value == 0);
            bool isCounted = values.TryGetValue("num_batches_tracked", out double[]? batches) && batches[0] > 0;
            if (isNew && !isCounted)
                Add(NormProblem.Untouched, [.. Enumerable.Range(0, variance.Length)], _ => "the running statistics are those of a new layer: load or train them, or call UpdateBatchNorm, before evaluation.");
            if (EpsOf(module) is double eps)
                Add(NormProblem.VarianceBelowEps, Where(variance, value => value >= 0 && value < eps), channels => $"running_var is below eps ({eps:G3}) in {channels}: what comes in there is constant, or so small that eps decides its scale.");
        }
        if (values.TryGetValue("weight", out double[]? weight) && module is not GlobalResponseNorm)
            Add(NormProblem.DeadChannel, Where(weight, value => Math.Abs(value) <= Dead), channels => $"weight is 0 in {channels}: the output there is the bias, whatever comes in.");

        void Add(NormProblem problem, int[] channels, Func<string, string> message)
        {
            if (channels.Length > 0)
                findings.Add(new(path, problem, channels, message(Text(channels))));
        }
    }

    private static double? EpsOf(torch.nn.Module module) => module switch
    {
        NormBase theirs => theirs.eps,
        RunningNormModule own => own.Eps,
        FrozenBatchNorm own => own.Eps,
        SwitchableNorm own => own.Eps,
        _ => null,
    };

    private static int[] Where(double[] values, Func<double, bool> has) => [.. values.Index().Where(value => has(value.Item)).Select(value => value.Index)];

    private static string Text(int[] channels)
    {
        const int Shown = 8;
        string some = string.Join(", ", channels.Take(Shown));
        return $"{(channels.Length == 1 ? "channel" : "channels")} {some}{(channels.Length > Shown ? $" and {channels.Length - Shown} more" : "")}";
    }

    private static double[] Doubles(Tensor tensor)
    {
        using global::TorchSharp.DisposeScope scope = torch.NewDisposeScope();
        return tensor.detach().cpu().to(ScalarType.Float64).flatten().contiguous().data<double>().ToArray();
    }
}
