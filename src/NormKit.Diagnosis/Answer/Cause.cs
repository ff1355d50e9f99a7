using NormKit.Diagnosis.Words;

namespace NormKit.Diagnosis;

/// <summary>One reason for a difference.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Text">In words that continue a sentence: "with the sample variance (n - 1) where PyTorch uses n".</param>
public sealed record Cause(CauseKind Kind, string Text)
{
    /// <summary>The same in a word or two, for tables: "n - 1".</summary>
    public string Label => CauseLabels.Of(Kind);
}
