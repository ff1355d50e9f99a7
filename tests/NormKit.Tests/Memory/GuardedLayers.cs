using System.Numerics;
using System.Numerics.Tensors;
using System.Reflection;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Memory;

/// <summary>One call, or a forward and a backward one, on guarded buffers.</summary>
/// <param name="Name">How it is reported.</param>
/// <param name="Length">The length that goes from 0 to 200; 0 and 1 may be refused, no other is.</param>
/// <param name="Run">Makes it.</param>
internal sealed record GuardedCall(string Name, int Length, Action<GuardedBuffers> Run);

/// <summary>Every layer, forward and backward, on inputs whose innermost, or channel, length goes from 0 to 200.</summary>
/// <typeparam name="T">What the layer computes in.</typeparam>
/// <typeparam name="TInput">What input and output hold.</typeparam>
internal static class GuardedLayers<T, TInput>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TInput : unmanaged
{
    public static IEnumerable<GuardedCall> OfEachLength()
    {
        foreach (Member member in Members.Every.Where(m => m.HasPositions && m.Shape[1] == 10 && !m.Name.Contains("of dimension 1", StringComparison.Ordinal)))
        {
            foreach ((int length, Placement placement) in GuardedLengths.OfLayouts())
                yield return Call(member.Name, length, member.Make<T>, [member.OfSamples(2).Shape[0], member.Shape[1], length], placement, member.TakesMask);
        }
        foreach ((string name, Func<int, NormLayer<T>> make, Func<int, nint[]> shape, bool takesMask) in OfALength)
        {
            foreach ((int length, Placement placement) in GuardedLengths.OfLayouts())
                yield return Call(name, length, () => make(length), shape(length), placement, takesMask);
        }
    }

