namespace NormKit.Tests.BadInput;

/// <summary>A wrong value of one argument, and what its refusal says.</summary>
/// <param name="Spoil">Makes the argument wrong.</param>
/// <param name="Exception">What is thrown, exactly.</param>
/// <param name="Argument">Which argument the exception names, where it is not the one that is wrong.</param>
/// <param name="Says">What the message holds: the numbers, and the rule.</param>
internal sealed record Wrong(Action<Arguments> Spoil, Type Exception, string? Argument, params string[] Says)
{
    /// <summary>What makes it wrong is another parameter, which not all entry points have.</summary>
    public string? Beside { get; init; }
}

/// <summary>The wrong values of the arguments that entry points have in common, by the name of the parameter.</summary>
internal static class WrongValues
{
    private static readonly Type Argument = typeof(ArgumentException), Range = typeof(ArgumentOutOfRangeException);

    public static Dictionary<string, Wrong[]> OnSpans { get; } = new()
    {
        ["input"] = [new(a => a.Input = Block<float>.None, Argument, null, "has 0 elements"), new(a => a.Input = a.Input.Shorter, Argument, null, "2309 elements", "2310")],
        ["shape"] =
        [
            new(a => a.Shape = [], Argument, "input or gradOutput or dim", "2310"),
            new(a => a.Shape = [2310], Argument, "input or gradOutput or dim", "2310|1D"),
            new(a => a.Shape = [3, -10, 7, -11], Argument, "input or gradOutput", "[3, -10, 7, -11]", "not negative"),
            new(a => a.Shape = [3, 10, 7, 12], Argument, "input or gradOutput", "2310", "[3, 10, 7, 12]", "2520"),
            new(a => (a.Shape, a.Input, a.Destination) = ([(nint)1 << 32, (nint)1 << 32], Block<float>.None, Block<float>.None), Argument, "input or gradOutput", "[4294967296, 4294967296]", "2147483647"),
            new(a => (a.Shape, a.Input, a.Destination) = ([65536, 65536], Block<float>.None, Block<float>.None), Argument, "input or gradOutput", "[65536, 65536]", "2147483647"),
        ],
        ["destination"] =
        [
            new(a => a.Destination = Block<float>.None, Argument, null, "has 0 elements"), new(a => a.Destination = a.Destination.Shorter, Argument, null, "2309 elements", "2310"),
            new(a => a.Destination = a.Input with { Start = 1 }, Argument, null, "overlaps input"),
        ],
        ["format"] = [new(a => a.Format = (MemoryFormat)7, Range, null, "7 is no memory format")],
        ["gradOutput"] = [new(a => a.GradOutput = Block<float>.None, Argument, null, "has 0 elements"), new(a => a.GradOutput = a.GradOutput.Shorter, Argument, null, "2309 elements", "2310")],
        ["gradInput"] =
        [
            new(a => a.GradInput = a.GradInput.Shorter, Argument, null, "2309 elements", "2310"),
            new(a => a.GradInput = a.Input with { Start = 1 }, Argument, null, "overlaps input"),
            new(a => a.GradInput = a.GradOutput with { Start = 1 }, Argument, null, "overlaps gradOutput"),
        ],
    };

    public static Dictionary<string, Wrong[]> OnTensors { get; } = new()
    {
        ["input"] =
        [
            new(a => a.Input = Block<float>.None, Argument, "input or dim", "[]|0D"),
            new(a => a.Input = a.Input.OfShape(2310), Argument, "input or dim", "[2310]|1D"),
            new(a => a.Input = a.Input with { Shape = [3, 10, 7, 12], Memory = new float[2520] }, Argument, "destination or input", "[3, 10, 7, 12]") { Beside = "destination" },
        ],
        ["destination"] =
        [
            new(a => a.Destination = Block<float>.None, Argument, null, "has shape []", "[3, 10, 7, 11]"),
            new(a => a.Destination = a.Destination.OfShape(3, 10, 77), Argument, null, "has shape [3, 10, 77]", "[3, 10, 7, 11]"),
            new(a => a.Destination = a.Input with { Start = 1 }, Argument, null, "overlaps input"),
        ],
        ["gradOutput"] =
        [
            new(a => a.GradOutput = Block<float>.None, Argument, null, "has shape []", "[3, 10, 7, 11]"),
            new(a => a.GradOutput = a.GradOutput.OfShape(3, 10, 77), Argument, null, "has shape [3, 10, 77]", "[3, 10, 7, 11]"),
        ],
        ["gradInput"] =
        [
            new(a => a.GradInput = a.GradInput.OfShape(3, 10, 77), Argument, null, "has shape [3, 10, 77]", "[3, 10, 7, 11]"),
            new(a => a.GradInput = a.Input with { Start = 1 }, Argument, null, "overlaps input"),
            new(a => a.GradInput = a.GradOutput with { Start = 1 }, Argument, null, "overlaps gradOutput"),
        ],
        ["mask"] = [new(a => a.Mask = new(new bool[2520], 0, [3, 10, 7, 12]), Argument, null, "[3, 10, 7, 12]", "[3, 10, 7, 11]")],
    };

