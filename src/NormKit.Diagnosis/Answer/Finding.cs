namespace NormKit.Diagnosis;

/// <summary>One hypothesis and what it leaves.</summary>
public sealed class Finding
{
    /// <summary>In a few words: "GroupNorm with 8 groups, eps 1e-5, sample variance (n - 1)".</summary>
    public required string Text { get; init; }

    /// <summary>The layer alone: "GroupNorm with 8 groups".</summary>
    public required string Layer { get; init; }

    /// <summary>The family.</summary>
    public required NormalizationKind Kind { get; init; }

    /// <summary>Group norm's groups.</summary>
    public int? Groups { get; init; }

    /// <summary>The dimensions that share statistics, of layer and RMS norm and of norms.</summary>
    public IReadOnlyList<int> Axes { get; init; } = [];

    /// <summary>Whether the channels are the last dimension.</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Whether running statistics are used.</summary>
    public bool IsEvaluation { get; init; }

    /// <summary>Eps as found; NaN where there is none.</summary>
    public double Eps { get; init; }

    /// <summary>The least eps that gives the same output.</summary>
    public double LeastEps { get; init; }

    /// <summary>The largest eps that gives the same output.</summary>
    public double MostEps { get; init; }

    /// <summary>The order of a norm.</summary>
    public double P { get; init; }

    /// <summary>The size of local response norm's window; 0 for others.</summary>
    public int Size { get; init; }

    /// <summary>Local response norm's factor, power and summand.</summary>
    public (double Alpha, double Beta, double K) Window { get; init; }

    /// <summary>What differs from the layer expected, or from a textbook's; empty where nothing does.</summary>
    public required IReadOnlyList<Cause> Causes { get; init; }

    /// <summary>What else the same computation is called, as a whole.</summary>
    public IReadOnlyList<string> SameAs { get; init; } = [];

    /// <summary>What is left.</summary>
    public required Residual Residual { get; init; }

    /// <summary>The share of the original difference that it explains, 1 for all; NaN where there is none.</summary>
    public double Explained { get; init; }

    /// <summary>The same as text, never rounded up to all of it: "99.98 %"; "none" where it leaves more than there was, "-" where there was no difference.</summary>
    public string ExplainedText => Words.Names.Percent(Explained);

    /// <summary>The weights found by least squares; null where none were.</summary>
    public IReadOnlyList<double>? FittedWeight { get; init; }

    /// <summary>The biases found by least squares.</summary>
    public IReadOnlyList<double>? FittedBias { get; init; }

    /// <summary>Whether what is left is no more than rounding.</summary>
    public bool IsRounding { get; init; }

    /// <summary>Elements of the output that are NaN or infinite where it predicts a number.</summary>
    public int MissedNonFinite { get; init; }

    /// <summary>The same, of an output whose memory is in the other layout.</summary>
    internal Finding Moved()
    {
        Cause moved = new(CauseKind.OutputLayout, "with the output's memory in the other layout");
        return new()
        {
            Text = $"{Text}, {moved.Text}",
            Layer = Layer,
            Kind = Kind,
            Groups = Groups,
            Axes = Axes,
            ChannelsLast = ChannelsLast,
            IsEvaluation = IsEvaluation,
            Eps = Eps,
            LeastEps = LeastEps,
            MostEps = MostEps,
            P = P,
            Size = Size,
            Window = Window,
            Causes = [.. Causes, moved],
            SameAs = SameAs,
            Residual = Residual,
            Explained = Explained,
            FittedWeight = FittedWeight,
            FittedBias = FittedBias,
            IsRounding = IsRounding,
            MissedNonFinite = MissedNonFinite,
        };
    }
}
