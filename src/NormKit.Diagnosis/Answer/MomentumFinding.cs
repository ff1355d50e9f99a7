namespace NormKit.Diagnosis;

/// <summary>How running statistics moved.</summary>
/// <param name="Text">A sentence.</param>
/// <param name="Momentum">The weight of the batch: PyTorch's momentum.</param>
/// <param name="IsSampleVariance">Whether the variance that moved in was divided by n - 1; null where that cannot be told.</param>
/// <param name="Error">The largest difference between the statistics so predicted and those given, as a share of their size.</param>
public sealed record MomentumFinding(string Text, double Momentum, bool? IsSampleVariance, double Error);
