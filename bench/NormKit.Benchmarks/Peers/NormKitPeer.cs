using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using NormKit.Cli.Timing;

namespace NormKit.Benchmarks.Peers;

/// <summary>NormKit itself, with destinations given, or as one calls it who wants a new tensor.</summary>
internal sealed class NormKitPeer(bool newOutput) : IPeer
{
    public const string Given = "NormKit";
    public const string New = "NormKit, new output";

    public string Name => newOutput ? New : Given;

    public Candidate? For(RowData data, int threads, IList<IDisposable> held) => data.Row.Element switch
    {
        Element.Float32 => Of<float, float>(data, threads),
        Element.Float64 => Of<double, double>(data, threads),
        _ => Of<float, BFloat16>(data, threads),
    };

    private Candidate Of<T, TInput>(RowData data, int threads) where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
    {
        Row row = data.Row;
        NormLayer<T> layer = Layer<T>(data);
        layer.MaxDegreeOfParallelism = threads;
        return newOutput ? Creating<T, TInput>(layer, data) : Filling<T, TInput>(layer, data);
    }

    private Candidate Filling<T, TInput>(NormLayer<T> layer, RowData data) where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
    {
        Action fill = Fill<T, TInput>(layer, data);
        return new(Name, fill, () =>
        {
            data.Output.Span.Fill(0xff);
            layer.ZeroGrad();
            fill();
            return new(
                Elements.Doubles(data.Output.Span, data.Row.Element), data.Sum is null ? null : Elements.Doubles(data.Sum.Span, data.Row.Element),
                Doubles(layer.Weight?.Grad), Doubles(layer.Bias?.Grad));
        });
    }

    private Candidate Creating<T, TInput>(NormLayer<T> layer, RowData data) where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
    {
        Func<(Tensor<TInput> Output, Tensor<TInput>? Sum)> create = Create<T, TInput>(layer, data);
        return new(Name, () => create(), () =>
        {
            layer.ZeroGrad();
            (Tensor<TInput> output, Tensor<TInput>? sum) = create();
            return new(Bytes(output), sum is null ? null : Bytes(sum), Doubles(layer.Weight?.Grad), Doubles(layer.Bias?.Grad));
        });

        double[] Bytes(Tensor<TInput> tensor)
        {
            TInput[] values = new TInput[data.Row.Count];
            tensor.FlattenTo(values);
            return Elements.Doubles(MemoryMarshal.AsBytes(values.AsSpan()), data.Row.Element);
        }
    }

    private static NormLayer<T> Layer<T>(RowData data) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Row row = data.Row;
        NormLayer<T> layer = row.Layer switch
        {
            Peers.Layer.LayerNorm or Peers.Layer.AddLayerNorm => new LayerNorm<T>(row.WeightShape, Row.Eps),
            Peers.Layer.RmsNorm or Peers.Layer.AddRmsNorm => new RmsNorm<T>(row.WeightShape, Row.Eps),
            Peers.Layer.InstanceNorm => new InstanceNorm<T>(row.C, Row.Eps, affine: true),
            Peers.Layer.GroupNorm => new GroupNorm<T>(row.Groups, row.C, Row.Eps),
            _ => new BatchNorm<T>(row.C, Row.Eps),
        };
        Set(layer.Weight!.Value, data.Weight);
        if (layer.Bias is not null)
            Set(layer.Bias.Value, data.Bias);
        if (row.Layer == Peers.Layer.BatchNormEval)
        {
            layer.Eval();
            Set(((BatchNorm<T>)layer).RunningMean!, data.RunningMean);
            Set(((BatchNorm<T>)layer).RunningVar!, data.RunningVar);
        }
        return layer;
    }

    private static Action Fill<T, TInput>(NormLayer<T> layer, RowData data) where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
    {
        Row row = data.Row;
        if (layer is RowNormLayer<T> rows && row.HasResidual)
            return FillSums<T, TInput>(rows, data);
        if (data.Pass == Pass.Forward)
            return () => layer.Forward<TInput>(As<TInput>(data.X.Span), row.Shape, As<TInput>(data.Output.Span), saved: null, row.Format);
        SavedStatistics saved = new();
        layer.Forward<TInput>(As<TInput>(data.X.Span), row.Shape, As<TInput>(data.Output.Span), saved, row.Format);
        return () => layer.Backward<TInput>(
            As<TInput>(data.Dy!.Span), As<TInput>(data.X.Span), row.Shape, saved, As<TInput>(data.Output.Span), row.Format);
    }

    private static Action FillSums<T, TInput>(RowNormLayer<T> layer, RowData data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
    {
        nint[] shape = data.Row.Shape;
        if (data.Pass == Pass.Forward)
        {
            return () => layer.ForwardAdd<TInput>(
                new(As<TInput>(data.X.Span), shape, []), new(As<TInput>(data.Residual!.Span), shape, []),
                new(As<TInput>(data.Output.Span), shape, []), new TensorSpan<TInput>(As<TInput>(data.Sum!.Span), shape, []));
        }
        SavedStatistics saved = new();
        layer.ForwardAdd<TInput>(
            new(As<TInput>(data.X.Span), shape, []), new(As<TInput>(data.Residual!.Span), shape, []),
            new(As<TInput>(data.Output.Span), shape, []), new TensorSpan<TInput>(As<TInput>(data.Sum!.Span), shape, []), saved);
        return () => layer.BackwardAdd<TInput>(
            new(As<TInput>(data.Dy!.Span), shape, []), new(As<TInput>(data.DySum!.Span), shape, []), new(As<TInput>(data.Sum!.Span), shape, []), saved,
            new TensorSpan<TInput>(As<TInput>(data.Output.Span), shape, []));
    }

    /// <summary>Rows in row-major order only.</summary>
    private static Func<(Tensor<TInput> Output, Tensor<TInput>? Sum)> Create<T, TInput>(NormLayer<T> layer, RowData data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
    {
        SavedStatistics? saved = data.Pass == Pass.Forward ? null : new();
        if (layer is RowNormLayer<T> rows && data.Row.HasResidual)
        {
            if (saved is null)
                return () => rows.ForwardAdd(View(data.X), View(data.Residual!));
            rows.ForwardAdd(View(data.X), View(data.Residual!), new(As<TInput>(data.Output.Span), data.Row.Shape, []), new TensorSpan<TInput>(As<TInput>(data.Sum!.Span), data.Row.Shape, []), saved);
            return () => (rows.BackwardAdd(View(data.Dy!), View(data.DySum!), View(data.Sum!), saved), null);
        }
        if (saved is null)
            return () => (layer.Forward(View(data.X)), null);
        layer.Forward(View(data.X), saved);
        return () => (layer.Backward(View(data.Dy!), View(data.X), saved), null);

        ReadOnlyTensorSpan<TInput> View(AlignedArray<byte> bytes) => new(As<TInput>(bytes.Span), data.Row.Shape, []);
    }

    private static Span<TInput> As<TInput>(Span<byte> bytes) where TInput : unmanaged => MemoryMarshal.Cast<byte, TInput>(bytes);

    private static void Set<T>(Tensor<T> tensor, double[] values) where T : INumberBase<T> =>
        Tensor.Create(Elements.As<T>(values), tensor.Lengths).CopyTo(tensor);

    private static double[]? Doubles<T>(Tensor<T>? tensor) where T : INumberBase<T>
    {
        if (tensor is null)
            return null;
        T[] values = new T[(int)tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return [.. values.Select(double.CreateTruncating)];
    }
}
