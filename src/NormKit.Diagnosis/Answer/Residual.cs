namespace NormKit.Diagnosis;

/// <summary>How far a prediction is from the output.</summary>
/// <param name="MaxAbs">The largest absolute difference.</param>
/// <param name="RootMeanSquare">The root of their mean square.</param>
/// <param name="SumAbs">The sum of the absolute differences.</param>
/// <param name="MaxUlp">The largest in units of the spacing of the output's type at the predicted value.</param>
/// <param name="MedianUlp">The median in those units, over an even sample.</param>
public readonly record struct Residual(double MaxAbs, double RootMeanSquare, double SumAbs, double MaxUlp, double MedianUlp);
