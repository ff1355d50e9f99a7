using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NormKit.Accuracy;

/// <summary>libtorch, live: the same float input through its operators and its automatic differentiation.</summary>
internal static class Torch
{
    /// <summary>Row-major output and gradient of the input.</summary>
    public static (float[] Y, float[] Dx) Run(string layer, nint[] shape, float[] x, float[] dy, float[] weight, float[] bias, float eps)
    {
        long[] lengths = [.. shape.Select(length => (long)length)], normalized = lengths[2..];
        using Tensor input = tensor(x, lengths).requires_grad_(), gradient = tensor(dy, lengths);
        using Tensor w = tensor(weight, layer is "LayerNorm" or "RmsNorm" ? normalized : [lengths[1]]), b = tensor(bias, [.. w.shape]);
        using Tensor mean = zeros(lengths[1]), variance = ones(lengths[1]);
        using Tensor y = layer switch
        {
            "BatchNorm" => functional.batch_norm(input, mean, variance, w, b, training: true, eps: eps),
            "LayerNorm" => functional.layer_norm(input, normalized, w, b, eps),
            "InstanceNorm" => functional.instance_norm(input, weight: w, bias: b, eps: eps),
            "GroupNorm" => functional.group_norm(input, 5, w, b, eps),
            // As rms_norm of ATen is composed on a CPU; TorchSharp does not have it by its name.
            _ => input * (input.pow(2).mean([2L, 3L], keepdim: true) + eps).rsqrt() * w,
        };
        y.backward([gradient]);
        using Tensor? dx = input.grad;
        return (y.detach().data<float>().ToArray(), dx!.data<float>().ToArray());
    }
}
