using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;

namespace NormKit;

/// <summary>One named piece of a layer's state: a view of what the layer holds, not a copy.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class StateEntry<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly nint[] shape;
    private readonly Func<long>? read;
    private readonly Action<long>? write;

    internal StateEntry(string key, StateKind kind, ReadOnlySpan<nint> shape, Tensor<T>? value, Parameter<T>? parameter, string[] otherKeys)
    {
        (Key, Kind, Value, Parameter, OtherKeys) = (key, kind, value, parameter, otherKeys);
        this.shape = shape.ToArray();
    }

    internal StateEntry(string key, Func<long> read, Action<long> write)
        : this(key, StateKind.Counter, [], null, null, [])
    {
        (this.read, this.write) = (read, write);
    }

    /// <summary>PyTorch's name in <c>state_dict</c>, without the layer's path: <c>running_mean</c>.</summary>
    public string Key { get; }

    /// <summary>Other names under which it is read: those of older versions of PyTorch, the newest first, and of TensorFlow, <c>gamma</c> for
    /// <c>weight</c>.</summary>
    public IReadOnlyList<string> OtherKeys { get; }

    /// <summary>What it is.</summary>
    public StateKind Kind { get; }

    /// <summary>PyTorch's shape: empty for a single number, -1 where a lazy layer leaves a length to its first input.</summary>
    public ReadOnlySpan<nint> Shape => shape;

    /// <summary>
    /// The elements, shared with the layer; null for a counter and where <see cref="Shape"/> has an open length. <see cref="Tensor{T}"/> has no
    /// scalars, so where the shape is empty this is a tensor of shape [1].
    /// </summary>
    public Tensor<T>? Value { get; }

    /// <summary>The parameter whose value this is, with its gradient; null for buffers and counters.</summary>
    public Parameter<T>? Parameter { get; }

    /// <summary>The number that a counter stands at.</summary>
    /// <exception cref="InvalidOperationException">The entry is no counter.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long Count
    {
        get => (read ?? throw NoCounter())();
        set => (write ?? throw NoCounter())(value);
    }

    private InvalidOperationException NoCounter() => new($"{Key}: is a {Kind} of shape {Shapes.Text(shape)}, not a counter; use Value.");
}
