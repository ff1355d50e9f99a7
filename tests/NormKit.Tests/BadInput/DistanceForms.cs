namespace NormKit.Tests.BadInput;

/// <summary>What takes two inputs: cosine similarity and distance, of which nothing is in place, and the adaptive norms.</summary>
internal static class DistanceForms
{
    private static readonly Type Argument = typeof(ArgumentException);
    private static readonly nint[] Pairs = [3, 5];

    public static IEnumerable<CallForm> All => [.. Cosine, .. Distance, .. Adaptive];

    private static CallForm[] Cosine =>
    [
        Of("CosineSimilarity.Forward<T>(x1, x2, cancellationToken)", a => new CosineSimilarity().Forward<float>(a.Input.Tensor, a.Second.Tensor, cancellationToken: a.Cancellation)),
        Of("CosineSimilarity.Forward<T>(x1, x2, destination, cancellationToken)", a => new CosineSimilarity().Forward(a.Input.Tensor, a.Second.Tensor, a.Destination.Tensor, cancellationToken: a.Cancellation)),
        Of("CosineSimilarity.Forward<T>(x1, shape1, x2, shape2, destination, cancellationToken)", a => new CosineSimilarity().Forward<float>(a.Input.Span, a.Shape, a.Second.Span, a.NormalizedShape, a.Destination.Span, cancellationToken: a.Cancellation)),
        Of("CosineSimilarity.Backward<T>(gradOutput, x1, x2, cancellationToken)", a => new CosineSimilarity().Backward<float>(a.GradOutput.Tensor, a.Input.Tensor, a.Second.Tensor, cancellationToken: a.Cancellation)),
        Of("CosineSimilarity.Backward<T>(gradOutput, x1, x2, gradX1, gradX2, cancellationToken)", a => new CosineSimilarity().Backward(a.GradOutput.Tensor, a.Input.Tensor, a.Second.Tensor, a.GradInput.Tensor, a.Sum.Tensor, cancellationToken: a.Cancellation)),
        Of("CosineSimilarity.Backward<T>(gradOutput, x1, shape1, x2, shape2, gradX1, gradX2, cancellationToken)",
            a => new CosineSimilarity().Backward<float>(a.GradOutput.Span, a.Input.Span, a.Shape, a.Second.Span, a.NormalizedShape, a.GradInput.Span, a.Sum.Span, cancellationToken: a.Cancellation)),
        Of("Functional.CosineSimilarity<T>(x1, x2, dim, eps, cancellationToken)", a => Functional.CosineSimilarity<float>(a.Input.Tensor, a.Second.Tensor, a.Dim, a.Eps, cancellationToken: a.Cancellation)),
    ];

    private static CallForm[] Distance =>
    [
        Of("PairwiseDistance.Forward<T>(x1, x2, cancellationToken)", a => new PairwiseDistance().Forward<float>(a.Input.Tensor, a.Second.Tensor, cancellationToken: a.Cancellation)),
        Of("PairwiseDistance.Forward<T>(x1, x2, destination, cancellationToken)", a => new PairwiseDistance().Forward(a.Input.Tensor, a.Second.Tensor, a.Destination.Tensor, cancellationToken: a.Cancellation)),
        Of("PairwiseDistance.Forward<T>(x1, x2, shape, destination, cancellationToken)", a => new PairwiseDistance().Forward<float>(a.Input.Span, a.Second.Span, a.Shape, a.Destination.Span, cancellationToken: a.Cancellation)),
        Of("PairwiseDistance.Backward<T>(gradOutput, x1, x2, cancellationToken)", a => new PairwiseDistance().Backward<float>(a.GradOutput.Tensor, a.Input.Tensor, a.Second.Tensor, cancellationToken: a.Cancellation)),
        Of("PairwiseDistance.Backward<T>(gradOutput, x1, x2, gradX1, gradX2, cancellationToken)", a => new PairwiseDistance().Backward(a.GradOutput.Tensor, a.Input.Tensor, a.Second.Tensor, a.GradInput.Tensor, a.Sum.Tensor, cancellationToken: a.Cancellation)),
        Of("PairwiseDistance.Backward<T>(gradOutput, x1, x2, shape, gradX1, gradX2, cancellationToken)",
            a => new PairwiseDistance().Backward<float>(a.GradOutput.Span, a.Input.Span, a.Second.Span, a.Shape, a.GradInput.Span, a.Sum.Span, cancellationToken: a.Cancellation)),
    ];

