using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>
/// What a backward pass needs from the forward pass besides the input: the moments of each set that shared statistics. The caller makes it, a
/// forward call fills it, any number of backward calls read it; using one again for the next batch of the same shape allocates nothing.
/// </summary>
/// <remarks>Sets are counted batch first: channel for batch norm, (sample, channel) for instance norm, (sample, group) for group norm, row for
/// layer norm. Layers that mix statistics keep those of each (sample, channel), batch renorm those of each channel, and in evaluation mode the first
/// have the input's there too. It does not hold the input: give backward the same input, unchanged.</remarks>
public sealed class SavedStatistics
{
    private Moments[] moments = [];
    private nint[] shape = [];
    private int[] order = [];
    private int normalizedRank;
    private string fillingLayer = "";
    private bool unitOffset;    // the weight of the forward call was stored minus one, and so is that of its backward

    /// <summary>The moments of each set. In evaluation mode those of the running statistics, with a count of 1.</summary>
    public ReadOnlySpan<Moments> Moments => moments;

    /// <summary>The lengths of the input's dimensions; empty before the first forward call.</summary>
    public ReadOnlySpan<nint> Shape => shape;

    /// <summary>What the forward call added to each variance.</summary>
    public double Eps => Scaling.Eps;

    /// <summary>Whether the statistics came from running statistics, not from the input: the gradient then does not flow through them. In switchable norm and EvoNorm B0, those of the batch.</summary>
    public bool Fixed { get; private set; }

    /// <summary>The layer or function that filled it; empty before the first forward call, and after one that was cancelled.</summary>
    public string Layer { get; private set; } = "";

    internal Grouping Grouping { get; private set; }

    internal Scaling Scaling { get; private set; }

    internal Activation Activation { get; private set; }

    internal bool Masked { get; private set; }

    internal Moments[] Array => moments;

    /// <summary>What a layer keeps besides moments.</summary>
    internal double[] Extras { get; private set; } = [];

    /// <summary>The factor of a set: 1 / sqrt(variance + eps), or of the mean of squares for RMS norm.</summary>
    /// <param name="set">Its index in <see cref="Moments"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such set.</exception>
    public double InvStd(int set) => set >= 0 && set < moments.Length
        ? Scaling.Factor(moments[set])
        : throw new ArgumentOutOfRangeException(nameof(set), set, $"SavedStatistics: there are {moments.Length} sets, counted from 0.");

    /// <summary>Ends what <see cref="Prepare{T}"/> or <see cref="KeepShape"/> began; until then it counts as never filled, for a call may be cancelled.</summary>
    internal void Complete() => Layer = fillingLayer;

    /// <summary>Makes room for the moments of a forward call, which then writes them, and calls <see cref="Complete"/>.</summary>
    internal Moments[] Prepare<T>(in NormSpec<T> spec, ReadOnlySpan<nint> inputShape, bool masked) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool given = spec.Running.Use == RunningUse.Normalize;
        int sets = checked((int)(given ? spec.Grouping.SetsPerSample : spec.Grouping.Sets));
        Keep(spec.Layer, inputShape, sets);
        (Grouping, Scaling, Activation, Fixed, Masked) = (spec.Grouping, spec.Scaling, spec.Activation, given, masked);
        (normalizedRank, unitOffset) = (spec.NormalizedRank, spec.UnitOffset);
        if (!spec.Order.SequenceEqual(order))
            order = spec.Order.ToArray();
        return moments;
    }

    /// <summary>Takes a forward call that leaves no statistics: backward needs to know its input's shape, no more.</summary>
    internal void KeepShape(string layer, ReadOnlySpan<nint> inputShape)
    {
        Keep(layer, inputShape, sets: 0);
        (Grouping, Scaling, Activation, Fixed, Masked, normalizedRank, unitOffset, order) = (default, default, default, false, false, 0, false, []);
    }

    /// <summary>The same for a layer whose statistics mix: one set a plane, or whatever the layer says.</summary>
    /// <param name="layer">Its name.</param>
    /// <param name="inputShape">The lengths of the input's dimensions.</param>
    /// <param name="sets">How many sets it keeps moments of.</param>
    /// <param name="scaling">How they become a factor.</param>
    /// <param name="given">Whether running statistics took part.</param>
    /// <param name="extras">How many other numbers it keeps.</param>
    /// <param name="activation">What followed.</param>
    internal Moments[] Prepare(
        string layer, ReadOnlySpan<nint> inputShape, int sets, Scaling scaling, bool given, int extras, Activation activation = default)
    {
        Keep(layer, inputShape, sets);
        (Grouping, Scaling, Activation, Fixed, Masked, normalizedRank, unitOffset, order) = (default, scaling, activation, given, false, 0, false, []);
        if (Extras.Length != extras)
            Extras = new double[extras];
        return moments;
    }

    /// <summary>The forward call as its backward needs it, without the parameters.</summary>
    internal NormSpec<T> Spec<T>(string layer) where T : unmanaged, IBinaryFloatingPointIeee754<T> => new(layer, Grouping, Scaling)
    {
        FixedStatistics = Fixed,
        Activation = Activation,
        Order = order,
        NormalizedRank = normalizedRank,
        UnitOffset = unitOffset,
    };

    private void Keep(string layer, ReadOnlySpan<nint> inputShape, int sets)
    {
        if (moments.Length != sets)
            moments = new Moments[sets];
        if (!inputShape.SequenceEqual(shape))
            shape = inputShape.ToArray();
        (fillingLayer, Layer) = (layer, "");
    }
}
