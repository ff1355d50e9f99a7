namespace NormKit.Diagnosis;

/// <summary>Two outputs of one input, each held against the exact one.</summary>
/// <param name="Sentence">Which is nearer, and why each is off.</param>
/// <param name="First">What made the first.</param>
/// <param name="Second">What made the second.</param>
/// <param name="FirstFromExact">How far the first is from the exact output of the layer expected.</param>
/// <param name="SecondFromExact">How far the second is.</param>
/// <param name="Between">How far they are from each other.</param>
public sealed record TwoSidedResult(
    string Sentence, DiagnosisResult First, DiagnosisResult Second, Residual FirstFromExact, Residual SecondFromExact, Residual Between);
