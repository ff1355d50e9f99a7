namespace NormKit.Tests.BadInput;

/// <summary>The functions of <see cref="Functional"/>.</summary>
internal static class FunctionForms
{
    private static readonly nint[] Shape = [3, 10, 7, 11];
    private static readonly string[] Flags = ["training", "useInputStats"];

    public static IEnumerable<CallForm> All =>
    [
        Form("BatchNorm<T>(input, shape, destination, training, runningMean, runningVar, weight, bias, momentum, eps, saved, format, maxDegreeOfParallelism, cancellationToken)",
            a => Functional.BatchNorm<float>(a.Input.Span, a.Shape, a.Destination.Span, true, a.RunningMean.Span, a.RunningVar.Span, a.Weight.Span, a.Bias.Span, a.Momentum, a.Eps, a.Saved, a.Format, a.Threads, cancellationToken: a.Cancellation)),
        Form("BatchNorm<T>(input, destination, training, runningMean, runningVar, weight, bias, momentum, eps, saved, maxDegreeOfParallelism, mask, cancellationToken)",
            a => Functional.BatchNorm<float>(a.Input.Tensor, a.Destination.Tensor, true, a.RunningMean.Tensor, a.RunningVar.Tensor, a.Weight.Tensor, a.Bias.Tensor, a.Momentum, a.Eps, a.Saved, a.Threads, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        Form("BatchNorm<T>(input, training, runningMean, runningVar, weight, bias, momentum, eps, saved, maxDegreeOfParallelism, mask, cancellationToken)",
            a => Functional.BatchNorm<float>(a.Input.Tensor, true, a.RunningMean.Tensor, a.RunningVar.Tensor, a.Weight.Tensor, a.Bias.Tensor, a.Momentum, a.Eps, a.Saved, a.Threads, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        Form("InstanceNorm<T>(input, shape, destination, useInputStats, runningMean, runningVar, weight, bias, momentum, eps, saved, format, maxDegreeOfParallelism, cancellationToken)",
            a => Functional.InstanceNorm<float>(a.Input.Span, a.Shape, a.Destination.Span, true, a.RunningMean.Span, a.RunningVar.Span, a.Weight.Span, a.Bias.Span, a.Momentum, a.Eps, a.Saved, a.Format, a.Threads, cancellationToken: a.Cancellation)),
        Form("InstanceNorm<T>(input, destination, useInputStats, runningMean, runningVar, weight, bias, momentum, eps, saved, maxDegreeOfParallelism, mask, cancellationToken)",
            a => Functional.InstanceNorm<float>(a.Input.Tensor, a.Destination.Tensor, true, a.RunningMean.Tensor, a.RunningVar.Tensor, a.Weight.Tensor, a.Bias.Tensor, a.Momentum, a.Eps, a.Saved, a.Threads, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        Form("InstanceNorm<T>(input, useInputStats, runningMean, runningVar, weight, bias, momentum, eps, saved, maxDegreeOfParallelism, mask, cancellationToken)",
            a => Functional.InstanceNorm<float>(a.Input.Tensor, true, a.RunningMean.Tensor, a.RunningVar.Tensor, a.Weight.Tensor, a.Bias.Tensor, a.Momentum, a.Eps, a.Saved, a.Threads, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        Form("GroupNorm<T>(input, shape, destination, numGroups, weight, bias, eps, saved, format, maxDegreeOfParallelism, cancellationToken)",
            a => Functional.GroupNorm<float>(a.Input.Span, a.Shape, a.Destination.Span, a.Groups, a.Weight.Span, a.Bias.Span, a.Eps, a.Saved, a.Format, a.Threads, cancellationToken: a.Cancellation)),
        Form("GroupNorm<T>(input, destination, numGroups, weight, bias, eps, saved, maxDegreeOfParallelism, mask, cancellationToken)",
            a => Functional.GroupNorm<float>(a.Input.Tensor, a.Destination.Tensor, a.Groups, a.Weight.Tensor, a.Bias.Tensor, a.Eps, a.Saved, a.Threads, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        Form("GroupNorm<T>(input, numGroups, weight, bias, eps, saved, maxDegreeOfParallelism, mask, cancellationToken)",
            a => Functional.GroupNorm<float>(a.Input.Tensor, a.Groups, a.Weight.Tensor, a.Bias.Tensor, a.Eps, a.Saved, a.Threads, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        Form("LayerNorm<T>(input, shape, destination, normalizedShape, weight, bias, eps, saved, format, maxDegreeOfParallelism, axes, numGroups, cancellationToken)",
            a => Functional.LayerNorm<float>(a.Input.Span, a.Shape, a.Destination.Span, a.NormalizedShape, a.Weight.Span, a.Bias.Span, a.Eps, a.Saved, a.Format, a.Threads, a.Axes, cancellationToken: a.Cancellation)) with { Any = ["numGroups"] },
        Form("LayerNorm<T>(input, destination, normalizedShape, weight, bias, eps, saved, maxDegreeOfParallelism, mask, axes, numGroups, cancellationToken)",
            a => Functional.LayerNorm<float>(a.Input.Tensor, a.Destination.Tensor, a.NormalizedShape, a.Weight.Tensor, a.Bias.Tensor, a.Eps, a.Saved, a.Threads, a.Mask.Tensor, a.Axes, cancellationToken: a.Cancellation)) with { Any = ["numGroups"] },
        Form("LayerNorm<T>(input, normalizedShape, weight, bias, eps, saved, maxDegreeOfParallelism, mask, axes, numGroups, cancellationToken)",
            a => Functional.LayerNorm<float>(a.Input.Tensor, a.NormalizedShape, a.Weight.Tensor, a.Bias.Tensor, a.Eps, a.Saved, a.Threads, a.Mask.Tensor, a.Axes, cancellationToken: a.Cancellation)) with { Any = ["numGroups"] },
        Form("RmsNorm<T>(input, shape, destination, normalizedShape, weight, eps, saved, format, maxDegreeOfParallelism, axes, numGroups, cancellationToken)",
            a => Functional.RmsNorm<float>(a.Input.Span, a.Shape, a.Destination.Span, a.NormalizedShape, a.Weight.Span, a.Eps, a.Saved, a.Format, a.Threads, a.Axes, cancellationToken: a.Cancellation)) with { Any = ["numGroups"] },
        Form("RmsNorm<T>(input, destination, normalizedShape, weight, eps, saved, maxDegreeOfParallelism, mask, axes, numGroups, cancellationToken)",
            a => Functional.RmsNorm<float>(a.Input.Tensor, a.Destination.Tensor, a.NormalizedShape, a.Weight.Tensor, a.Eps, a.Saved, a.Threads, a.Mask.Tensor, a.Axes, cancellationToken: a.Cancellation)) with { Any = ["numGroups"] },
        Form("RmsNorm<T>(input, normalizedShape, weight, eps, saved, maxDegreeOfParallelism, mask, axes, numGroups, cancellationToken)",
            a => Functional.RmsNorm<float>(a.Input.Tensor, a.NormalizedShape, a.Weight.Tensor, a.Eps, a.Saved, a.Threads, a.Mask.Tensor, a.Axes, cancellationToken: a.Cancellation)) with { Any = ["numGroups"] },
        Form("LocalResponseNorm<T>(input, shape, destination, size, alpha, beta, k, window, format, maxDegreeOfParallelism, cancellationToken)",
            a => Functional.LocalResponseNorm<float>(a.Input.Span, a.Shape, a.Destination.Span, a.Size, a.Alpha, a.Beta, a.K, a.Window, a.Format, a.Threads, cancellationToken: a.Cancellation)),
        Form("LocalResponseNorm<T>(input, destination, size, alpha, beta, k, window, maxDegreeOfParallelism, cancellationToken)",
            a => Functional.LocalResponseNorm<float>(a.Input.Tensor, a.Destination.Tensor, a.Size, a.Alpha, a.Beta, a.K, a.Window, a.Threads, cancellationToken: a.Cancellation)),
        Form("LocalResponseNorm<T>(input, size, alpha, beta, k, window, maxDegreeOfParallelism, cancellationToken)",
            a => Functional.LocalResponseNorm<float>(a.Input.Tensor, a.Size, a.Alpha, a.Beta, a.K, a.Window, a.Threads, cancellationToken: a.Cancellation)),
        Form("Normalize<T>(input, shape, destination, p, dim, eps, format, maxDegreeOfParallelism, cancellationToken)",
            a => Functional.Normalize<float>(a.Input.Span, a.Shape, a.Destination.Span, a.P, a.Dim, a.Eps, a.Format, a.Threads, cancellationToken: a.Cancellation)),
        Form("Normalize<T>(input, destination, p, dim, eps, maxDegreeOfParallelism, cancellationToken)",
            a => Functional.Normalize<float>(a.Input.Tensor, a.Destination.Tensor, a.P, a.Dim, a.Eps, a.Threads, cancellationToken: a.Cancellation)),
        Form("Normalize<T>(input, p, dim, eps, maxDegreeOfParallelism, cancellationToken)", a => Functional.Normalize<float>(a.Input.Tensor, a.P, a.Dim, a.Eps, a.Threads, cancellationToken: a.Cancellation)),
        Back("Backward<T>(gradOutput, input, shape, saved, weight, gradInput, gradWeight, gradBias, format, maxDegreeOfParallelism, cancellationToken)",
            a => Functional.Backward<float>(a.GradOutput.Span, a.Input.Span, a.Shape, a.Saved!, a.Weight.Span, a.GradInput.Span, a.GradWeight.Span, a.GradBias.Span, a.Format, a.Threads, cancellationToken: a.Cancellation)),
        Back("Backward<T>(gradOutput, input, saved, weight, gradInput, gradWeight, gradBias, maxDegreeOfParallelism, mask, cancellationToken)",
            a => Functional.Backward<float>(a.GradOutput.Tensor, a.Input.Tensor, a.Saved!, a.Weight.Tensor, a.GradInput.Tensor, a.GradWeight.Tensor, a.GradBias.Tensor, a.Threads, a.Mask.Tensor, cancellationToken: a.Cancellation)),
        Back("Backward<T>(gradOutput, input, saved, weight, maxDegreeOfParallelism, mask, cancellationToken)",
            a => Functional.Backward<float>(a.GradOutput.Tensor, a.Input.Tensor, a.Saved!, a.Weight.Tensor, a.Threads, a.Mask.Tensor, cancellationToken: a.Cancellation)),
    ];

    private static CallForm Form(string signature, Action<Arguments> call)
    {
        string layer = signature[..signature.IndexOf('<', StringComparison.Ordinal)];
        bool ofRows = layer is "LayerNorm" or "RmsNorm";
        return new($"Functional.{signature}", layer, () => ofRows ? new(Shape, 77) { NormalizedShape = [7, 11], Weight = Rows(), Bias = Rows() } : new(Shape, 10), call) { Any = Flags };
    }

    private static Block<float> Rows() => new(new float[77], 0, [7, 11]);

    private static CallForm Back(string signature, Action<Arguments> call) => new($"Functional.{signature}", "LayerNorm", Filled, call)
    {
        Own = new()
        {
            ["weight"] = [new(a => a.Weight = a.Weight.OfShape(9), typeof(ArgumentException), null, "9"), new(a => a.Weight = a.GradInput with { Shape = [7, 11], Count = 77 }, typeof(ArgumentException), "gradInput", "overlaps weight") { Beside = "gradInput" }],
            ["mask"] = [new(a => a.Mask = new(new bool[2310], 0, Shape), typeof(ArgumentException), null, "no mask")],
            ["saved"] =
            [
                new(a => a.Saved = null, typeof(ArgumentNullException), null, "saved"),
                new(a => a.Saved = new(), typeof(InvalidOperationException), null, "Backward: backward before forward", "never filled"),
                new(a => a.Saved = OfAnotherShape(), typeof(ArgumentException), "input", "LayerNorm: input has shape [3, 10, 7, 11]; saved has [4, 10, 7, 11]"),
            ],
        },
    };

    private static Arguments Filled()
    {
        Arguments a = new(Shape, 77) { NormalizedShape = [7, 11], Weight = Rows(), Bias = Rows(), GradWeight = Rows(), GradBias = Rows() };
        Functional.LayerNorm<float>(a.Input.Span, Shape, a.Destination.Span, [7, 11], a.Weight.Span, a.Bias.Span, 1e-5, a.Saved);
        return a;
    }

    private static SavedStatistics OfAnotherShape()
    {
        SavedStatistics saved = new();
        Functional.LayerNorm<float>(new float[3080], [4, 10, 7, 11], new float[3080], [7, 11], saved: saved);
        return saved;
    }
}
