namespace NormKit.Cli.Catalogue;

/// <summary>What the options of a command line set in a layer; null where the layer's default holds.</summary>
internal sealed record LayerSettings
{
    /// <summary>Added to the variance, or the least norm.</summary>
    public double? Eps { get; init; }

    /// <summary>The weight of the new value in running statistics.</summary>
    public double? Momentum { get; init; }

    /// <summary>Into how many groups the channels, or the last dimension, are split.</summary>
    public int? Groups { get; init; }

    /// <summary>The trailing dimensions that share statistics.</summary>
    public nint[]? NormalizedShape { get; init; }

    /// <summary>The dimensions that share statistics, from 0 up, or from the end, -1.</summary>
    public int[]? Axes { get; init; }

    /// <summary>Whether a weight is stored minus one.</summary>
    public bool UnitOffset { get; init; }

    /// <summary>The dimension that a norm goes along, or that stays apart; see the layer. May count from the end: -1.</summary>
    public int? Dim { get; init; }

    /// <summary>All dimensions that a norm goes along, where there may be several; their first is <see cref="Dim"/>.</summary>
    public int[]? Dims { get; init; }

    /// <summary>Whether a gate is applied before the norm.</summary>
    public bool GateFirst { get; init; }

    /// <summary>Whether a normalized value is rounded to the type of the output before its weight.</summary>
    public bool RoundBeforeWeight { get; init; }

    /// <summary>Whether weight norm takes the whole tensor: --dim none.</summary>
    public bool WholeTensor { get; init; }

    /// <summary>The order of a norm; may be infinite.</summary>
    public double? P { get; init; }

    /// <summary>How many channels a window has.</summary>
    public int? Size { get; init; }

    /// <summary>The factor of a window's mean of squares.</summary>
    public double? Alpha { get; init; }

    /// <summary>The power of a window's sum.</summary>
    public double? Beta { get; init; }

    /// <summary>What is added to a window's mean.</summary>
    public double? K { get; init; }

    /// <summary>Whether a window is ONNX's.</summary>
    public bool OnnxWindow { get; init; }

    /// <summary>Into how many parts a batch is split.</summary>
    public int? NumSplits { get; init; }

    /// <summary>The largest factor towards running statistics.</summary>
    public double? RMax { get; init; }

    /// <summary>The largest shift towards running statistics.</summary>
    public double? DMax { get; init; }

    /// <summary>Steps of power iteration.</summary>
    public int? Iterations { get; init; }

    /// <summary>The function behind a norm, by its name on the command line.</summary>
    public string? Activation { get; init; }
}
