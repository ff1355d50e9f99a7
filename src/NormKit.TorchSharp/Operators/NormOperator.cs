namespace NormKit.TorchSharp.Operators;

/// <summary>
/// One normalization without its state: makes NormKit's layer, which computes on the CPU, and composes the same formula of torch's operators, for
/// other devices and for gradients of gradients. Operators with equal settings are equal.
/// </summary>
/// <param name="Name">The layer's name in errors.</param>
internal abstract record NormOperator(string Name)
{
    /// <summary>The rank of a single sample that is taken in place of a batch; -1 for most.</summary>
    public virtual int UnbatchedRank => -1;

    /// <summary>A layer with these settings.</summary>
    /// <exception cref="ArgumentException">The settings are not valid.</exception>
    public abstract NormLayer<T> CreateLayer<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Refuses an input shape that the layer refuses. NormKit's own layer checks on the CPU; this is for the composed formula.</summary>
    public abstract void RequireShape(long[] shape, bool training);

    /// <summary>The formula, of torch's operators, in the type that is computed in. Temporary tensors belong to the caller's dispose scope.</summary>
    public abstract Tensor Compose(Tensor x, Composition with);

    /// <summary>Refuses an input that is not (N, C, *) with this many channels.</summary>
    protected void RequireChannels(long[] shape, long numFeatures, int rank = 2)
    {
        if (shape.Length < rank)
            throw new ArgumentException($"{Name}: expected at least {rank} dimensions, (N, C{(rank > 2 ? ", *" : "")}), for the input, but received {shape.Length}: {Text(shape)}.", "input");
        if (numFeatures >= 0 && shape[1] != numFeatures)
            throw new ArgumentException($"{Name}: expected {numFeatures} channels in dimension 1, got input size {Text(shape)}.", "input");
    }

    protected static string Text(long[] shape) => $"[{string.Join(", ", shape)}]";

    protected static long Product(IEnumerable<long> lengths) => lengths.Aggregate(1L, (product, length) => product * length);
}
