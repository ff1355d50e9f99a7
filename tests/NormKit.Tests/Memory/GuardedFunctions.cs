using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Memory;

/// <summary>The entry points that take weights, running statistics and their gradients as spans, or more tensors than one.</summary>
internal static class GuardedFunctions<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static IEnumerable<GuardedCall> OfEachLength()
    {
        foreach ((string name, Action<GuardedBuffers, int> run) in OfSpans)
        {
            foreach (int length in GuardedLengths.Contiguous)
                yield return new($"{name} of {typeof(T).Name}, length {length}", length, buffers => run(buffers, length));
        }
        foreach ((string name, Action<GuardedBuffers, int, Placement> run) in OfTensors)
        {
            foreach ((int length, Placement placement) in GuardedLengths.OfLayouts())
                yield return new($"{name} of {typeof(T).Name}, length {length}, {placement}", length, buffers => run(buffers, length, placement));
        }
    }

    private static readonly (string Name, Action<GuardedBuffers, int> Run)[] OfSpans =
    [
        ("Functional.LayerNorm", (b, l) => Pass(b, [5, l], l, (x, y, w, c, _, _, s, format) => Functional.LayerNorm<T>(x, [5, l], y, [l], w, c, 1e-5, s, format))),
        ("Functional.RmsNorm", (b, l) => Pass(b, [5, l], l, (x, y, w, _, _, _, s, format) => Functional.RmsNorm<T>(x, [5, l], y, [l], w, 1e-5, s, format), hasBias: false)),
        ("Functional.BatchNorm", (b, l) => Pass(b, [2, 3, l], 3, (x, y, w, c, m, v, s, format) => Functional.BatchNorm(x, [2, 3, l], y, true, m, v, w, c, 0.1, 1e-5, s, format))),
        ("Functional.BatchNorm of channels", (b, l) => Pass(b, [4, l, 3], l, (x, y, w, c, m, v, s, format) => Functional.BatchNorm(x, [4, l, 3], y, true, m, v, w, c, 0.1, 1e-5, s, format))),
        ("Functional.BatchNorm in evaluation", (b, l) => Pass(b, [4, l, 3], l, (x, y, w, c, m, v, s, format) => Functional.BatchNorm(x, [4, l, 3], y, false, m, v, w, c, 0.1, 1e-5, s, format))),
        ("Functional.InstanceNorm", (b, l) => Pass(b, [2, 3, l], 3, (x, y, w, c, m, v, s, format) => Functional.InstanceNorm(x, [2, 3, l], y, true, m, v, w, c, 0.1, 1e-5, s, format))),
        ("Functional.InstanceNorm of channels", (b, l) => Pass(b, [2, l, 5], l, (x, y, w, c, m, v, s, format) => Functional.InstanceNorm(x, [2, l, 5], y, true, m, v, w, c, 0.1, 1e-5, s, format))),
        ("Functional.GroupNorm", (b, l) => Pass(b, [2, 6, l], 6, (x, y, w, c, _, _, s, format) => Functional.GroupNorm<T>(x, [2, 6, l], y, 3, w, c, 1e-5, s, format))),
        ("Functional.GroupNorm of channels", (b, l) => Pass(b, [2, 2 * l, 3], 2 * l, (x, y, w, c, _, _, s, format) => Functional.GroupNorm<T>(x, [2, 2 * l, 3], y, 2, w, c, 1e-5, s, format))),
        ("Functional.LocalResponseNorm", (b, l) => Pass(b, [2, l, 3], 0, (x, y, _, _, _, _, _, format) => Functional.LocalResponseNorm<T>(x, [2, l, 3], y, 5, format: format), backward: false)),
        ("Functional.Normalize", (b, l) => Pass(b, [2, 3, l], 0, (x, y, _, _, _, _, _, format) => Functional.Normalize<T>(x, [2, 3, l], y, 2, 2, format: format), backward: false)),
        ("Activation", (b, l) =>
        {
            Activation.Gelu.Apply<T>(b.Span<T>(l));
            Activation.Silu.Gradient<T>(b.Span<T>(l), b.Span<T>(l));
        }),
        ("Moments", (b, l) => b.Span<T>(1)[0] = T.CreateTruncating(Moments.Of<T>(b.Span<T>(l)).M2)),
        ("PairwiseDistance", (b, l) =>
        {
            PairwiseDistance distance = new();
            ReadOnlySpan<T> x1 = b.Span<T>(3 * l), x2 = b.Span<T>(3 * l);
            distance.Forward(x1, x2, [3, l], b.Span<T>(3));
            distance.Backward(b.Span<T>(3), x1, x2, [3, l], b.Span<T>(3 * l), b.Span<T>(3 * l));
        }),
        ("CosineSimilarity", (b, l) =>
        {
            CosineSimilarity similarity = new();
            ReadOnlySpan<T> x1 = b.Span<T>(3 * l), x2 = b.Span<T>(l);
            similarity.Forward(x1, [3, l], x2, [1, l], b.Span<T>(3));
            similarity.Backward(b.Span<T>(3), x1, [3, l], x2, [1, l], b.Span<T>(3 * l), b.Span<T>(l));
        }),
        ("WeightNorm and SpectralNorm", (b, l) =>
        {
            WeightNorm<T> norm = new(b.Tensor<T>([3, l], Placement.Contiguous));
            SavedStatistics saved = new();
            norm.Forward(saved);
            norm.Backward(b.Tensor<T>([3, l], Placement.Contiguous), saved);
            SpectralNorm<T> spectral = new(Tensor.Create(b.Span<T>(3 * l).ToArray(), [3, l]));
            spectral.Forward();
            spectral.Backward(b.Tensor<T>([3, l], Placement.Contiguous));
        }),
    ];

    private static readonly (string Name, Action<GuardedBuffers, int, Placement> Run)[] OfTensors =
    [
        ("LayerNorm after an addition", (b, l, p) => Added(new LayerNorm<T>(l), b, l, p)),
        ("RmsNorm after an addition", (b, l, p) => Added(new RmsNorm<T>(l), b, l, p)),
        ("AdaptiveLayerNorm", (b, l, p) => Adapted(new AdaptiveLayerNorm<T>(l), b, l, p)),
        ("AdaptiveRmsNorm", (b, l, p) => Adapted(new AdaptiveRmsNorm<T>(l), b, l, p)),
        ("AdaptiveInstanceNorm", (b, l, p) =>
        {
            AdaptiveInstanceNorm<T> norm = new();
            SavedStatistics saved = new();
            ReadOnlyTensorSpan<T> content = b.Tensor<T>([2, 3, l], p), style = b.Tensor<T>([2, 3, l + 1], p);
            norm.Forward(content, style, b.Tensor<T>([2, 3, l], p), saved);
            norm.Backward(b.Tensor<T>([2, 3, l], p), content, style, saved, b.Tensor<T>([2, 3, l], p), b.Tensor<T>([2, 3, l + 1], p));
        }),
        ("CosineSimilarity of tensors", (b, l, p) =>
        {
            CosineSimilarity similarity = new();
            ReadOnlyTensorSpan<T> x1 = b.Tensor<T>([2, l, 3], p), x2 = b.Tensor<T>([2, l, 3], p);
            similarity.Forward(x1, x2, b.Tensor<T>([2, 3], p));
            similarity.Backward(b.Tensor<T>([2, 3], p), x1, x2, b.Tensor<T>([2, l, 3], p), b.Tensor<T>([2, l, 3], p));
        }),
        ("PairwiseDistance of tensors", (b, l, p) =>
        {
            PairwiseDistance distance = new();
            ReadOnlyTensorSpan<T> x1 = b.Tensor<T>([2, 3, l], p), x2 = b.Tensor<T>([2, 3, l], p);
            distance.Forward(x1, x2, b.Tensor<T>([2, 3], p));
            distance.Backward(b.Tensor<T>([2, 3], p), x1, x2, b.Tensor<T>([2, 3, l], p), b.Tensor<T>([2, 3, l], p));
        }),
    ];

    private delegate void ForwardCall(
        ReadOnlySpan<T> x, Span<T> y, ReadOnlySpan<T> weight, ReadOnlySpan<T> bias, Span<T> mean, Span<T> variance, SavedStatistics saved, MemoryFormat format);

    private static void Pass(GuardedBuffers b, nint[] shape, int parameters, ForwardCall forward, bool backward = true, bool hasBias = true)
    {
        nint elements = shape.Aggregate((nint)1, (x, y) => x * y);
        foreach (MemoryFormat format in shape.Length > 2 ? Enum.GetValues<MemoryFormat>() : [MemoryFormat.Contiguous])
        {
            SavedStatistics saved = new();
            ReadOnlySpan<T> x = b.Span<T>(elements), weight = b.Span<T>(parameters);
            Span<T> variance = b.Span<T>(parameters);
            for (int i = 0; i < variance.Length; i++)
                variance[i] = T.Abs(variance[i]);
            forward(x, b.Span<T>(elements), weight, b.Span<T>(hasBias ? parameters : 0), b.Span<T>(parameters), variance, saved, format);
            if (backward)
            {
                Functional.Backward(
                    b.Span<T>(elements), x, shape, saved, weight, b.Span<T>(elements), b.Span<T>(parameters), b.Span<T>(hasBias ? parameters : 0), format);
            }
        }
    }

    private static void Added(RowNormLayer<T> layer, GuardedBuffers b, int l, Placement p)
    {
        SavedStatistics saved = new();
        TensorSpan<T> sum = b.Tensor<T>([2, 3, l], p);
        layer.ForwardAdd(b.Tensor<T>([2, 3, l], p), b.Tensor<T>([2, 3, l], p), b.Tensor<T>([2, 3, l], p), sum, saved, b.Tensor<T>([l], Placement.Contiguous));
        layer.BackwardAdd(b.Tensor<T>([2, 3, l], p), b.Tensor<T>([2, 3, l], p), sum, saved, b.Tensor<T>([2, 3, l], p));
    }

    private static void Adapted(AdaptiveRowNorm<T> layer, GuardedBuffers b, int l, Placement p)
    {
        SavedStatistics saved = new();
        ReadOnlyTensorSpan<T> x = b.Tensor<T>([2, 3, l], p), scale = b.Tensor<T>([2, l], Placement.Contiguous);
        layer.Forward(x, scale, b.Tensor<T>([2, l], Placement.Contiguous), b.Tensor<T>([2, 3, l], p), saved);
        layer.Backward(b.Tensor<T>([2, 3, l], p), x, scale, saved);
    }
}
