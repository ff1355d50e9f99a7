using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>What the user's layer means in the terms of the search.</summary>
internal static class Expectation
{
    /// <summary>Whether a reading is the layer expected, settings of the grouping included.</summary>
    public static bool Fits(ExpectedLayer expected, Reading reading, Core core, int[] shape)
    {
        bool isRms = core.IsRms, isNorm = core.IsNorm;
        return expected.Kind switch
        {
            NormalizationKind.RmsNorm => isRms && SameAxes(expected, reading, shape),
            NormalizationKind.LpNormalize => isNorm && core.P == expected.P && SameAxes(expected, reading, shape),
            NormalizationKind.LayerNorm => !isRms && !isNorm && SameAxes(expected, reading, shape),
            NormalizationKind.GroupNorm => !isRms && !isNorm && IsGroups(expected, reading),
            NormalizationKind.LocalResponseNorm => false,
            _ => !isRms && !isNorm && reading.Kind == expected.Kind && !reading.PerPosition && IsInOrder(expected, reading),
        };
    }

    /// <summary>The recipe that a correct program would follow; null where the layer has none of this kind.</summary>
    /// <exception cref="ArgumentException">The layer does not suit the shape.</exception>
    public static Hypothesis Of(Problem problem, ExpectedLayer expected)
    {
        if (expected.Kind == NormalizationKind.LocalResponseNorm)
        {
            return new LocalResponse(
                expected.OnnxWindow ? WindowKind.Onnx : WindowKind.PyTorch, expected.ChannelsLast, expected.Size, expected.Alpha, expected.Beta, expected.K);
        }
        Core core = expected.Kind switch
        {
            NormalizationKind.RmsNorm => new(Center.None, Spread.MeanSquare),
            NormalizationKind.LpNormalize => new(Center.None, Spread.Norm, expected.P),
            _ => expected.Eval ? new(Center.Running, Spread.Running) : new(Center.Mean, Spread.Variance),
        };
        foreach (Grouping grouping in problem.Groupings)
        {
            if (grouping.Readings.FirstOrDefault(reading => Fits(expected, reading, core, problem.Shape)) is not Reading reading)
                continue;
            Affine affine = new(
                Given(problem, problem.Request.Weight, Origin.Weight, reading.Weights, expected.UnitOffset ? Use.PlusOne : Use.AsIs),
                Given(problem, problem.Request.Bias, Origin.Bias, reading.Weights, Use.AsIs));
            return new Recipe(grouping, core, affine)
            {
                Eps = expected.EpsOrDefault,
                Place = expected.Kind == NormalizationKind.LpNormalize ? EpsPlace.Clamp : EpsPlace.Inside,
                Roundings = Roundings.None with { Output = problem.Request.OutputFormat },
            };
        }
        throw new ArgumentException($"{expected.Kind} does not suit shape [{string.Join(", ", problem.Shape)}]{Why(expected, problem.Shape)}.");
    }

    private static string Why(ExpectedLayer expected, int[] shape) => expected switch
    {
        { Kind: NormalizationKind.GroupNorm, Groups: int groups } when shape.Length > 1 =>
            $": {groups} groups do not divide {(expected.ChannelsLast ? shape[^1] : shape[1])} channels",
        { Axes: IReadOnlyList<int> axes } => $": it has no dimensions {string.Join(", ", axes)}",
        { Kind: NormalizationKind.InstanceNorm } => ": it needs positions, (N, C, *)",
        _ => "",
    };

    private static Parameter Given(Problem problem, double[]? values, Origin origin, IndexMap natural, Use use)
    {
        if (values is null)
            return Parameter.None;
        List<(IndexMap Map, Spreading Spreading)> maps = WeightMaps.Of(problem.Shape, values.Length);
        int at = Math.Max(0, maps.FindIndex(map => map.Map.Equals(natural)));
        return new(origin, maps[at].Map, use, maps[at].Spreading);
    }

    private static bool SameAxes(ExpectedLayer expected, Reading reading, int[] shape)
    {
        if (reading.Kind != NormalizationKind.LayerNorm)
            return false;
        if (expected.Kind != NormalizationKind.LpNormalize && expected.Groups > 1)
            return reading.Groups == expected.Groups;
        if (reading.Groups > 0)
            return false;
        return reading.Axes.SequenceEqual(AxesOf(expected, shape.Length) ?? Enumerable.Range(shape.Length > 1 ? 1 : 0, Math.Max(1, shape.Length - 1)));
    }

    /// <summary>The dimensions given, from 0 and ascending; null where none are.</summary>
    public static IReadOnlyList<int>? AxesOf(ExpectedLayer expected, int rank) =>
        expected.Axes is null || expected.Axes.Any(axis => axis < -rank || axis >= rank) ? null : [.. expected.Axes.Select(axis => axis < 0 ? axis + rank : axis).Distinct().Order()];

    private static bool IsGroups(ExpectedLayer expected, Reading reading) =>
        reading.Kind == NormalizationKind.GroupNorm && !reading.Interleaved && IsInOrder(expected, reading) && reading.Groups == expected.Groups;

    private static bool IsInOrder(ExpectedLayer expected, Reading reading) =>
        reading.Order == (expected.ChannelsLast ? ChannelOrder.Last : ChannelOrder.First);
}
