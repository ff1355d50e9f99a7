namespace NormKit.Cli.Catalogue;

/// <summary>A layer whose input is (N, C, *).</summary>
internal abstract class ChannelEntry : LayerEntry
{
    public override string Input => "(N, C, *)";

    public override bool TakesChannelsLast => true;

    /// <summary>The ranks that it takes.</summary>
    protected virtual (int Least, int Most) Ranks => (2, int.MaxValue);

    protected static IReadOnlyList<ParameterEntry> Affine(string weight = "1", bool isOptional = false) =>
        [PerChannel("weight", weight, isOptional: isOptional), PerChannel("bias", "0", isOptional: isOptional)];

    protected static IReadOnlyList<ParameterEntry> Statistics(bool isOptional = false) =>
        [PerChannel(RunningMean, "0", false, isOptional), PerChannel(RunningVar, "1", false, isOptional)];

    protected static ParameterEntry PerChannel(string name, string start, bool isTrained = true, bool isOptional = false) =>
        new(name, "(C)", start, (shape, _) => [shape[1]], isTrained, isOptional) { Along = (_, _) => [1] };

    /// <summary>The dimensions with their roles.</summary>
    protected static Axis[] Axes(nint[] shape, AxisRole n, AxisRole c, int part = 1, AxisRole positions = AxisRole.Shared) =>
    [
        new("N", shape[0], n, n == AxisRole.Split ? part : 1), new("C", shape[1], c, c is AxisRole.Split or AxisRole.Window ? part : 1),
        .. shape[2..].Zip(Positions(shape.Length - 2), (length, name) => new Axis(name, length, positions)),
    ];

    /// <summary>The names of the dimensions behind the channel.</summary>
    public static string[] Positions(int count) => count switch
    {
        0 => [],
        1 => ["L"],
        2 => ["H", "W"],
        3 => ["D", "H", "W"],
        _ => [.. Enumerable.Range(1, count).Select(i => $"S{i}")],
    };

    protected void RequireRank(nint[] shape)
    {
        (int least, int most) = Ranks;
        if (shape.Length >= least && shape.Length <= most)
            return;
        string names = string.Join(" or ", Enumerable.Range(least, Math.Min(most, 5) - least + 1).Select(rank => $"({string.Join(", ", (string[])["N", "C", .. Positions(rank - 2)])})"));
        throw Misfit(shape, $"it needs {(most == int.MaxValue ? $"at least {least} dimensions, {Input}" : names)}.");
    }

    protected int GroupsOf(nint[] shape, LayerSettings settings, int? otherwise = null)
    {
        int groups = settings.Groups ?? otherwise ?? throw new UsageException($"{Name} needs --groups G.");
        return shape[1] % groups == 0
            ? groups
            : throw new ShapeException(shape, text => $"{Plural.Of(groups, "group")} do not divide {Plural.Of(shape[1], "channel")}, shape {text}; give --groups a divisor.");
    }

    /// <summary>The operations of a mean, a variance and what they make of an element.</summary>
    protected static Work MeanAndVariance(bool affine) => affine
        ? new(
            [("mean", 1), ("variance", 3), ("(x - mean) * invStd", 2), ("weight and bias", 2)],
            [("dy * weight", 1), ("its two means", 4), ("dx", 4), ("weight's gradient", 2), ("bias's", 1)])
        : new(
            [("mean", 1), ("variance", 3), ("(x - mean) * invStd", 2)],
            [("the two means of dy", 4), ("dx", 4)]);
}
