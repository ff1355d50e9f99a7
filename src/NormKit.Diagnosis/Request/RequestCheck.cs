using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis;

/// <summary>Refuses requests whose arrays do not fit each other.</summary>
internal static class RequestCheck
{
    private const int MostDimensions = 8;

    public static void Require(DiagnosisRequest request)
    {
        int[] shape = request.Shape ?? throw new ArgumentException("The input has no shape.", nameof(request));
        ArgumentNullException.ThrowIfNull(request.Input);
        ArgumentNullException.ThrowIfNull(request.Output);
        string text = Text(shape);
        if (shape.Length is 0 or > MostDimensions)
            throw new ArgumentException($"The input has {shape.Length} dimensions; it must have 1 to {MostDimensions}.", nameof(request));
        if (shape.Any(length => length < 1))
            throw new ArgumentException($"The input of shape {text} holds no elements.", nameof(request));
        long length = shape.Aggregate(1L, (product, next) => product * next);
        if (request.Input.LongLength != length)
            throw new ArgumentException($"The input has {request.Input.LongLength} elements, but shape {text} has {length}.", nameof(request));
        if (length < 2)
            throw new ArgumentException($"The input of shape {text} has one element; there is nothing to share statistics.", nameof(request));
        if (request.OutputShape is int[] moved && !moved.SequenceEqual(shape) && !moved.SequenceEqual(Layouts.ChannelsLast(shape)) && !moved.SequenceEqual(Layouts.ChannelsFirst(shape)))
            throw new ArgumentException($"The output has shape {Text(moved)}; it must be {text} as the input's, or that with the channels moved to the other end.", nameof(request));
        if (request.Output.LongLength != length)
            throw new ArgumentException($"The output has {request.Output.LongLength} elements, the input {length}.", nameof(request));
        if (!Array.Exists(request.Input, double.IsFinite))
            throw new ArgumentException("The input holds no finite number.", nameof(request));
        foreach ((string property, string name, double[]? values) in ((string, string, double[]?)[])
            [(nameof(request.Weight), "weight", request.Weight), (nameof(request.Bias), "bias", request.Bias)])
        {
            if (values is not null && WeightMaps.Of(shape, values.Length).Count == 0)
                throw new ArgumentException($"The {name} has {values.Length} elements; no way to lay them over shape {text} is known: it takes {WeightMaps.Counts(shape)}.", property);
        }
        RequireRunning(request, shape, text);
    }

    private static void RequireRunning(DiagnosisRequest request, int[] shape, string text)
    {
        (string Property, string Name, double[]? Values)[] running =
        [
            (nameof(request.RunningMean), "running mean", request.RunningMean), (nameof(request.RunningVar), "running variance", request.RunningVar),
            (nameof(request.RunningMeanAfter), "running mean after", request.RunningMeanAfter), (nameof(request.RunningVarAfter), "running variance after", request.RunningVarAfter),
            (nameof(request.ConvolutionBias), "convolution's bias", request.ConvolutionBias),
        ];
        foreach ((string property, string name, double[]? values) in running)
        {
            if (values is null)
                continue;
            if (shape.Length < 2 || (values.Length != shape[1] && values.Length != shape[^1]))
            {
                throw new ArgumentException($"The {name} has {values.Length} elements; shape {text} has "
                    + $"{(shape.Length < 2 ? "no channels" : $"{shape[1]} channels{(shape.Length > 2 && shape[^1] != shape[1] ? $", or {shape[^1]} where they are last" : "")}")}.", property);
            }
        }
        if ((request.RunningMean is null) != (request.RunningVar is null))
            throw new ArgumentException("Running mean and running variance are given together or not at all.", nameof(request));
        if ((request.RunningMeanAfter is null) != (request.RunningVarAfter is null))
            throw new ArgumentException("Running mean and variance after the call are given together or not at all.", nameof(request));
        if (request.RunningMeanAfter is not null && request.RunningMean is null)
            throw new ArgumentException("Running statistics after the call need those before it.", nameof(request));
        if (request.ConvolutionBias is not null && request.RunningMean is null)
            throw new ArgumentException("A convolution's bias needs the running statistics of the batch norm that was folded into it.", nameof(request));
        foreach ((string property, string name, double[]? values) in running)
        {
            if (values is not null && values.Length != request.RunningMean!.Length)
                throw new ArgumentException($"The {name} has {values.Length} elements, the running mean {request.RunningMean.Length}.", property);
        }
        if (request.Expected is { Eval: true } && request.RunningMean is null)
            throw new ArgumentException("A layer in evaluation needs running mean and variance.", nameof(request));
    }

    private static string Text(int[] shape) => $"[{string.Join(", ", shape)}]";
}
