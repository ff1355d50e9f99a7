using System.Numerics;
using NormKit.Tests.Reference;

namespace NormKit.Onnx.Tests;

/// <summary>
/// What ONNX Runtime may lose, over <see cref="Answer.Magnitude"/>: its rounding, which grows with the distance from zero, and nothing that another formula would
/// need. Measured over some ten thousand random cases: 10 u for <see cref="Linear{T}"/>, 3 u for <see cref="Cancelled{T}"/>; u is half a unit in the last place.
/// </summary>
internal static class Allowed
{
    private const double Roundings = 32;

    /// <summary>Beyond this the error is no longer small enough to be told by its size, and ONNX Runtime's answer proves nothing.</summary>
    public const double NoClaim = 0.1;

    /// <summary>What NormKit may lose: the contract, and for Half the rounding of a sum of two of the largest terms.</summary>
    public static double Ours<T>() where T : IBinaryFloatingPointIeee754<T> => typeof(T) == typeof(Half) ? 2.02 * Half<T>() : Tolerances.Forward<T>();

    /// <summary>Where the mean is a single number: each unit of the input's distance from zero, in standard deviations, costs a unit of accuracy.</summary>
    /// <typeparam name="T">What ONNX Runtime computes in.</typeparam>
    public static double Linear<T>(Answer formula) where T : IBinaryFloatingPointIeee754<T> => Roundings * Half<T>() * formula.Condition;

    /// <summary>Where the variance is E[x^2] - E[x]^2: the square of that distance costs.</summary>
    /// <typeparam name="T">What ONNX Runtime computes in.</typeparam>
    public static double Cancelled<T>(Answer formula) where T : IBinaryFloatingPointIeee754<T> => Roundings * Half<T>() * (formula.Condition + formula.Squares);

    private static double Half<T>() where T : IBinaryFloatingPointIeee754<T> => double.CreateTruncating(T.BitIncrement(T.One) - T.One) / 2;
}
