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

    /// <summary>The output is the input, a multiple of it or one value: nothing was normalized.</summary>
    NotNormalized,
}
