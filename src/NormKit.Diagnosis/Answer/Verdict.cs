namespace NormKit.Diagnosis;

/// <summary>How good the answer is.</summary>
public enum Verdict
{
    /// <summary>The best hypothesis leaves nothing but rounding.</summary>
    Explained,

    /// <summary>It leaves less than a hundredth of the output, but more than rounding.</summary>
    Nearly,

    /// <summary>None of the hypotheses fits.</summary>
    NoneOfThese,

    /// <summary>The output is the input, or one value: nothing was normalized.</summary>
    NotNormalized,

    /// <summary>The output is one straight line of the input. Nothing follows from that: a layer whose statistics are those of all elements makes a line
    /// too, with a weight and a bias that are not known any line.</summary>
    Line,
}
