namespace NormKit.Kernels;

/// <summary>Who shares statistics.</summary>
internal enum Sharing
{
    /// <summary>A channel of all samples.</summary>
    Batch,

    /// <summary>A group of channels of one sample.</summary>
    Group,

    /// <summary>The trailing dimensions; each position has its own weight.</summary>
    Layer,
}

/// <summary>
/// What a layer chooses: who shares statistics in an input of n samples, c channels and s positions, in g groups. It says nothing of memory;
/// <see cref="In"/> does. Sets are counted in the same order in every layout, so statistics saved in one serve in another.
/// </summary>
internal readonly record struct Grouping(Sharing Sharing, nint N, nint C, nint S, nint G)
{
    public static Grouping Batch(nint n, nint c, nint s) => new(Sharing.Batch, n, c, s, c);

    public static Grouping Group(nint n, nint c, nint s, nint g) => new(Sharing.Group, n, c, s, g);

    public static Grouping Layer(nint rows, nint width) => new(Sharing.Layer, rows, width, 1, 1);

    public nint Sets => Sharing == Sharing.Batch ? C : N * G;
    public nint SetSize => Sharing == Sharing.Batch ? N * S : C / G * S;

    /// <summary>The sets of one sample, which is how many running statistics there can be.</summary>
    public nint SetsPerSample => G;

    /// <summary>How many weights there are.</summary>
    public nint Parameters => C;

    /// <summary>The same in memory. With fixed statistics nothing is shared, so batch norm goes plane by plane, in the order of memory.</summary>
    public NormGeometry In(bool channelsLast, bool fixedStatistics)
    {
        if (Sharing == Sharing.Layer)
            return NormGeometry.Layer(N, C);
        if (Sharing == Sharing.Group)
            return channelsLast ? NormGeometry.GroupChannelsLast(N, C, S, G) : NormGeometry.Group(N, C, S, G);
        NormGeometry batch = channelsLast ? NormGeometry.BatchChannelsLast(N, C, S) : NormGeometry.Batch(N, C, S);
        return fixedStatistics && !channelsLast && !batch.IsColumnar ? NormGeometry.Group(N, C, S, C) : batch;
    }
}
