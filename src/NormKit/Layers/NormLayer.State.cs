namespace NormKit;

public abstract partial class NormLayer<T> : IStateful<T>
{
    /// <summary>Parameters and buffers under PyTorch's names, in the order of its <c>state_dict</c>; made anew at each call, over the layer's own memory.</summary>
    public IReadOnlyList<StateEntry<T>> State
    {
        get
        {
            StateList<T> state = new();
            DescribeState(state);
            return state.Entries;
        }
    }

    /// <summary>The layer's parameters with PyTorch's names, in PyTorch's order: what an optimizer moves.</summary>
    public IReadOnlyList<(string Name, Parameter<T> Parameter)> NamedParameters =>
        [.. State.Where(entry => entry.Parameter is not null).Select(entry => (entry.Key, entry.Parameter!))];

    void IStateful<T>.Materialize(nint length) => Materialize(length);

    /// <summary>Lists the layer's state; one that has more than weight and bias adds the rest.</summary>
    private protected virtual void DescribeState(StateList<T> state)
    {
        state.AddParameter("weight", Weight);
        state.AddParameter("bias", Bias);
    }

    /// <summary>A lazy layer takes its channels here, where its state is loaded before its first input.</summary>
    private protected virtual void Materialize(nint length) => throw new InvalidOperationException($"{Name}: no length is open; the layer is not lazy, or has its channels already.");
}
