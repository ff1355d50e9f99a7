using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp.Passes;

/// <summary>Runs a composed formula: in the type that is computed in, rounded once, temporary tensors disposed.</summary>
internal static class Composer
{
    public static Tensor Run(
        NormOperator op, Tensor x, bool training, ScalarType type, Func<string, Tensor?> parameter, Func<string, Tensor?> buffer, Func<long> batches,
        Action<IReadOnlyList<(string Name, Tensor Batch)>, double, RunningStatisticsPolicy>? move)
    {
        using global::TorchSharp.DisposeScope scope = torch.NewDisposeScope();
        Tensor input = x.to(type);
        bool isSample = x.dim() == op.UnbatchedRank;
        if (isSample)
            input = input.unsqueeze(0);
        op.RequireShape(input.shape, training);
        Composition with = new(training, name => parameter(name)?.to(type), name => buffer(name)?.to(type), batches, move);
        Tensor y = op.Compose(input, with);
        if (isSample)
            y = y.squeeze(0);
        return y.to(x.dtype).MoveToOuterDisposeScope();
    }
}
