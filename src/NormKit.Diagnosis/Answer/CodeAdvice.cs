namespace NormKit.Diagnosis;

/// <summary>How to write the layer in a library.</summary>
/// <param name="Library">Its name.</param>
/// <param name="Code">A line of code, or of words where the library has no such layer.</param>
public sealed record CodeAdvice(string Library, string Code);
