namespace NormKit.Cli.Catalogue;

/// <summary>A normalization of a weight rather than of what flows through a network.</summary>
internal abstract class WeightEntry : LayerEntry
{
    public override string Input => "a weight (O, I, *)";

    public override nint[] Example => [64, 32, 3, 3];

    protected int DimOf(nint[] shape, LayerSettings settings)
    {
        int dim = settings.Dim ?? 0, counted = dim < 0 ? dim + shape.Length : dim;
        return counted >= 0 && counted < shape.Length
            ? counted
            : throw Misfit(shape, $"it has no dimension {dim}; give --dim from {-shape.Length} to {shape.Length - 1}.");
    }

    protected static Axis[] Axes(nint[] shape, Func<int, AxisRole> role) =>
        [.. Names(shape.Length).Select((name, d) => new Axis(name, shape[d], role(d)))];

    private static string[] Names(int rank) => rank == 1 ? ["O"] : ["O", "I", .. ChannelEntry.Positions(rank - 2).Select(name => $"k{name}")];
}
