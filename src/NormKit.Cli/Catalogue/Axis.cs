using System.Numerics;

namespace NormKit.Cli.Catalogue;

/// <summary>What a dimension does in a statistic.</summary>
internal enum AxisRole
{
    /// <summary>Each index has a statistic of its own.</summary>
    Separate,

    /// <summary>All indices share one.</summary>
    Shared,

    /// <summary>The indices fall into parts of equal length, in order; a part shares one.</summary>
    Split,

    /// <summary>Each index has its own, over the indices around it.</summary>
    Window,
}

/// <summary>One dimension of an array, and what it does in a statistic.</summary>
/// <param name="Name">"N", "C", "H" ...</param>
/// <param name="Length">How many indices it has.</param>
/// <param name="Role">What it does.</param>
/// <param name="Part">Into how many parts it is split, or how wide the window is.</param>
internal sealed record Axis(string Name, nint Length, AxisRole Role, int Part = 1)
{
    /// <summary>How many statistics there are along it.</summary>
    public BigInteger Groups => Role switch { AxisRole.Shared => 1, AxisRole.Split => Part, _ => Length };

    /// <summary>Over how many of its indices one goes; for a window, away from the ends.</summary>
    public BigInteger Elements => Role switch
    {
        AxisRole.Shared => Length,
        AxisRole.Split => Length / Part,
        AxisRole.Window => Math.Min(Part, Length),
        _ => 1,
    };

    /// <summary>The number of the statistic that an index belongs to.</summary>
    public nint Group(nint index) => Role switch
    {
        AxisRole.Shared => 0,
        AxisRole.Split => index / Math.Max(1, Length / Part),
        _ => index,
    };
}

/// <summary>A quantity that the elements of a group share.</summary>
/// <param name="What">"mean and variance", "norm" ...</param>
/// <param name="Axes">Each dimension of what it is computed from.</param>
internal sealed record Statistic(string What, IReadOnlyList<Axis> Axes)
{
    /// <summary>How many there are.</summary>
    public BigInteger Groups => Axes.Aggregate(BigInteger.One, (product, axis) => product * axis.Groups);

    /// <summary>Over how many elements each goes.</summary>
    public BigInteger Elements => Axes.Aggregate(BigInteger.One, (product, axis) => product * axis.Elements);
}
