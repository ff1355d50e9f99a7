using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp.Passes;

/// <summary>A call of a layer with torch's tensors: NormKit's kernels on the CPU, torch's operators elsewhere.</summary>
internal static class Layers
{
    /// <summary>Composes the formula on the CPU too, as on other devices; for tests.</summary>
    [ThreadStatic]
    internal static bool ComposeAlways;

    public static Tensor Call(LayerPool pool, Tensor input, LayerState state, IReadOnlyList<string> parameterKeys, IReadOnlyList<string> bufferKeys)
    {
        string name = pool.Operator.Name;
        ArgumentNullException.ThrowIfNull(input);
        RequireTypes(name, input, state, parameterKeys);
        if (ComposeAlways || input.device_type != global::TorchSharp.DeviceType.CPU)
            return Compose(pool.Operator, input, state, parameterKeys, bufferKeys);
        Pass pass = input.dtype switch
        {
            ScalarType.Float64 => new LayerPass<double, double>(pool, state),
            ScalarType.Float32 => new LayerPass<float, float>(pool, state),
            ScalarType.BFloat16 => new LayerPass<float, BFloat16>(pool, state),
            _ => new LayerPass<float, Half>(pool, state),
        };
        return Pass.Run(pass, [input, .. state.Parameters.OfType<Tensor>()]);
    }

    /// <summary>Refuses types that the kernels do not compute with.</summary>
    public static void RequireType(string layer, Tensor input)
    {
        if (input.dtype is not (ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16 or ScalarType.Float16))
            throw new NotSupportedException($"{layer}: takes float32, float64, bfloat16 or float16, not {input.dtype}; convert the input with to(ScalarType.Float32).");
        if (input.is_sparse)
            throw new NotSupportedException($"{layer}: takes dense tensors; convert the input with to_dense().");
        if (input.dim() == 0)
            throw new ArgumentException($"{layer}: takes a tensor with dimensions, not a scalar.", nameof(input));
    }

    private static void RequireTypes(string layer, Tensor input, LayerState state, IReadOnlyList<string> parameterKeys)
    {
        RequireType(layer, input);
        bool isSixteenBit = input.dtype is ScalarType.BFloat16 or ScalarType.Float16;
        for (int i = 0; i < state.Parameters.Length + state.Buffers.Length; i++)
        {
            bool isParameter = i < state.Parameters.Length;
            if ((isParameter ? state.Parameters[i] : state.Buffers[i - state.Parameters.Length]) is not Tensor tensor)
                continue;
            string what = isParameter ? parameterKeys[i] : "the running statistics";
            if (tensor.dtype != input.dtype && !(isSixteenBit && tensor.dtype == ScalarType.Float32))
                throw new ArgumentException($"{layer}: {what} {(isParameter ? "is" : "are")} {tensor.dtype} and the input {input.dtype}; convert the module or the input with to().", nameof(input));
            if (tensor.device_type != input.device_type)
                throw new ArgumentException($"{layer}: {what} {(isParameter ? "is" : "are")} on {tensor.device} and the input on {input.device}; move the module or the input with to().", nameof(input));
        }
    }

    private static Tensor Compose(NormOperator op, Tensor input, LayerState state, IReadOnlyList<string> parameterKeys, IReadOnlyList<string> bufferKeys)
    {
        Dictionary<string, Tensor?> parameters = [], buffers = [];
        for (int i = 0; i < state.Parameters.Length; i++)
            parameters[parameterKeys[i]] = state.Parameters[i];
        for (int i = 0; i < state.Buffers.Length; i++)
            buffers[bufferKeys[i]] = state.Buffers[i];
        ScalarType type = input.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        return Composer.Run(
            op, input, state.Training, type, parameters.GetValueOrDefault, name => buffers.GetValueOrDefault(name)?.clone(),
            () => state.Batches is null ? 0 : Counters.Read(state.Batches), state.Training ? Move : null);

        void Move(IReadOnlyList<(string Name, Tensor Batch)> statistics, double factor, RunningStatisticsPolicy nonFinite)
        {
            using IDisposable quiet = torch.no_grad();
            if (nonFinite == RunningStatisticsPolicy.Skip && statistics.Any(statistic => !statistic.Batch.isfinite().all().item<bool>()))
                return;
            foreach ((string name, Tensor batch) in statistics)
            {
                Tensor running = buffers[name]!;
                running.copy_((running.to(type) * (1 - factor)) + (batch.detach() * factor));
            }
            state.Batches?.add_(op is InstanceNormOperator ? 0 : 1);
        }
    }
}
