namespace NormKit.TorchSharp.Models;

/// <summary>A batch norm of torch's or of NormKit's as the formula has it.</summary>
internal sealed record BatchNormView(torch.nn.Module Module, double Eps, Tensor? Mean, Tensor? Variance, Tensor? Weight, Tensor? Bias)
{
    /// <summary>The view of a module; null where it is no batch norm.</summary>
    public static BatchNormView? Of(torch.nn.Module module) => module switch
    {
        global::TorchSharp.Modules.BatchNorm theirs => new(module, theirs.eps, theirs.running_mean, theirs.running_var, theirs.weight, theirs.bias),
        BatchNorm own => new(module, own.Eps, own.RunningMean, own.RunningVar, own.Weight, own.Bias),
        FrozenBatchNorm frozen => new(module, frozen.Eps, frozen.RunningMean, frozen.RunningVar, frozen.Weight, frozen.Bias),
        _ => null,
    };

    /// <summary>NormKit's layer with the same numbers, in double.</summary>
    public BatchNorm<double> ToLayer()
    {
        BatchNorm<double> layer = new(checked((int)Mean!.numel()), Eps, affine: Weight is not null);
        Copy(Mean, layer.RunningMean!);
        Copy(Variance!, layer.RunningVar!);
        if (Weight is not null)
            Copy(Weight, layer.Weight!.Value);
        if (Bias is not null && layer.Bias is not null)
            Copy(Bias, layer.Bias.Value);
        return layer;
    }

    private static void Copy(Tensor from, System.Numerics.Tensors.Tensor<double> to)
    {
        using Tensor host = from.detach().cpu();
        Passes.TensorMemory.Read(host, Passes.TensorMemory.Flat(to));
    }
}
