namespace NormKit.Tests.BadInput;

/// <summary>The passes of every layer with one input.</summary>
internal static class LayerForms
{
    private static readonly nint[] Shape = [3, 10, 7, 11];

    /// <summary>A layer of each class, and the name that its errors begin with.</summary>
    public static readonly (string Name, Func<NormLayer<float>> Make)[] Layers =
    [
        ("BatchNorm", () => new BatchNorm<float>(10)), ("BatchNorm2d", () => new BatchNorm2d<float>(10)), ("LazyBatchNorm", () => new LazyBatchNorm<float>()),
        ("LazyBatchNorm2d", () => new LazyBatchNorm2d<float>()), ("FrozenBatchNorm", () => new FrozenBatchNorm<float>(10)), ("GhostBatchNorm", () => new GhostBatchNorm<float>(10, 3)),
        ("BatchRenorm", () => new BatchRenorm<float>(10)), ("InstanceNorm", () => new InstanceNorm<float>(10, affine: true)),
        ("InstanceNorm2d", () => new InstanceNorm2d<float>(10, affine: true)), ("LazyInstanceNorm", () => new LazyInstanceNorm<float>()),
        ("LazyInstanceNorm2d", () => new LazyInstanceNorm2d<float>()), ("GroupNorm", () => new GroupNorm<float>(5, 10)), ("LayerNorm", () => new LayerNorm<float>([7, 11])),
        ("RmsNorm", () => new RmsNorm<float>([7, 11])), ("ScaleNorm", () => new ScaleNorm<float>(11)), ("QueryKeyNorm", () => new QueryKeyNorm<float>(10, 11)),
        ("DynamicTanh", () => new DynamicTanh<float>([7, 11])), ("LpNormalize", () => new LpNormalize<float>()), ("LocalResponseNorm", () => new LocalResponseNorm<float>(3)),
        ("FilterResponseNorm", () => new FilterResponseNorm<float>(10)), ("GlobalResponseNorm", () => new GlobalResponseNorm<float>(10)),
        ("SwitchableNorm", () => new SwitchableNorm<float>(10)), ("EvoNormS0", () => new EvoNormS0<float>(10, 5)), ("EvoNormB0", () => new EvoNormB0<float>(10)),
        ("WeightStandardization", () => new WeightStandardization<float>(3)), ("SyncBatchNorm", () => new SyncBatchNorm<float>(new LocalCommunicator(), 10)),
        // The same classes for inputs of one rank: what they add is a check of it, which BatchNormTests, InstanceNormTests and LazyNormTests hold.
        ("BatchNorm1d", () => new BatchNorm1d<float>(10)), ("BatchNorm3d", () => new BatchNorm3d<float>(10)), ("LazyBatchNorm1d", () => new LazyBatchNorm1d<float>()),
        ("LazyBatchNorm3d", () => new LazyBatchNorm3d<float>()), ("InstanceNorm1d", () => new InstanceNorm1d<float>(10)), ("InstanceNorm3d", () => new InstanceNorm3d<float>(10)),
        ("LazyInstanceNorm1d", () => new LazyInstanceNorm1d<float>()), ("LazyInstanceNorm3d", () => new LazyInstanceNorm3d<float>()),
    ];

