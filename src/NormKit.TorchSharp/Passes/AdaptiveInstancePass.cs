using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp.Passes;

/// <summary>A pass of adaptive instance norm: the content and the style.</summary>
internal sealed class AdaptiveInstancePass<T, TInput>(AdaptiveInstanceOperator op) : Pass
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TInput : unmanaged
{
    private readonly AdaptiveInstanceNorm<T> layer = new(op.Eps);
    private SavedStatistics? saved;

    public override string Name => op.Name;

    protected override Tensor Forward(Tensor[] inputs, bool keep)
    {
        using global::TorchSharp.DisposeScope scope = torch.NewDisposeScope();
        layer.MaxDegreeOfParallelism = Math.Max(1, torch.get_num_threads());
        Tensor content = TensorMemory.Dense(inputs[0]), style = TensorMemory.Dense(inputs[1]), y = torch.empty_like(content);
        SavedStatistics? statistics = keep ? new() : null;
        layer.Forward<TInput>(TensorMemory.Span<TInput>(content), TensorMemory.Span<TInput>(style), TensorMemory.Span<TInput>(y), statistics);
        saved = statistics;
        GC.KeepAlive(inputs);
        return y.MoveToOuterDisposeScope();
    }

    protected override Tensor?[] Backward(Tensor gradOutput, Tensor[] inputs, bool[] wanted)
    {
        using global::TorchSharp.DisposeScope scope = torch.NewDisposeScope();
        layer.MaxDegreeOfParallelism = Math.Max(1, torch.get_num_threads());
        Tensor content = TensorMemory.Dense(inputs[0]), style = TensorMemory.Dense(inputs[1]), dy = TensorMemory.InLayoutOf(gradOutput, content);
        Tensor? dContent = wanted[0] ? torch.empty_like(content) : null, dStyle = wanted[1] ? torch.empty_like(style) : null;
        layer.Backward<TInput>(
            TensorMemory.Span<TInput>(dy), TensorMemory.Span<TInput>(content), TensorMemory.Span<TInput>(style), saved!,
            dContent is null ? default : TensorMemory.Span<TInput>(dContent), dStyle is null ? default : TensorMemory.Span<TInput>(dStyle));
        GC.KeepAlive(gradOutput);
        return [dContent?.MoveToOuterDisposeScope(), dStyle?.MoveToOuterDisposeScope()];
    }

    protected override Tensor Compose(Tensor[] inputs) => Composer.Run(
        op, inputs[0], training: false, typeof(T) == typeof(double) ? ScalarType.Float64 : ScalarType.Float32, _ => inputs[1], _ => null, () => 0, move: null);
}
