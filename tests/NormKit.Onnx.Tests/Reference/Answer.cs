using System.Numerics;

namespace NormKit.Onnx.Tests;

/// <summary>What an operator's formula gives, in row-major order.</summary>
/// <param name="Y">The output.</param>
/// <param name="Magnitude">
/// The largest term of any output, before weighted value and bias are added: what errors are measured by. The largest output would do for large tensors;
/// where there is one element, the two may cancel.
/// </param>
/// <param name="Condition">
/// The largest term of any output where x is not yet less its mean, over <see cref="Magnitude"/>: how far from zero enlarges the rounding of what does not carry a mean
/// in two parts.
/// </param>
/// <param name="Squares">The largest square over the variance + eps that divides it: the same for a variance computed as E[x^2] - E[x]^2.</param>
/// <param name="Mean">Of each set.</param>
/// <param name="Variance">Of each set, biased; of uncentered sets the mean of the squares.</param>
internal sealed record Answer(double[] Y, double Magnitude, double Condition, double Squares, double[] Mean, double[] Variance)
{
    /// <summary>The largest error over <see cref="Magnitude"/>; infinite where a value is no number.</summary>
    public double ErrorOf<T>(T[] actual) where T : unmanaged, IBinaryFloatingPointIeee754<T> => Error(actual, Y, Magnitude);

    public static double Error<T>(T[] actual, double[] expected, double magnitude) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.Equal(expected.Length, actual.Length);
        double error = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            double difference = Math.Abs(double.CreateTruncating(actual[i]) - expected[i]);
            error = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(error, difference);
        }
        return error == 0 ? 0 : error / magnitude;
    }
}
