using System.Collections.Concurrent;
using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp.Passes;

/// <summary>
/// NormKit's layers for one operator. A layer holds parameters and running statistics of its own, and torch's are copied in and out, so two passes at
/// once need two layers; mostly there is one pass at a time, and one layer for each type that is computed in.
/// </summary>
internal sealed class LayerPool(NormOperator op)
{
    private const int MostCached = 256;

    private static readonly ConcurrentDictionary<NormOperator, LayerPool> Shared = [];

    private object? ofFloat;
    private object? ofDouble;

    public NormOperator Operator { get; } = op;

    /// <summary>The pool of a function, which has no module to keep one.</summary>
    public static LayerPool Of(NormOperator op)
    {
        if (Shared.TryGetValue(op, out LayerPool? pool))
            return pool;
        // Settings that change with each call would fill the memory.
        if (Shared.Count >= MostCached)
            Shared.Clear();
        return Shared.GetOrAdd(op, static added => new(added));
    }

    public HostLayer<T> Rent<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        object? layer = typeof(T) == typeof(float) ? Interlocked.Exchange(ref ofFloat, null) : Interlocked.Exchange(ref ofDouble, null);
        return (HostLayer<T>?)layer ?? new(Operator.CreateLayer<T>());
    }

    public void Return<T>(HostLayer<T> layer) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
            ofFloat = layer;
        else
            ofDouble = layer;
    }
}
