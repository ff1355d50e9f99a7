namespace NormKit.Kernels;

/// <summary>Who shares statistics.</summary>
internal enum Sharing
{
    /// <summary>A channel of all samples, or of all samples of one of some equal parts of the batch.</summary>
    Batch,

    /// <summary>A group of channels of one sample.</summary>
    Group,

    /// <summary>The trailing dimensions; each position has its own weight.</summary>
    Layer,

    /// <summary>All channels at one position; each channel has its own weight.</summary>
    Position,
}

/// <summary>
/// What a layer chooses: who shares statistics in an input of n samples, c channels and s positions, in g groups. It says nothing of memory;
/// <see cref="In"/> does. Sets are counted in the same order in every layout, so statistics saved in one serve in another.
/// </summary>
internal readonly record struct Grouping(Sharing Sharing, nint N, nint C, nint S, nint G)
{
    /// <summary>Into how many parts, each with statistics of its own, a batch is split.</summary>
    public nint Parts { get; init; } = 1;

    /// <summary>Who shares a weight, where not all samples do.</summary>
    public WeightSharing Weights { get; init; } = WeightSharing.ByAll;

    /// <summary>Whether a set has one weight even where its elements usually have one each: scale norm has a single one.</summary>
    public bool OneWeight { get; init; }

    public static Grouping Batch(nint n, nint c, nint s) => new(Sharing.Batch, n, c, s, c);

    public static Grouping Group(nint n, nint c, nint s, nint g) => new(Sharing.Group, n, c, s, g);

    public static Grouping Layer(nint rows, nint width) => new(Sharing.Layer, rows, width, 1, 1);

    public static Grouping Position(nint n, nint c, nint s) => new(Sharing.Position, n, c, s, s);

    public nint Sets => Sharing == Sharing.Batch ? Parts * C : N * G;

    public nint SetSize => Sharing switch { Sharing.Batch => N / Parts * S, Sharing.Position => C, _ => C / G * S };

    /// <summary>The sets of one sample, which is how many running statistics there can be.</summary>
    public nint SetsPerSample => G;

    /// <summary>How many weights there are.</summary>
    public nint Parameters => Weights.Groups * (OneWeight ? 1 : C);

    /// <summary>The same in memory. With fixed statistics nothing is shared, so batch norm goes plane by plane, in the order of memory.</summary>
    public NormGeometry In(bool channelsLast, bool fixedStatistics)
    {
        NormGeometry geometry = Sharing switch
        {
            Sharing.Layer => NormGeometry.Layer(N, C),
            Sharing.Position => channelsLast ? NormGeometry.Layer(N * S, C) : NormGeometry.Position(N, C, S),
            Sharing.Group => channelsLast ? NormGeometry.GroupChannelsLast(N, C, S, G) : NormGeometry.Group(N, C, S, G),
            _ => channelsLast ? NormGeometry.Ghost(Parts, N / Parts * S, C, 1) : NormGeometry.Ghost(Parts, N / Parts, C, S),
        };
        if (Sharing == Sharing.Batch && fixedStatistics && !channelsLast && !geometry.IsColumnar)
            geometry = NormGeometry.Group(N, C, S, C);
        return geometry with { Weights = Weights, Affine = OneWeight ? AffineAxis.Set : geometry.Affine };
    }
}
