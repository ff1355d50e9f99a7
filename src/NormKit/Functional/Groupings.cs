using System.Numerics;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>
/// Which grouping each layer chooses for an input, and the inputs that PyTorch refuses: the rules that layers and functions share.
/// </summary>
internal static class Groupings
{
    /// <summary>Input (N, C, *). <paramref name="batchStatistics"/>: whether its own statistics are used, which takes two values a channel.</summary>
    public static Grouping Batch(string layer, ReadOnlySpan<nint> shape, bool batchStatistics)
    {
        RequireChannels(layer, shape, 2);
        Grouping grouping = Grouping.Batch(shape[0], shape[1], Shapes.Product(shape[2..]));
        if (batchStatistics && grouping.SetSize == 1)
            throw new ArgumentException($"{layer}: expected more than 1 value per channel when training, got input size {Shapes.Text(shape)}; the batch's own statistics need two, so use a larger batch, or running statistics.", "input");
        return grouping;
    }

    /// <summary>Input (N, C, *), whose batch is split in order into equal parts with statistics of their own.</summary>
    public static Grouping Ghost(string layer, ReadOnlySpan<nint> shape, int numSplits)
    {
        RequireChannels(layer, shape, 2);
        if (shape[0] % numSplits != 0)
            throw new ArgumentException($"{layer}: a batch of {shape[0]} samples does not split into {numSplits} equal parts; input size {Shapes.Text(shape)}.", "input");
        Grouping grouping = Grouping.Batch(shape[0], shape[1], Shapes.Product(shape[2..])) with { Parts = numSplits };
        if (grouping.SetSize == 1)
            throw new ArgumentException($"{layer}: expected more than 1 value per channel in each of {numSplits} parts when training, got input size {Shapes.Text(shape)}.", "input");
        return grouping;
    }

    /// <summary>Input (N, C, *), with at least one position dimension.</summary>
    public static Grouping Instance(string layer, ReadOnlySpan<nint> shape, bool inputStatistics)
    {
        RequireChannels(layer, shape, 3);
        Grouping grouping = Grouping.Group(shape[0], shape[1], Shapes.Product(shape[2..]), shape[1]);
        if (inputStatistics && grouping.S == 1)
            throw new ArgumentException($"{layer}: expected more than 1 spatial element when training, got input size {Shapes.Text(shape)}; each (sample, channel) is normalized over its positions.", "input");
        return grouping;
    }

    /// <summary>Input (N, C, *).</summary>
    public static Grouping Group(string layer, ReadOnlySpan<nint> shape, nint numGroups)
    {
        RequireChannels(layer, shape, 2);
        if (numGroups < 1)
            throw new ArgumentOutOfRangeException(nameof(numGroups), numGroups, $"{layer}: expected the number of groups to be greater than 0, got {numGroups}.");
        if (shape[1] % numGroups != 0)
            throw new ArgumentException($"{layer}: {shape[1]} channels do not split into {numGroups} equal groups; input shape is {Shapes.Text(shape)}.", nameof(numGroups));
        Grouping grouping = Grouping.Group(shape[0], shape[1], Shapes.Product(shape[2..]), numGroups);
        // PyTorch's rule, batch included: with several samples of one value each, every output is the bias.
        if (shape[0] * grouping.SetSize == 1)
            throw new ArgumentException($"{layer}: expected more than 1 value per group, got input size {Shapes.Text(shape)} with {numGroups} groups.", "input");
        return grouping;
    }

    /// <summary>Input (*, normalizedShape), or, with axes, of a shape that has those lengths there: a run of dimensions natively, others in an order
    /// that puts them last. With groups, the last dimension is split into as many rows, whose weights lie one behind the other.</summary>
    public static NormSpec<T> Rows<T>(
        string layer, scoped ReadOnlySpan<nint> shape, scoped ReadOnlySpan<nint> normalizedShape, scoped ReadOnlySpan<int> axes, Scaling scaling,
        int numGroups = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RequireNormalizedShape(layer, normalizedShape);
        if (numGroups != 1)
            RequireGroups(layer, normalizedShape, axes, numGroups);
        int rank = normalizedShape.Length;
        if (axes.IsEmpty)
        {
            if (shape.Length < rank || !shape[^rank..].SequenceEqual(normalizedShape))
                throw new ArgumentException($"{layer}: given normalizedShape {Shapes.Text(normalizedShape)}, expected input with shape [*, {Shapes.Text(normalizedShape)[1..]}, but got input of size {Shapes.Text(shape)}.", "input");
            nint rows = Shapes.Product(shape[..^rank]), elements = Shapes.Product(normalizedShape);
            Grouping whole = numGroups == 1
                ? Grouping.Layer(rows, elements) : Grouping.Layer(rows * numGroups, elements / numGroups) with { Weights = new(1, numGroups) };
            return new(layer, whole, scaling) { NormalizedRank = rank };
        }
        Span<int> dimensions = stackalloc int[rank];
        RequireAxes(layer, shape, normalizedShape, axes, dimensions);
        int first = dimensions[0], end = dimensions[^1] + 1;
        int[] order = [.. Enumerable.Range(0, shape.Length).Except(dimensions.ToArray()), .. dimensions];
        nint width = Shapes.Product(normalizedShape);
        Grouping grouping;
        if (end - first == rank)
        {
            nint before = Shapes.Product(shape[..first]), behind = Shapes.Product(shape[end..]);
            grouping = end == shape.Length ? Grouping.Layer(before, width) : Grouping.Position(before, width, behind);
        }
        else
        {
            nint others = 1;
            foreach (int d in order.AsSpan(0, shape.Length - rank))
                others *= shape[d];
            grouping = Grouping.Layer(others, width);
        }
        return new(layer, grouping, scaling) { NormalizedRank = rank, Order = end == shape.Length && end - first == rank ? default : order };
    }

