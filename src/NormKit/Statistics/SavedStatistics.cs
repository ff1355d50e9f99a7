using NormKit.Kernels;

namespace NormKit;

/// <summary>
/// What a backward pass needs from the forward pass besides the input: the moments of each set that shared statistics. The caller makes it, a
/// forward call fills it, any number of backward calls read it; using one again for the next batch of the same shape allocates nothing.
/// </summary>
/// <remarks>Sets are counted batch first: channel for batch norm, (sample, channel) for instance norm, (sample, group) for group norm, row for
/// layer norm. It does not hold the input: give backward the same input, unchanged.</remarks>
public sealed class SavedStatistics
{
    private Moments[] moments = [];
    private nint[] shape = [];

    /// <summary>The moments of each set. In evaluation mode those of the running statistics, with a count of 1.</summary>
    public ReadOnlySpan<Moments> Moments => moments;

    /// <summary>The lengths of the input's dimensions; empty before the first forward call.</summary>
    public ReadOnlySpan<nint> Shape => shape;

    /// <summary>What the forward call added to each variance.</summary>
    public double Eps { get; private set; }

    /// <summary>Whether the statistics came from running statistics, not from the input: the gradient then does not flow through them.</summary>
    public bool Fixed { get; private set; }

    /// <summary>The layer or function that filled it; empty before the first forward call.</summary>
    public string Layer { get; private set; } = "";

    internal Grouping Grouping { get; private set; }

    internal Moments[] Array => moments;

    /// <summary>1 / sqrt(variance + eps) of a set.</summary>
    /// <param name="set">Its index in <see cref="Moments"/>.</param>
    public double InvStd(int set) => moments[set].InvStd(Eps);

    /// <summary>Makes room for the moments of a forward call, which then writes them.</summary>
    internal Moments[] Prepare(string layer, Grouping grouping, ReadOnlySpan<nint> inputShape, double eps, bool fixedStatistics)
    {
        int sets = checked((int)(fixedStatistics ? grouping.SetsPerSample : grouping.Sets));
        if (moments.Length != sets)
            moments = new Moments[sets];
        if (!inputShape.SequenceEqual(shape))
            shape = inputShape.ToArray();
        (Layer, Grouping, Eps, Fixed) = (layer, grouping, eps, fixedStatistics);
        return moments;
    }
}
