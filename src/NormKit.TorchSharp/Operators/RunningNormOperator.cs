namespace NormKit.TorchSharp.Operators;

/// <summary>A normalization that may keep running statistics of each channel.</summary>
/// <param name="Name">The layer's name in errors.</param>
/// <param name="NumFeatures">How many channels an input has.</param>
/// <param name="Eps">Added to the variance.</param>
/// <param name="Momentum">The weight of the new value in running statistics; null: see the operator.</param>
/// <param name="Affine">Whether there are a weight and a bias.</param>
/// <param name="Tracks">Whether running statistics are kept.</param>
/// <param name="NonFinite">What running statistics do with a batch that has NaN or infinity.</param>
internal abstract record RunningNormOperator(
    string Name, int NumFeatures, double Eps, double? Momentum, bool Affine, bool Tracks, RunningStatisticsPolicy NonFinite) : NormOperator(Name);