    /// <summary>Outputs that no cache holds, on two threads.</summary>
    public static IEnumerable<GuardedCall> OfManyElements()
    {
        int times = GuardedLengths.Every ? 5 : 1;
        foreach (Placement placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast])
        {
            foreach (string name in (string[])["BatchNorm", "InstanceNorm", "GroupNorm"])
                yield return Call(name, 257, Members.Named(name).Make<T>, [3, 10, 257 * times, 257], placement, takesMask: false);
        }
        yield return Call("LayerNorm", 4099, () => new LayerNorm<T>(4099), [487 * times, 4099], Placement.Contiguous, takesMask: false);
        yield return Call("RmsNorm", 37, () => new RmsNorm<T>(37), [52583 * times, 37], Placement.Contiguous, takesMask: false);
    }

    private static readonly (string Name, Func<int, NormLayer<T>> Make, Func<int, nint[]> Shape, bool TakesMask)[] OfALength =
    [
        ("LayerNorm", l => new LayerNorm<T>(l), l => [2, 3, l], true),
        ("LayerNorm and Gelu", l => new LayerNorm<T>(l) { Activation = Activation.Gelu }, l => [5, l], false),
        ("LayerNorm without weight", l => new LayerNorm<T>(l, elementwiseAffine: false), l => [5, l], false),
        ("LayerNorm over two", l => new LayerNorm<T>([3, l]), l => [3, 3, l], false),
        ("LayerNorm over channels", l => new LayerNorm<T>([l], axes: [1]), l => [2, l, 5], true),
        ("LayerNorm over channels and the last", l => new LayerNorm<T>([l, 3], axes: [1, -1]), l => [2, l, 2, 3], false),
        ("RmsNorm", l => new RmsNorm<T>(l), l => [2, 3, l], true),
        ("RmsNorm over channels", l => new RmsNorm<T>([l], axes: [1], unitOffset: true), l => [2, l, 5], false),
        ("ScaleNorm", l => new ScaleNorm<T>(l), l => [2, 3, l], true),
        ("QueryKeyNorm", l => new QueryKeyNorm<T>(3, l), l => [2, 3, 2, l], true),
        ("DynamicTanh", l => new DynamicTanh<T>(l), l => [2, 3, l], false),
        ("LpNormalize of the last", l => new LpNormalize<T>(2, dim: -1), l => [2, 3, l], false),
        ("LpNormalize of p 3, the last", l => new LpNormalize<T>(3, dim: -1), l => [2, 3, l], false),
        ("WeightStandardization", l => new WeightStandardization<T>(3, gain: true), l => [3, 2, l], false),
        .. OfChannels("BatchNorm", l => new BatchNorm<T>(l)),
        .. OfChannels("InstanceNorm", l => new InstanceNorm<T>(l, affine: true)),
        .. OfChannels("GroupNorm", l => new GroupNorm<T>(l % 3 == 0 ? l / 3 : 1, l)),
        .. OfChannels("FrozenBatchNorm", l => new FrozenBatchNorm<T>(l)),
        .. OfChannels("GhostBatchNorm", l => new GhostBatchNorm<T>(l)),
        .. OfChannels("LocalResponseNorm", _ => new LocalResponseNorm<T>(5)),
        .. OfChannels("SwitchableNorm", l => new SwitchableNorm<T>(l)),
        .. OfChannels("GlobalResponseNorm", l => new GlobalResponseNorm<T>(l)),
    ];

    /// <summary>As many channels as the length, with few positions and with none.</summary>
    private static IEnumerable<(string, Func<int, NormLayer<T>>, Func<int, nint[]>, bool)> OfChannels(string name, Func<int, NormLayer<T>> make)
    {
        yield return ($"{name} of channels", make, l => [4, l, 3], false);
        if (name is "BatchNorm" or "GroupNorm" or "FrozenBatchNorm" or "GhostBatchNorm")
            yield return ($"{name} of channels without positions", make, l => [4, l], false);
    }

    private static GuardedCall Call(string name, int length, Func<NormLayer<T>> make, nint[] shape, Placement placement, bool takesMask) =>
        new($"{name} of {typeof(TInput).Name}, [{string.Join(", ", shape)}], {placement}", length, buffers =>
        {
            NormLayer<T> layer = make();
            layer.MaxDegreeOfParallelism = 2;
            foreach (StateEntry<T> entry in layer.State.Where(e => e.Kind != StateKind.Counter))
            {
                Span<T> drawn = buffers.Span<T>(entry.Value!.FlattenedLength);
                for (int i = 0; i < drawn.Length; i++)
                    drawn[i] = T.Abs(drawn[i]) + T.CreateTruncating(0.25);
                Tensor.Create(drawn.ToArray(), entry.Value.Lengths).CopyTo(entry.Value);
            }
            Guard(layer, buffers);
            foreach (bool masked in takesMask ? (bool[])[false, true] : [false])
            {
                SavedStatistics saved = new();
                ReadOnlyTensorSpan<bool> mask = masked ? buffers.Mask(shape, placement) : default(TensorSpan<bool>);
                ReadOnlyTensorSpan<TInput> x = buffers.Tensor<TInput>(shape, placement), dy = buffers.Tensor<TInput>(shape, placement);
                layer.Forward(x, buffers.Tensor<TInput>(shape, placement), saved, mask);
                layer.Backward(dy, x, saved, buffers.Tensor<TInput>(shape, placement), mask);
            }
        });

    /// <summary>Puts the arrays of parameters, gradients and running statistics that a layer holds between guard pages.</summary>
    private static void Guard(NormLayer<T> layer, GuardedBuffers buffers)
    {
        foreach ((_, Parameter<T> parameter) in layer.NamedParameters)
            GuardFields(parameter, buffers);
        GuardFields(layer, buffers);
    }

    private static void GuardFields(object holder, GuardedBuffers buffers)
    {
        for (Type? type = holder.GetType(); type is not null; type = type.BaseType)
        {
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                if (field.GetValue(holder) is T[] array)
                    field.SetValue(holder, buffers.ArrayOf(array));
            }
        }
    }
}