    private static readonly (string Signature, Action<Arguments> Call)[] Passes =
    [
        ("Forward(input, saved, mask, cancellationToken)", a => a.Layer!.Forward(a.Input.Tensor, a.Saved, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        ("Forward<T>(input, saved, mask, cancellationToken)", a => a.Layer!.Forward<float>(a.Input.Tensor, a.Saved, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        ("Forward(input, destination, saved, mask, cancellationToken)", a => a.Layer!.Forward(a.Input.Tensor, a.Destination.Tensor, a.Saved, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        ("Forward<T>(input, destination, saved, mask, cancellationToken)", a => a.Layer!.Forward<float>(a.Input.Tensor, a.Destination.Tensor, a.Saved, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        ("Forward(input, shape, destination, saved, format, cancellationToken)", a => a.Layer!.Forward(a.Input.Span, a.Shape, a.Destination.Span, a.Saved, a.Format, cancellationToken: a.Cancellation)),
        ("Forward<T>(input, shape, destination, saved, format, cancellationToken)", a => a.Layer!.Forward<float>(a.Input.Span, a.Shape, a.Destination.Span, a.Saved, a.Format, cancellationToken: a.Cancellation)),
        ("Backward(gradOutput, input, saved, mask, cancellationToken)", a => a.Layer!.Backward(a.GradOutput.Tensor, a.Input.Tensor, a.Saved!, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        ("Backward<T>(gradOutput, input, saved, mask, cancellationToken)", a => a.Layer!.Backward<float>(a.GradOutput.Tensor, a.Input.Tensor, a.Saved!, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        ("Backward(gradOutput, input, saved, gradInput, mask, cancellationToken)", a => a.Layer!.Backward(a.GradOutput.Tensor, a.Input.Tensor, a.Saved!, a.GradInput.Tensor, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        ("Backward<T>(gradOutput, input, saved, gradInput, mask, cancellationToken)", a => a.Layer!.Backward<float>(a.GradOutput.Tensor, a.Input.Tensor, a.Saved!, a.GradInput.Tensor, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        ("Backward(gradOutput, input, shape, saved, gradInput, format, cancellationToken)", a => a.Layer!.Backward(a.GradOutput.Span, a.Input.Span, a.Shape, a.Saved!, a.GradInput.Span, a.Format, cancellationToken: a.Cancellation)),
        ("Backward<T>(gradOutput, input, shape, saved, gradInput, format, cancellationToken)", a => a.Layer!.Backward<float>(a.GradOutput.Span, a.Input.Span, a.Shape, a.Saved!, a.GradInput.Span, a.Format, cancellationToken: a.Cancellation)),
    ];

    public static IEnumerable<CallForm> All
    {
        get
        {
            foreach ((string name, Func<NormLayer<float>> make) in Layers.Where(l => l.Name[^2] is not ('1' or '3')))
            {
                foreach ((string signature, Action<Arguments> call) in Passes)
                {
                    bool back = signature.StartsWith("Backward", StringComparison.Ordinal);
                    yield return new($"NormLayer.{signature}", name, () => Of(make(), back), call) { Own = Own(make) };
                }
            }
            (string Name, Func<RowNormLayer<float>> Make)[] rows = [("LayerNorm", () => new LayerNorm<float>([7, 11])), ("RmsNorm", () => new RmsNorm<float>([7, 11]))];
            foreach ((string name, Func<RowNormLayer<float>> make) in rows)
            {
                foreach ((string signature, Action<Arguments> call) in Additions)
                    yield return new($"RowNormLayer.{signature}", name, () => Added(make(), signature[0] == 'B'), call) { Own = OwnOfAdditions(make) };
            }
        }
    }

    private static readonly (string Signature, Action<Arguments> Call)[] Additions =
    [
        ("ForwardAdd(input, residual, saved, addedBias, cancellationToken)", a => Row(a).ForwardAdd(a.Input.Tensor, a.Second.Tensor, a.Saved, a.Bias.Tensor, cancellationToken: a.Cancellation)),
        ("ForwardAdd<T>(input, residual, saved, addedBias, cancellationToken)", a => Row(a).ForwardAdd<float>(a.Input.Tensor, a.Second.Tensor, a.Saved, a.Bias.Tensor, cancellationToken: a.Cancellation)),
        ("ForwardAdd(input, residual, destination, sum, saved, addedBias, cancellationToken)", a => Row(a).ForwardAdd(a.Input.Tensor, a.Second.Tensor, a.Destination.Tensor, a.Sum.Tensor, a.Saved, a.Bias.Tensor, cancellationToken: a.Cancellation)),
        ("ForwardAdd<T>(input, residual, destination, sum, saved, addedBias, cancellationToken)", a => Row(a).ForwardAdd<float>(a.Input.Tensor, a.Second.Tensor, a.Destination.Tensor, a.Sum.Tensor, a.Saved, a.Bias.Tensor, cancellationToken: a.Cancellation)),
        ("BackwardAdd(gradOutput, gradSum, sum, saved, cancellationToken)", a => Row(a).BackwardAdd(a.GradOutput.Tensor, a.Second.Tensor, a.Sum.Tensor, a.Saved!, cancellationToken: a.Cancellation)),
        ("BackwardAdd<T>(gradOutput, gradSum, sum, saved, cancellationToken)", a => Row(a).BackwardAdd<float>(a.GradOutput.Tensor, a.Second.Tensor, a.Sum.Tensor, a.Saved!, cancellationToken: a.Cancellation)),
        ("BackwardAdd(gradOutput, gradSum, sum, saved, gradInput, cancellationToken)", a => Row(a).BackwardAdd(a.GradOutput.Tensor, a.Second.Tensor, a.Sum.Tensor, a.Saved!, a.GradInput.Tensor, cancellationToken: a.Cancellation)),
        ("BackwardAdd<T>(gradOutput, gradSum, sum, saved, gradInput, cancellationToken)", a => Row(a).BackwardAdd<float>(a.GradOutput.Tensor, a.Second.Tensor, a.Sum.Tensor, a.Saved!, a.GradInput.Tensor, cancellationToken: a.Cancellation)),
    ];

    private static RowNormLayer<float> Row(Arguments a) => (RowNormLayer<float>)a.Layer!;

    private static Arguments Of(NormLayer<float> layer, bool back)
    {
        Arguments a = new(Shape, 10) { Layer = layer };
        if (back)
            layer.Forward(a.Input.Span, Shape, a.Destination.Span, a.Saved);
        return a;
    }

    private static Arguments Added(RowNormLayer<float> layer, bool back)
    {
        Arguments a = new(Shape, 77) { Layer = layer };
        if (back)
            layer.ForwardAdd(a.Input.Tensor, a.Second.Tensor, a.Destination.Tensor, a.Sum.Tensor, a.Saved);
        return a;
    }

    private static Dictionary<string, Wrong[]> Own(Func<NormLayer<float>> make) => new()
    {
        ["mask"] = [new(a => a.Mask = new(new bool[2520], 0, [3, 10, 7, 12]), typeof(ArgumentException), null, "[3, 10, 7, 12]|no mask")],
        ["saved"] =
        [
            new(a => a.Saved = null, typeof(ArgumentNullException), null, "saved"), new(a => a.Saved = new(), typeof(InvalidOperationException), null, "never filled"),
            new(a => a.Saved = Foreign(new GroupNorm<float>(2, 10), Shape), typeof(ArgumentException), null, "GroupNorm|groups|another"),
            new(a => a.Saved = Foreign(make(), [6, 10, 7, 11]), typeof(ArgumentException), "input or saved", "[6, 10, 7, 11]|[3, 10, 14, 11]|another"),
        ],
    };

    private static Dictionary<string, Wrong[]> OwnOfAdditions(Func<RowNormLayer<float>> make) => new()
    {
        ["residual"] =
        [
            new(a => a.Second = Block<float>.None, typeof(ArgumentException), null, "[]", "[3, 10, 7, 11]"), new(a => a.Second = a.Second.OfShape(3, 10, 77), typeof(ArgumentException), null, "[3, 10, 77]", "[3, 10, 7, 11]"),
            new(a => a.Second = a.Sum with { Start = 1 }, typeof(ArgumentException), "sum", "overlaps residual") { Beside = "destination" },
        ],
        ["sum"] =
        [
            new(a => a.Sum = Block<float>.None, typeof(ArgumentException), "sum or input", "[]", "[3, 10, 7, 11]"), new(a => a.Sum = a.Sum.OfShape(3, 10, 77), typeof(ArgumentException), "sum or input", "[3, 10, 77]"),
            new(a => a.Sum = a.Destination, typeof(ArgumentException), null, "overlaps destination") { Beside = "destination" },
            new(a => a.Sum = a.Input with { Start = 1 }, typeof(ArgumentException), null, "overlaps input") { Beside = "destination" },
        ],
        ["addedBias"] = [new(a => a.Bias = a.Bias.OfShape(9), typeof(ArgumentException), null, "77 elements", "9")],
        ["gradSum"] = [new(a => a.Second = a.Second.OfShape(3, 10, 77), typeof(ArgumentException), null, "[3, 10, 77]", "[3, 10, 7, 11]")],
        ["gradInput"] =
        [
            new(a => a.GradInput = Block<float>.None, typeof(ArgumentException), null, "[]"), new(a => a.GradInput = a.GradInput.OfShape(3, 10, 77), typeof(ArgumentException), null, "[3, 10, 77]"),
            new(a => a.GradInput = a.Second with { Start = 1 }, typeof(ArgumentException), null, "overlaps gradSum"),
        ],
        ["saved"] = Own(make)["saved"],
        ["input"] = [new(a => a.Input = Block<float>.None, typeof(ArgumentException), null, "[]"), new(a => a.Input = a.Input.OfShape(3, 10, 77), typeof(ArgumentException), null, "[3, 10, 77]")],
    };

    private static SavedStatistics Foreign(NormLayer<float> layer, nint[] shape)
    {
        SavedStatistics saved = new();
        float[] x = new float[shape.Aggregate((nint)1, (a, b) => a * b)];
        // A weight to be standardized keeps its first length, which is the layer's.
        nint[] taken = layer is WeightStandardization<float> ? [3, 10, 14, 11] : shape;
        layer.Forward(x, taken, new float[x.Length], saved);
        return saved;
    }
}
