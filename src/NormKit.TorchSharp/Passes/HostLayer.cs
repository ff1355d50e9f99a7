namespace NormKit.TorchSharp.Passes;

/// <summary>One of NormKit's layers and the pieces of its state, by kind.</summary>
internal sealed class HostLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly StateEntry<T>? counter;
    private readonly T[][] initial;

    public HostLayer(NormLayer<T> layer)
    {
        Layer = layer;
        IReadOnlyList<StateEntry<T>> state = layer.State;
        Parameters = [.. state.Where(entry => entry.Kind == StateKind.Parameter)];
        Buffers = [.. state.Where(entry => entry.Kind == StateKind.Buffer)];
        counter = state.FirstOrDefault(entry => entry.Kind == StateKind.Counter);
        initial = [.. Parameters.Select(entry => TensorMemory.Flat(entry.Value!).ToArray())];
    }

    public NormLayer<T> Layer { get; }

    public StateEntry<T>[] Parameters { get; }

    public StateEntry<T>[] Buffers { get; }

    /// <summary>Copies torch's parameters in; one that is absent is as a new layer has it.</summary>
    public void LoadParameters(ReadOnlySpan<Tensor?> parameters)
    {
        for (int i = 0; i < Parameters.Length; i++)
        {
            Span<T> values = TensorMemory.Flat(Parameters[i].Value!);
            if (parameters[i] is Tensor parameter)
                TensorMemory.Read(parameter, values);
            else
                initial[i].CopyTo(values);
        }
    }

    /// <summary>Copies torch's running statistics in.</summary>
    public void LoadBuffers(ReadOnlySpan<Tensor> buffers, Tensor? batches)
    {
        for (int i = 0; i < Buffers.Length; i++)
            TensorMemory.Read(buffers[i], TensorMemory.Flat(Buffers[i].Value!));
        if (counter is not null && batches is not null)
            counter.Count = Counters.Read(batches);
    }

    /// <summary>Copies running statistics back, after a pass that may have moved them.</summary>
    public void StoreBuffers(ReadOnlySpan<Tensor> buffers, Tensor? batches)
    {
        for (int i = 0; i < Buffers.Length; i++)
            TensorMemory.Write<T>(TensorMemory.Flat(Buffers[i].Value!), buffers[i]);
        if (counter is not null && batches is not null)
            Counters.Write(batches, counter.Count);
    }

    /// <summary>What the running statistics are now.</summary>
    public T[][] CopyBuffers() => [.. Buffers.Select(entry => TensorMemory.Flat(entry.Value!).ToArray())];
}
