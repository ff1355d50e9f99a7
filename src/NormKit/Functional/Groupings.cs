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

    /// <summary>Input (*, normalizedShape).</summary>
    public static Grouping Layer(string layer, ReadOnlySpan<nint> shape, ReadOnlySpan<nint> normalizedShape)
    {
        RequireNormalizedShape(layer, normalizedShape);
        if (shape.Length < normalizedShape.Length || !shape[^normalizedShape.Length..].SequenceEqual(normalizedShape))
            throw new ArgumentException($"{layer}: given normalizedShape {Shapes.Text(normalizedShape)}, expected input with shape [*, {Shapes.Text(normalizedShape)[1..]}, but got input of size {Shapes.Text(shape)}.", "input");
        return Grouping.Layer(Shapes.Product(shape[..^normalizedShape.Length]), Shapes.Product(normalizedShape));
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