    private static CallForm Of(string entryPoint, Action<Arguments> call)
    {
        bool onSpans = entryPoint.Contains("shape", StringComparison.Ordinal);
        return new(entryPoint, entryPoint.Contains("Cosine", StringComparison.Ordinal) ? "CosineSimilarity" : "PairwiseDistance", Right, call)
        {
            Own = new()
            {
                ["x1"] = onSpans ? [new(a => a.Input = a.Input.Shorter, Argument, "x1 or x2", "14", "15|[3, 5]")] : [new(a => a.Input = Block<float>.None, Argument, "x1 or x2 or gradX1", "[]"), new(a => a.Input = a.Input.OfShape(3, 4), Argument, "x1 or x2 or gradX1", "[3, 4]", "[3, 5]")],
                ["x2"] = onSpans ? [new(a => a.Second = a.Second.Shorter, Argument, null, "14", "15|[3, 5]")] : [new(a => a.Second = Block<float>.None, Argument, "x2 or gradX2", "[]"), new(a => a.Second = a.Second.OfShape(2, 5), Argument, "x1 or x2 or gradX2", "[2, 5]", "[3, 5]")],
                ["shape"] = [new(a => a.Shape = [-3, -5], Argument, "shape or x1", "[-3, -5]"), new(a => a.Shape = [], Argument, "shape or x1", "scalar"), new(a => a.Shape = [(nint)1 << 32, (nint)1 << 32], Argument, "shape or x1", "4294967296")],
                ["shape1"] = [new(a => a.Shape = [-3, -5], Argument, "shape1 or x1", "[-3, -5]"), new(a => a.Shape = [], Argument, "shape1 or x1", "[]"), new(a => a.Shape = [(nint)1 << 32, (nint)1 << 32], Argument, "shape1 or x1", "4294967296")],
                ["shape2"] = [new(a => a.NormalizedShape = [-3, -5], Argument, "shape2 or x2", "[-3, -5]"), new(a => a.NormalizedShape = [], Argument, "shape2 or x2", "[]"), new(a => a.NormalizedShape = [(nint)1 << 32, (nint)1 << 32], Argument, "shape2 or x2", "4294967296")],
                ["destination"] = onSpans
                    ? [new(a => a.Destination = a.Destination.OfShape(4), Argument, null, "4", "3"), new(a => a.Destination = a.Input with { Shape = [3], Count = 3 }, Argument, null, "overlaps")]
                    : [new(a => a.Destination = Block<float>.None, Argument, null, "[]", "[3]"), new(a => a.Destination = a.Destination.OfShape(4), Argument, null, "[4]", "[3]")],
                ["gradOutput"] = onSpans ? [new(a => a.GradOutput = a.GradOutput.OfShape(4), Argument, null, "4", "3")] : [new(a => a.GradOutput = a.GradOutput.OfShape(4), Argument, null, "[4]", "[3]|3 elements")],
                ["gradX1"] = [new(a => a.GradInput = a.GradInput.OfShape(14), Argument, null, "14", "15|[3, 5]"), new(a => a.GradInput = a.Sum, Argument, "gradX1 or gradX2", "overlap")],
                ["gradX2"] = [new(a => a.Sum = a.Sum.OfShape(16), Argument, "gradX1 or gradX2", "16", "15|[3, 5]")],
                ["dim"] = [new(a => a.Dim = 2, Argument, "dim or x1", "2"), new(a => a.Dim = -3, Argument, "dim or x1", "-3")],
            },
        };
    }

    private static Arguments Right() => new(Pairs, 5) { NormalizedShape = Pairs, Destination = new(new float[3], 0, [3]), GradOutput = new(new float[3], 0, [3]) };

    private static CallForm[] Adaptive =>
    [
        Instance("Forward<T>(content, style, saved, cancellationToken)", (n, a) => n.Forward<float>(a.Input.Tensor, a.Second.Tensor, a.Saved, cancellationToken: a.Cancellation)),
        Instance("Forward<T>(content, style, destination, saved, cancellationToken)", (n, a) => n.Forward(a.Input.Tensor, a.Second.Tensor, a.Destination.Tensor, a.Saved, cancellationToken: a.Cancellation)),
        Instance("Backward<T>(gradOutput, content, style, saved, cancellationToken)", (n, a) => n.Backward<float>(a.GradOutput.Tensor, a.Input.Tensor, a.Second.Tensor, a.Saved!, cancellationToken: a.Cancellation)),
        Instance("Backward<T>(gradOutput, content, style, saved, gradContent, gradStyle, cancellationToken)", (n, a) => n.Backward(a.GradOutput.Tensor, a.Input.Tensor, a.Second.Tensor, a.Saved!, a.GradInput.Tensor, a.Sum.Tensor, cancellationToken: a.Cancellation)),
        Rows("Forward(input, scale, shift, saved, cancellationToken)", (n, a) => n.Forward(a.Input.Tensor, a.Weight.Tensor, a.Bias.Tensor, a.Saved, cancellationToken: a.Cancellation)),
        Rows("Forward<T>(input, scale, shift, saved, cancellationToken)", (n, a) => n.Forward<float>(a.Input.Tensor, a.Weight.Tensor, a.Bias.Tensor, a.Saved, cancellationToken: a.Cancellation)),
        Rows("Forward(input, scale, shift, destination, saved, cancellationToken)", (n, a) => n.Forward(a.Input.Tensor, a.Weight.Tensor, a.Bias.Tensor, a.Destination.Tensor, a.Saved, cancellationToken: a.Cancellation)),
        Rows("Forward<T>(input, scale, shift, destination, saved, cancellationToken)", (n, a) => n.Forward<float>(a.Input.Tensor, a.Weight.Tensor, a.Bias.Tensor, a.Destination.Tensor, a.Saved, cancellationToken: a.Cancellation)),
        Rows("Backward(gradOutput, input, scale, saved, cancellationToken)", (n, a) => n.Backward(a.GradOutput.Tensor, a.Input.Tensor, a.Weight.Tensor, a.Saved!, cancellationToken: a.Cancellation)),
        Rows("Backward<T>(gradOutput, input, scale, saved, cancellationToken)", (n, a) => n.Backward<float>(a.GradOutput.Tensor, a.Input.Tensor, a.Weight.Tensor, a.Saved!, cancellationToken: a.Cancellation)),
    ];

