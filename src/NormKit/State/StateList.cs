using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit;

/// <summary>Takes a layer's state, entry by entry, in PyTorch's order. What the layer does not have is null, and left out.</summary>
internal sealed class StateList<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<StateEntry<T>> entries = [];

    public IReadOnlyList<StateEntry<T>> Entries => entries;

    public void AddParameter(string key, Parameter<T>? parameter, params string[] otherKeys)
    {
        if (parameter is not null)
            entries.Add(new(key, StateKind.Parameter, parameter.Value.Lengths, parameter.Value, parameter, OrUsual(key, otherKeys)));
    }

    /// <summary>A parameter that PyTorch keeps as a scalar.</summary>
    public void AddScalar(string key, Parameter<T> parameter, params string[] otherKeys) =>
        entries.Add(new(key, StateKind.Parameter, [], parameter.Value, parameter, otherKeys));

    public void AddBuffer(string key, Tensor<T>? value, params string[] otherKeys)
    {
        if (value is not null)
            entries.Add(new(key, StateKind.Buffer, value.Lengths, value, null, OrUsual(key, otherKeys)));
    }

    public void AddCounter(string key, Func<long> read, Action<long> write) => entries.Add(new(key, read, write));

    /// <summary>What a lazy layer does not have yet; its open lengths are -1, and all of them are one number.</summary>
    public void AddOpen(string key, StateKind kind, params ReadOnlySpan<nint> shape) => entries.Add(new(key, kind, shape, null, null, OrUsual(key, [])));

    // TensorFlow and Keras, and older BERT models of PyTorch, name them so.
    private static string[] OrUsual(string key, string[] otherKeys) => otherKeys.Length > 0 ? otherKeys : key switch
    {
        "weight" => ["gamma"],
        "bias" => ["beta"],
        "running_mean" => ["moving_mean"],
        "running_var" => ["moving_variance"],
        _ => [],
    };
}
