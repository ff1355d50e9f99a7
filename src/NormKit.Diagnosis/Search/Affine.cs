using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>Where a weight or bias comes from.</summary>
internal enum Origin
{
    /// <summary>There is none: 1 or 0.</summary>
    None,
    Weight,
    Bias,

    /// <summary>Found by least squares.</summary>
    Fitted,

    /// <summary>1 throughout, in place of a missing bias.</summary>
    Ones,
}

/// <summary>How the values given are used.</summary>
internal enum Use
{
    AsIs,

    /// <summary>1 is added to a weight.</summary>
    PlusOne,

    /// <summary>1 is taken off a weight.</summary>
    MinusOne,

    /// <summary>A weight multiplies twice, a bias is added twice.</summary>
    Twice,
}

/// <summary>How the values are laid over the elements.</summary>
internal enum Spreading
{
    None,
    Scalar,
    Channel,
    LastAxis,
    Element,

    /// <summary>A value a group, used by each of its channels.</summary>
    Group,

    /// <summary>Channel c has value c mod their count.</summary>
    Tiled,

    /// <summary>Elementwise, in the other order of memory.</summary>
    OtherOrder,
}

/// <summary>A weight or a bias as a hypothesis has it.</summary>
/// <param name="Origin">Where from.</param>
/// <param name="Map">Which elements have a value in common.</param>
/// <param name="Use">How.</param>
/// <param name="Spreading">The map in a word.</param>
internal sealed record Parameter(Origin Origin, IndexMap? Map = null, Use Use = Use.AsIs, Spreading Spreading = Spreading.None)
{
    public static readonly Parameter None = new(Origin.None);

    public bool IsFitted => Origin == Origin.Fitted;
}

/// <summary>What follows the normalization: weight and bias.</summary>
/// <param name="Weight">The factor.</param>
/// <param name="Bias">The summand.</param>
/// <param name="BiasFirst">Whether the bias is added before the weight multiplies.</param>
/// <param name="Cost">How unlikely it is.</param>
internal sealed record Affine(Parameter Weight, Parameter Bias, bool BiasFirst = false, double Cost = 0)
{
    public static readonly Affine None = new(Parameter.None, Parameter.None);

    public bool IsFitted => Weight.IsFitted || Bias.IsFitted;
}
