namespace NormKit.Diagnosis;

/// <summary>What made an output, as far as it can be told.</summary>
public sealed class DiagnosisResult
{
    /// <summary>How good the answer is.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>The answer in one sentence.</summary>
    public required string Sentence { get; init; }

    /// <summary>The best hypothesis.</summary>
    public required Finding Best { get; init; }

    /// <summary>Others that give the same output to rounding; nothing in the data tells them from the best.</summary>
    public required IReadOnlyList<Finding> Ties { get; init; }

    /// <summary>All that were checked on every element, the best first.</summary>
    public required IReadOnlyList<Finding> Tried { get; init; }

    /// <summary>What the original difference is measured from: the layer expected, or the nearest textbook layer.</summary>
    public required string Reference { get; init; }

    /// <summary>The difference before any explanation.</summary>
    public required Residual Original { get; init; }

    /// <summary>What the best hypothesis leaves.</summary>
    public required ResidualLook Look { get; init; }

    /// <summary>The share of the outputs, 0 to 1, that are the exact value of the best hypothesis without its roundings, rounded once to the output's type.</summary>
    public required double CorrectlyRounded { get; init; }

    /// <summary>The mean of output minus that exact value, in units of the output's type at it. Stores that cut off leave half a unit,
    /// negative where outputs are positive. NaN where nothing is comparable.</summary>
    public required double MeanSignedUlp { get; init; }

    /// <summary>How the running statistics moved, where they are given before and after.</summary>
    public MomentumFinding? Momentum { get; init; }

    /// <summary>How to write what was found in each library.</summary>
    public required IReadOnlyList<CodeAdvice> Advice { get; init; }

    /// <summary>What to change where a cause is a mistake, a sentence each.</summary>
    public required IReadOnlyList<string> Changes { get; init; }

    /// <summary>What else is worth knowing, a sentence each.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>The type whose spacing the units in the last place are of.</summary>
    public required NumberFormat UlpFormat { get; init; }
}
