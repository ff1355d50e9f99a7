using System.Numerics;

namespace NormKit.Cli.Catalogue;

/// <summary>A layer over trailing dimensions, or over any set of them.</summary>
internal abstract class TrailingEntry : LayerEntry
{
    public override string Input => "(*, normalizedShape)";

    public override nint[] Example => [8, 512, 768];

    /// <summary>How many trailing dimensions it takes if nothing says which.</summary>
    protected virtual int DefaultTrailing(nint[] shape) => shape.Length - 1;

    protected ParameterEntry Elementwise(string name, string start) =>
        new(name, "normalizedShape", start, (shape, settings) => [.. Normalized(shape, settings).Select(d => shape[d])]) { Along = Normalized };

    public override int[] LackedByMask(nint[] shape, LayerSettings settings) => Normalized(shape, settings);

    /// <summary>Which dimensions share statistics.</summary>
    /// <exception cref="UsageException">The settings do not fit the shape.</exception>
    public int[] Normalized(nint[] shape, LayerSettings settings)
    {
        if (settings is { NormalizedShape: not null, Axes: not null })
            throw new UsageException("--normalized-shape and --axes both say what to normalize over; give one of them.");
        if (settings.Axes is int[] axes)
        {
            int[] counted = [.. axes.Select(axis => axis < 0 ? axis + shape.Length : axis).Order()];
            if (counted.FirstOrDefault(axis => axis < 0 || axis >= shape.Length, -1) is >= 0 || counted[0] < 0)
                throw new ShapeException(shape, text => $"--axes {string.Join(',', axes)} names a dimension that shape {text} has not; they go from {-shape.Length} to {shape.Length - 1}.");
            return counted.Distinct().Count() == counted.Length
                ? counted
                : throw new UsageException($"--axes {string.Join(',', axes)} names a dimension twice.");
        }
        if (settings.NormalizedShape is nint[] normalized)
        {
            return shape.TakeLast(normalized.Length).SequenceEqual(normalized)
                ? [.. Enumerable.Range(shape.Length - normalized.Length, normalized.Length)]
                : throw new ShapeException(shape, text => $"--normalized-shape {string.Join(',', normalized)} is not how shape {text} ends; give its trailing dimensions.");
        }
        int trailing = settings.Groups is null ? DefaultTrailing(shape) : 1;
        return trailing >= 1 && trailing <= shape.Length
            ? [.. Enumerable.Range(shape.Length - trailing, trailing)]
            : throw Misfit(shape, "it needs at least 2 dimensions, or --normalized-shape.");
    }

    public override IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings)
    {
        int[] normalized = Normalized(shape, settings);
        if (settings.Groups is not int groups)
            return [new(What, Axes(shape, d => normalized.Contains(d) ? AxisRole.Shared : AxisRole.Separate))];
        if (normalized.Length != 1 || normalized[0] != shape.Length - 1 || settings.Axes is not null)
            throw new UsageException("--groups splits the last dimension alone; leave out --axes, and give its length alone as --normalized-shape.");
        return shape[^1] % groups == 0
            ? [new(What, Axes(shape, d => d == shape.Length - 1 ? AxisRole.Split : AxisRole.Separate, groups))]
            : throw new ShapeException(shape, text => $"{Plural.Of(groups, "group")} do not divide a last dimension of {shape[^1]}, shape {text}; give --groups a divisor.");
    }

    /// <summary>The lengths normalized over, and which dimensions these are, as the library takes them.</summary>
    protected (nint[] Lengths, int[] Axes) Over(LayerPlan plan)
    {
        int[] normalized = Normalized(plan.Shape, plan.Settings);
        return ([.. normalized.Select(d => plan.Shape[d])], plan.Settings.Groups is null ? normalized : []);
    }

    protected static LayerRun<T> Rows<T>(LayerPlan plan, RowNormLayer<T> layer) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        layer.Activation = ActivationOf(plan.Settings);
        return plan.AddsResidual ? new ResidualRun<T>(layer) : new NormLayerRun<T>(layer);
    }

    /// <summary>What the elements share.</summary>
    protected virtual string What => "mean and variance";

    protected static Axis[] Axes(nint[] shape, Func<int, AxisRole> role, int groups = 1) =>
        [.. Names(shape.Length).Select((name, d) => new Axis(name, shape[d], role(d), role(d) == AxisRole.Split ? groups : 1))];

    private static string[] Names(int rank) => rank switch
    {
        1 => ["D"],
        2 => ["N", "D"],
        3 => ["N", "L", "D"],
        _ => ["N", "C", .. ChannelEntry.Positions(rank - 2)],
    };

    /// <summary>The operations of a root mean square and what it makes of an element.</summary>
    protected static Work RootMeanSquare(bool weight) => weight
        ? new(
            [("mean of squares", 2), ("x * invRms", 1), ("weight", 1)],
            [("dy * weight", 1), ("its mean with x", 2), ("dx", 3), ("weight's gradient", 3)])
        : new(
            [("mean of squares", 2), ("x * invRms", 1)],
            [("mean of dy * x", 2), ("dx", 3)]);
}