    private static CallForm Instance(string signature, Action<AdaptiveInstanceNorm<float>, Arguments> call) => new($"AdaptiveInstanceNorm.{signature}", "AdaptiveInstanceNorm", () => Full((n, a) => n.Forward(a.Input.Tensor, a.Second.Tensor, a.Destination.Tensor, a.Saved)), a => call(new(), a))
    {
        Own = new()
        {
            ["content"] = [new(a => a.Input = Block<float>.None, Argument, null, "received 0"), new(a => a.Input = a.Input.OfShape(3, 9, 7, 11), Argument, "content or style or saved", "[3, 9, 7, 11]")],
            ["style"] =
            [
                new(a => a.Second = Block<float>.None, Argument, null, "received 0"), new(a => a.Second = a.Second.OfShape(3, 9, 7, 11), Argument, null, "[3, 9, 7, 11]", "[3, 10, 7, 11]"),
                new(a => a.Second = a.Second.OfShape(3, 10, 0), Argument, null, "[3, 10, 0]", "no positions|positions"),
            ],
            ["destination"] = [.. WrongValues.OnTensors["destination"][..2], new(a => a.Destination = a.Input with { Start = 1 }, Argument, null, "overlaps content"), new(a => a.Destination = a.Second, Argument, null, "overlaps style")],
            ["gradContent"] = [new(a => a.GradInput = a.GradInput.OfShape(3, 10, 77), Argument, null, "[3, 10, 77]"), new(a => a.GradInput = a.Input with { Start = 1 }, Argument, null, "overlaps content"), new(a => a.GradInput = a.Sum, Argument, "gradContent or gradStyle", "overlaps")],
            ["gradStyle"] = [new(a => a.Sum = a.Sum.OfShape(3, 10, 77), Argument, null, "[3, 10, 77]"), new(a => a.Sum = a.Input, Argument, null, "overlaps content")],
            ["saved"] = [.. WrongValues.OnBoth["saved"][..2], new(a => a.Saved = Foreign(), Argument, null, "GroupNorm")],
        },
    };

    private static CallForm Rows(string signature, Action<AdaptiveRowNorm<float>, Arguments> call) => new($"AdaptiveRowNorm.{signature}", "AdaptiveLayerNorm", FullRows, a => call(new AdaptiveLayerNorm<float>([7, 11]), a))
    {
        Own = new()
        {
            ["input"] = [new(a => a.Input = Block<float>.None, Argument, null, "[]"), new(a => a.Input = a.Input.OfShape(3, 10, 77), Argument, null, "[3, 10, 77]", "[7, 11]"), new(a => a.Input = a.Input.OfShape(7, 11), Argument, null, "[7, 11]", "samples")],
            ["scale"] = [new(a => a.Weight = a.Weight.OfShape(77), Argument, null, "[77]", "[3, 7, 11]"), new(a => a.Weight = a.Destination with { Shape = [3, 7, 11], Count = 231 }, Argument, "destination", "overlaps") { Beside = "destination" }],
            ["shift"] = [new(a => a.Bias = a.Bias.OfShape(3, 11, 7), Argument, null, "[3, 11, 7]", "[3, 7, 11]")],
            ["saved"] = [.. WrongValues.OnBoth["saved"][..2], new(a => a.Saved = Foreign(), Argument, null, "another layer")],
        },
    };

    private static Arguments Full(Action<AdaptiveInstanceNorm<float>, Arguments> forward)
    {
        Arguments a = new([3, 10, 7, 11], 10);
        forward(new(), a);
        return a;
    }

    private static Arguments FullRows()
    {
        Arguments a = new([3, 10, 7, 11], 231) { Weight = new(new float[231], 0, [3, 7, 11]), Bias = new(new float[231], 0, [3, 7, 11]) };
        new AdaptiveLayerNorm<float>([7, 11]).Forward(a.Input.Tensor, a.Weight.Tensor, a.Bias.Tensor, a.Destination.Tensor, a.Saved);
        return a;
    }

    private static SavedStatistics Foreign()
    {
        SavedStatistics saved = new();
        Functional.GroupNorm<float>(new float[2310], [3, 10, 7, 11], new float[2310], 2, saved: saved);
        return saved;
    }
}
