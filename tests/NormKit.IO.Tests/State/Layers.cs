using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace NormKit.IO.Tests;

/// <summary>Layers with random state, and all that a layer holds as bytes.</summary>
internal static class Layers
{
    /// <summary>Every layer with every choice of what it holds, pairwise different sizes.</summary>
    public static NormLayer<T>[] All<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
    [
        new BatchNorm<T>(5), new BatchNorm1d<T>(1), new BatchNorm2d<T>(7, affine: false), new BatchNorm3d<T>(4, trackRunningStats: false),
        new BatchNorm<T>(3, affine: false, trackRunningStats: false), new InstanceNorm<T>(6), new InstanceNorm1d<T>(8, affine: true),
        new InstanceNorm2d<T>(9, trackRunningStats: true), new InstanceNorm3d<T>(10, affine: true, trackRunningStats: true),
        new LayerNorm<T>([3, 4, 2]), new LayerNorm<T>(11, bias: false), new LayerNorm<T>(12, elementwiseAffine: false), new LayerNorm<T>([2, 0]), new LayerNorm<T>([0, 2]),
        new GroupNorm<T>(3, 12), new GroupNorm<T>(2, 14, affine: false),
    ];

    public static TLayer Randomized<TLayer, T>(TLayer layer, int seed)
        where TLayer : IStateful<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Random random = new(seed);
        foreach (StateEntry<T> entry in layer.State)
        {
            if (entry.Kind == StateKind.Counter)
                entry.Count = random.NextInt64(long.MaxValue);
            else
                Set(entry, [.. Enumerable.Range(0, (int)entry.Value!.FlattenedLength).Select(_ => T.CreateTruncating((random.NextDouble() * 8) - 3))]);
        }
        return layer;
    }

    public static BatchNorm2d<float> RandomBatchNorm(int channels, int seed) => Randomized<BatchNorm2d<float>, float>(new(channels), seed);

    public static T[] Get<T>(IStateful<T> layer, string key) where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elements(layer.State.Single(entry => entry.Key == key));

    /// <summary>All state, to the bit, with keys and shapes.</summary>
    public static string Bits<T>(IStateful<T> layer) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        string.Join(' ', layer.State.Select(entry => $"{entry.Key}[{string.Join(",", entry.Shape.ToArray())}]=" + (entry.Kind == StateKind.Counter
            ? $"{entry.Count}" : entry.Value is null ? "open" : Convert.ToHexString(MemoryMarshal.AsBytes<T>(Elements(entry))))));

    private static void Set<T>(StateEntry<T> entry, T[] values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (values.Length > 0)
            new ReadOnlyTensorSpan<T>(values, entry.Value!.Lengths).CopyTo(entry.Value);
    }

    private static T[] Elements<T>(StateEntry<T> entry) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] elements = new T[entry.Value!.FlattenedLength];
        if (elements.Length > 0)
            entry.Value.FlattenTo(elements);
        return elements;
    }
}
