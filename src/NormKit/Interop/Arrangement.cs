using System.Numerics;
using NormKit.Kernels;

namespace NormKit.Interop;

/// <summary>In which order of its elements a call takes its tensors, and what its grouping looks like in that order.</summary>
/// <param name="geometry">The grouping in memory.</param>
/// <param name="channelsLast">Whether elements are taken in the order of channels-last memory.</param>
/// <param name="order">Else the order of dimensions; none for their own.</param>
/// <param name="permutedChannels">The channels of parameters that are put into the order of channels-last memory, or 0.</param>
internal readonly ref struct Arrangement(NormGeometry geometry, bool channelsLast, ReadOnlySpan<int> order, nint permutedChannels)
{
    public readonly NormGeometry Geometry = geometry;
    public readonly ReadOnlySpan<int> Order = order;
    public readonly nint PermutedChannels = permutedChannels;

    /// <param name="spec">What is computed.</param>
    /// <param name="a">The input.</param>
    /// <param name="b">A second tensor of its shape.</param>
    /// <param name="c">A third one, or none.</param>
    /// <param name="d">A fourth one, or none.</param>
    /// <param name="logical">Whether elements must be taken in logical order, as a mask names them.</param>
    public static Arrangement Of<T, TParameter>(in NormSpec<TParameter> spec, in Operand<T> a, in Operand<T> b, in Operand<T> c, in Operand<T> d, bool logical)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        Grouping grouping = spec.Grouping;
        bool fixedStatistics = spec.Running.Use == RunningUse.Normalize || spec.FixedStatistics;
        Layouts shared = a.Layouts & b.Layouts & (c.IsPresent ? c.Layouts : a.Layouts) & (d.IsPresent ? d.Layouts : a.Layouts);
        // Only where the grouping's channels are dimension 1 does channels-last memory say anything of them.
        bool channelsAreSecond = a.Lengths.Length >= 2 && grouping.N == a.Lengths[0] && grouping.C == a.Lengths[1];
        bool channelsLast = shared == Layouts.ChannelsLast && !logical && (channelsAreSecond || grouping.Sharing == Sharing.Layer);
        if (grouping.Sharing == Sharing.Position)
        {
            // A position's channels lie apart, and row kernels take runs: where columns cannot be taken, dimensions are.
            return logical
                ? new((Grouping.Layer(grouping.N * grouping.S, grouping.C) with { Weights = grouping.Weights, OneWeight = grouping.OneWeight }).In(false, false), false, spec.Order, 0)
                : new(grouping.In(channelsLast, false), channelsLast, default, 0);
        }
        // Layer norm over all dimensions but the first is the same over channels-last memory, where a sample is still one run, if the weights are
        // put in the order of that memory.
        bool permutes = channelsLast && spec.Order.IsEmpty && grouping.Sharing == Sharing.Layer && grouping.N == a.Lengths[0]
            && grouping.Weights.Groups == 1 && !grouping.OneWeight;
        channelsLast &= grouping.Sharing != Sharing.Layer || permutes || (spec.Order.IsEmpty && grouping.OneWeight && grouping.N == a.Lengths[0]);
        return new(grouping.In(channelsLast, fixedStatistics), channelsLast, channelsLast ? default : spec.Order, permutes ? a.Lengths[1] : 0);
    }

    public unsafe TensorView<T> View<T>(in Operand<T> tensor, T* start) where T : unmanaged =>
        channelsLast ? tensor.View(start, channelsLast: true) : tensor.View(start, Order);
}