    /// <summary>Of calls on spans and on tensors.</summary>
    public static Dictionary<string, Wrong[]> OnBoth { get; } = new()
    {
        ["weight"] = [new(a => a.Weight = a.Weight.OfShape(9), Argument, null, "9"), new(a => a.Weight = a.Destination with { Shape = a.Weight.Shape, Count = a.Weight.Count }, Argument, "destination", "overlaps weight") { Beside = "destination" }],
        ["bias"] = [new(a => a.Bias = a.Bias.OfShape(9), Argument, null, "9"), new(a => a.Bias = a.Destination with { Shape = a.Bias.Shape, Count = a.Bias.Count }, Argument, "destination", "overlaps bias") { Beside = "destination" }],
        ["runningMean"] =
        [
            new(a => a.RunningMean = Block<float>.None, Argument, "runningVar", "together"), new(a => a.RunningMean = a.RunningMean.OfShape(9), Argument, null, "9", "10 elements"),
            new(a => a.RunningMean = a.Input with { Shape = [10], Count = 10 }, Argument, "runningMean or input", "overlaps"),
        ],
        ["runningVar"] =
        [
            new(a => a.RunningVar = Block<float>.None, Argument, null, "together"), new(a => a.RunningVar = a.RunningVar.OfShape(9), Argument, null, "9", "10 elements"),
            new(a => a.RunningVar = a.RunningMean, Argument, "runningMean or runningVar", "overlaps"),
        ],
        ["eps"] = [new(a => a.Eps = -1, Range, null, "-1", "not negative"), new(a => a.Eps = double.NaN, Range, null, "NaN", "finite"), new(a => a.Eps = double.PositiveInfinity, Range, null, "∞|Infinity", "finite")],
        ["momentum"] = [new(a => a.Momentum = -0.1, Range, null, "-0.1", "between 0 and 1"), new(a => a.Momentum = double.NaN, Range, null, "NaN"), new(a => a.Momentum = 1.5, Range, null, "1.5")],
        ["maxDegreeOfParallelism"] = [new(a => a.Threads = 0, Range, null, "0", "at least 1"), new(a => a.Threads = -2, Range, null, "-2")],
        ["numGroups"] = [new(a => a.Groups = 0, Range, null, "greater than 0", "0"), new(a => a.Groups = -5, Range, null, "-5"), new(a => a.Groups = 4, Argument, null, "10 channels", "4 equal groups", "[3, 10, 7, 11]")],
        ["normalizedShape"] =
        [
            new(a => a.NormalizedShape = [], Argument, null, "at least"), new(a => a.NormalizedShape = [7, -11], Argument, null, "[7, -11]", "negative"),
            new(a => a.NormalizedShape = [7, 12], Argument, "input", "[7, 12]", "[3, 10, 7, 11]"), new(a => a.NormalizedShape = [2, 3, 10, 7, 11], Argument, "input", "[3, 10, 7, 11]"),
            new(a => a.NormalizedShape = [(nint)1 << 62, 4], Argument, "input", "4611686018427387904", "[3, 10, 7, 11]"),
        ],
        ["axes"] =
        [
            new(a => a.Axes = [2], Argument, null, "1 axes", "[7, 11]"), new(a => a.Axes = [2, 4], Argument, null, "axis 4", "4 dimensions"),
            new(a => (a.Axes, a.NormalizedShape) = ([3, 2], [11, 7]), Argument, null, "[3, 2]", "ascending"), new(a => (a.Axes, a.NormalizedShape) = ([2, 2], [7, 7]), Argument, null, "[2, 2]", "different"), new(a => a.Axes = [-9, 3], Argument, null, "-9"),
        ],
        ["cancellationToken"] = [new(a => a.Cancellation = new(canceled: true), typeof(OperationCanceledException), null, "")],
        ["size"] = [new(a => a.Size = 0, Range, null, "0"), new(a => a.Size = -3, Range, null, "-3")],
        ["alpha"] = [new(a => a.Alpha = double.NaN, Range, null, "NaN")],
        ["beta"] = [new(a => a.Beta = double.PositiveInfinity, Range, null, "∞|Infinity")],
        ["k"] = [new(a => a.K = double.NaN, Range, null, "NaN")],
        ["window"] = [new(a => a.Window = (LrnWindow)7, Range, null, "7")],
        ["p"] = [new(a => a.P = -1, Range, null, "-1"), new(a => a.P = double.NaN, Range, null, "NaN")],
        ["dim"] = [new(a => a.Dim = 4, Argument, null, "[-4, 3]", "4"), new(a => a.Dim = -5, Argument, null, "-5"), new(a => a.Dim = int.MinValue, Argument, null, "-2147483648")],
        ["gradWeight"] =
        [
            new(a => a.GradWeight = a.GradWeight.OfShape(9), Argument, null, "9"),
            new(a => a.GradWeight = a.GradInput with { Shape = a.GradWeight.Shape, Count = a.GradWeight.Count }, Argument, null, "overlaps gradInput"),
            new(a => a.GradWeight = a.GradBias, Argument, null, "overlaps gradBias"),
        ],
        ["gradBias"] = [new(a => a.GradBias = a.GradBias.OfShape(9), Argument, null, "9"), new(a => a.GradBias = a.Input with { Shape = a.GradBias.Shape, Count = a.GradBias.Count }, Argument, null, "overlaps input")],
        ["saved"] =
        [
            new(a => a.Saved = null, typeof(ArgumentNullException), null, "saved"),
            new(a => a.Saved = new(), typeof(InvalidOperationException), null, "never filled"),
            new(a => a.Saved = Foreign([4, 10, 7, 11]), Argument, "input or saved", "[4, 10, 7, 11]|GroupNorm"),
        ],
    };

    private static SavedStatistics Foreign(nint[] shape)
    {
        SavedStatistics saved = new();
        Functional.GroupNorm<float>(new float[3080], shape, new float[3080], 2, saved: saved);
        return saved;
    }
}
