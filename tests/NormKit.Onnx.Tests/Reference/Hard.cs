namespace NormKit.Onnx.Tests;

/// <summary>Inputs that cost float arithmetic its digits. Each is one set.</summary>
internal static class Hard
{
    /// <summary>Their mean, 16777219, is no float.</summary>
    public static readonly float[] BetweenFloats = [16777216, 16777218, 16777220, 16777222];

    /// <summary>Their squares are no floats.</summary>
    public static readonly float[] Huge = [1e30f, 2e30f, -1e30f, 3e30f];

    /// <summary>Their variance is 0.</summary>
    public static readonly float[] Constant = [3.3f, 3.3f, 3.3f, 3.3f];

    public static readonly float[] Ones = [1, 1, 1, 1], Zeros = [0, 0, 0, 0];

    public static Answer Formula(float[] x, float epsilon) => Onnx.Tests.Formula.Own(Data.Doubles(x), _ => 0, epsilon);
}
