namespace NormKit.Diagnosis;

/// <summary>What the output is thought to be: what it is held against, and what a departure departs from.</summary>
/// <param name="Kind">The layer.</param>
public sealed record ExpectedLayer(NormalizationKind Kind)
{
    /// <summary>Added to the variance; null for the layer's default, 1e-5 for most.</summary>
    public double? Eps { get; init; }

    /// <summary>Group norm's groups.</summary>
    public int? Groups { get; init; }

    /// <summary>The dimensions that layer and RMS norm are over; null for all but the first. That of a norm, one.</summary>
    public IReadOnlyList<int>? Axes { get; init; }

    /// <summary>Whether the channels are the last dimension.</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Whether batch norm uses the running statistics given.</summary>
    public bool Eval { get; init; }

    /// <summary>Whether the weight is stored minus one.</summary>
    public bool UnitOffset { get; init; }

    /// <summary>The order of a norm.</summary>
    public double P { get; init; } = 2;

    /// <summary>How many channels a window has.</summary>
    public int Size { get; init; } = 5;

    /// <summary>The factor of a window's mean of squares.</summary>
    public double Alpha { get; init; } = 1e-4;

    /// <summary>The power of a window's sum.</summary>
    public double Beta { get; init; } = 0.75;

    /// <summary>What is added to a window's mean.</summary>
    public double K { get; init; } = 1;

    /// <summary>Whether a window of even size leans to the higher channels, as ONNX's does.</summary>
    public bool OnnxWindow { get; init; }

    /// <summary>The layer's default eps.</summary>
    internal double EpsOrDefault => Eps ?? Kind switch
    {
        NormalizationKind.RmsNorm => 1.1920928955078125e-7,
        NormalizationKind.LpNormalize => 1e-12,
        _ => 1e-5,
    };
}