    /// <summary>A weight whose slices along a dimension share statistics: that dimension is the channels, whatever lies before it the samples.</summary>
    public static Grouping Slices(string layer, ReadOnlySpan<nint> shape, int dim)
    {
        int d = dim < 0 ? dim + shape.Length : dim;
        if (d < 0 || d >= shape.Length)
            throw new ArgumentOutOfRangeException(nameof(dim), dim, $"{layer}: dimension out of range, expected to be in range of [{-shape.Length}, {shape.Length - 1}] for a weight of size {Shapes.Text(shape)}.");
        return Grouping.Batch(Shapes.Product(shape[..d]), shape[d], Shapes.Product(shape[(d + 1)..]));
    }

    private static void RequireAxes(
        string layer, ReadOnlySpan<nint> shape, ReadOnlySpan<nint> normalizedShape, ReadOnlySpan<int> axes, Span<int> dimensions)
    {
        if (axes.Length != normalizedShape.Length)
            throw new ArgumentException($"{layer}: {axes.Length} axes for normalizedShape {Shapes.Text(normalizedShape)}; give one for each of its lengths.", nameof(axes));
        for (int i = 0; i < axes.Length; i++)
        {
            int d = axes[i] < 0 ? axes[i] + shape.Length : axes[i];
            if (d < 0 || d >= shape.Length)
                throw new ArgumentException($"{layer}: axis {axes[i]} is none of the {shape.Length} dimensions of input {Shapes.Text(shape)}.", nameof(axes));
            if (i > 0 && d <= dimensions[i - 1])
                throw new ArgumentException($"{layer}: axes [{string.Join(", ", axes.ToArray())}] must be different dimensions of input {Shapes.Text(shape)}, in ascending order.", nameof(axes));
            if (shape[d] != normalizedShape[i])
                throw new ArgumentException($"{layer}: given normalizedShape {Shapes.Text(normalizedShape)} over axes [{string.Join(", ", axes.ToArray())}], expected length {normalizedShape[i]} in dimension {d}, but got input of size {Shapes.Text(shape)}.", "input");
            dimensions[i] = d;
        }
    }

    /// <exception cref="ArgumentException">The groups do not divide the last dimension, or not it alone is normalized over.</exception>
    public static void RequireGroups(string layer, ReadOnlySpan<nint> normalizedShape, ReadOnlySpan<int> axes, int numGroups)
    {
        if (numGroups < 1)
            throw new ArgumentOutOfRangeException(nameof(numGroups), numGroups, $"{layer}: the number of groups is at least 1.");
        if (numGroups > 1 && (normalizedShape.Length != 1 || !axes.IsEmpty))
            throw new ArgumentException($"{layer}: groups split the last dimension alone; give its length as normalizedShape, and no axes, not {Shapes.Text(normalizedShape)}.", nameof(numGroups));
        if (normalizedShape[^1] % numGroups != 0)
            throw new ArgumentException($"{layer}: a last dimension of {normalizedShape[^1]} does not split into {numGroups} equal groups.", nameof(numGroups));
    }

    public static void RequireNormalizedShape(string layer, ReadOnlySpan<nint> normalizedShape)
    {
        if (normalizedShape.IsEmpty)
            throw new ArgumentException($"{layer}: expected normalizedShape to be at least 1-dimensional, that is, to contain at least one element.", nameof(normalizedShape));
        foreach (nint n in normalizedShape)
        {
            if (n < 0)
                throw new ArgumentException($"{layer}: normalizedShape {Shapes.Text(normalizedShape)} has a negative length.", nameof(normalizedShape));
        }
    }

    private static void RequireChannels(string layer, ReadOnlySpan<nint> shape, int rank)
    {
        if (shape.Length < rank)
            throw new ArgumentException($"{layer}: expected at least {rank} dimensions, (N, C{(rank > 2 ? ", *" : "")}), for the input, but received {shape.Length}: {Shapes.Text(shape)}.", "input");
    }
}
