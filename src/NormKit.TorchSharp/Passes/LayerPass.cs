namespace NormKit.TorchSharp.Passes;

/// <summary>What a layer computes with besides its input: torch's tensors, in the order of the layer's state.</summary>
/// <param name="Parameters">Null where a function was given none.</param>
/// <param name="Buffers">The running statistics.</param>
/// <param name="Batches">How many batches they have seen.</param>
/// <param name="Training">Whether the layer is in training mode.</param>
internal sealed record LayerState(Tensor?[] Parameters, Tensor[] Buffers, Tensor? Batches, bool Training);

/// <summary>A pass of one of NormKit's layers, on the memory of torch's tensors.</summary>
internal sealed class LayerPass<T, TInput>(LayerPool pool, LayerState state) : Pass
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TInput : unmanaged
{
    private SavedStatistics? saved;
    private T[][] buffersBefore = [];
    private long batchesBefore;

    public override string Name => pool.Operator.Name;

    protected override Tensor Forward(Tensor[] inputs, bool keep)
    {
        HostLayer<T> host = pool.Rent<T>();
        host.LoadParameters(state.Parameters);
        host.LoadBuffers(state.Buffers, state.Batches);
        if (keep && state.Buffers.Length > 0)
            (buffersBefore, batchesBefore) = (host.CopyBuffers(), state.Batches is null ? 0 : Counters.Read(state.Batches));
        Set(host.Layer);
        Tensor x = TensorMemory.Dense(inputs[0]);
        Tensor y = torch.empty_like(x);
        SavedStatistics? statistics = keep ? new() : null;
        try
        {
            host.Layer.Forward<TInput>(TensorMemory.Span<TInput>(x), TensorMemory.Span<TInput>(y), statistics);
            if (state.Training)
                host.StoreBuffers(state.Buffers, state.Batches);
        }
        catch
        {
            y.Dispose();
            throw;
        }
        finally
        {
            pool.Return(host);
            GC.KeepAlive(y);
            Release(x, inputs[0]);
        }
        saved = statistics;
        return y;
    }

    protected override Tensor?[] Backward(Tensor gradOutput, Tensor[] inputs, bool[] wanted)
    {
        HostLayer<T> host = pool.Rent<T>();
        host.LoadParameters(With(inputs));
        Set(host.Layer);
        host.Layer.ZeroGrad();
        Tensor x = TensorMemory.Dense(inputs[0]), dy = TensorMemory.InLayoutOf(gradOutput, x);
        Tensor? dx = wanted[0] ? torch.empty_like(x) : null;
        host.Layer.Backward<TInput>(
            TensorMemory.Span<TInput>(dy), TensorMemory.Span<TInput>(x), saved!, dx is null ? default : TensorMemory.Span<TInput>(dx));
        Tensor?[] gradients = new Tensor?[inputs.Length];
        gradients[0] = dx;
        for (int i = 0, input = 0; i < state.Parameters.Length; i++)
        {
            if (state.Parameters[i] is null || !wanted[++input])
                continue;
            Tensor gradient = torch.empty(inputs[input].shape, inputs[input].dtype);
            TensorMemory.Write<T>(TensorMemory.Flat(host.Parameters[i].Parameter!.Grad), gradient);
            gradients[input] = gradient;
        }
        pool.Return(host);
        GC.KeepAlive(dx);
        Release(dy, gradOutput);
        Release(x, inputs[0]);
        return gradients;
    }

    protected override Tensor Compose(Tensor[] inputs)
    {
        HostLayer<T> host = pool.Rent<T>();
        string[] parameters = [.. host.Parameters.Select(entry => entry.Key)], buffers = [.. host.Buffers.Select(entry => entry.Key)];
        pool.Return(host);
        Tensor?[] given = With(inputs);
        ScalarType type = typeof(T) == typeof(double) ? ScalarType.Float64 : ScalarType.Float32;
        return Composer.Run(
            pool.Operator, inputs[0], state.Training, type, name => Array.IndexOf(parameters, name) is int i and >= 0 ? given[i] : null,
            name => Array.IndexOf(buffers, name) is int i and >= 0 ? torch.tensor(Array.ConvertAll(buffersBefore[i], double.CreateTruncating), type) : null,
            () => batchesBefore, move: null);
    }

    /// <summary>The parameters among the inputs of a pass, in the layer's order.</summary>
    private Tensor?[] With(Tensor[] inputs)
    {
        int next = 1;
        return Array.ConvertAll(state.Parameters, parameter => parameter is null ? null : inputs[next++]);
    }

    private void Set(NormLayer<T> layer)
    {
        layer.MaxDegreeOfParallelism = Math.Max(1, torch.get_num_threads());
        if (state.Training)
            layer.Train();
        else
            layer.Eval();
    }

    private static void Release(Tensor tensor, Tensor original)
    {
        if (!ReferenceEquals(tensor, original))
            tensor.Dispose();
        GC.KeepAlive(original);
    }
}
