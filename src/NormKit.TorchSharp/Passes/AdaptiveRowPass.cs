using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp.Passes;

/// <summary>A pass of adaptive layer norm or adaptive RMS norm: the input, the scale and, if there is one, the shift.</summary>
internal sealed class AdaptiveRowPass<T, TInput>(AdaptiveRowOperator op, AdaptiveRowNorm<T> layer) : Pass
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TInput : unmanaged
{
    private static readonly ScalarType Computed = typeof(T) == typeof(double) ? ScalarType.Float64 : ScalarType.Float32;

    private SavedStatistics? saved;

    public override string Name => op.Name;

    protected override Tensor Forward(Tensor[] inputs, bool keep)
    {
        using global::TorchSharp.DisposeScope scope = torch.NewDisposeScope();
        layer.MaxDegreeOfParallelism = Math.Max(1, torch.get_num_threads());
        Tensor x = TensorMemory.Dense(inputs[0]), y = torch.empty_like(x);
        Tensor scale = Condition(inputs[1]);
        Tensor? shift = inputs.Length > 2 ? Condition(inputs[2]) : null;
        SavedStatistics? statistics = keep ? new() : null;
        layer.Forward<TInput>(
            TensorMemory.Span<TInput>(x), TensorMemory.Span<T>(scale), shift is null ? default : TensorMemory.Span<T>(shift), TensorMemory.Span<TInput>(y), statistics);
        saved = statistics;
        GC.KeepAlive(inputs);
        return y.MoveToOuterDisposeScope();
    }

    protected override Tensor?[] Backward(Tensor gradOutput, Tensor[] inputs, bool[] wanted)
    {
        using global::TorchSharp.DisposeScope scope = torch.NewDisposeScope();
        layer.MaxDegreeOfParallelism = Math.Max(1, torch.get_num_threads());
        Tensor x = TensorMemory.Dense(inputs[0]), dy = TensorMemory.InLayoutOf(gradOutput, x), scale = Condition(inputs[1]);
        (System.Numerics.Tensors.Tensor<TInput> dx, System.Numerics.Tensors.Tensor<T> dScale, System.Numerics.Tensors.Tensor<T> dShift) =
            layer.Backward<TInput>(TensorMemory.Span<TInput>(dy), TensorMemory.Span<TInput>(x), TensorMemory.Span<T>(scale), saved!);
        Tensor?[] gradients = new Tensor?[inputs.Length];
        if (wanted[0])
        {
            Tensor gradient = torch.empty_like(x);
            dx.CopyTo(TensorMemory.Span<TInput>(gradient));
            gradients[0] = gradient.MoveToOuterDisposeScope();
        }
        for (int i = 1; i < inputs.Length; i++)
        {
            if (!wanted[i])
                continue;
            Tensor gradient = torch.empty(inputs[i].shape, inputs[i].dtype);
            TensorMemory.Write<T>(TensorMemory.Flat(i == 1 ? dScale : dShift), gradient);
            gradients[i] = gradient.MoveToOuterDisposeScope();
        }
        GC.KeepAlive(gradOutput);
        return gradients;
    }

    protected override Tensor Compose(Tensor[] inputs) => Composer.Run(
        op, inputs[0], training: false, Computed, name => name == "scale" ? inputs[1] : inputs.Length > 2 ? inputs[2] : null, _ => null, () => 0, move: null);

    /// <summary>In the type that is computed in, contiguous.</summary>
    private static Tensor Condition(Tensor condition)
    {
        Tensor converted = condition.to(Computed);
        return converted.is_contiguous() ? converted : converted.contiguous();
    }
}
