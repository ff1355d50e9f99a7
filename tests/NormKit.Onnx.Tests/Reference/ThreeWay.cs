using System.Numerics;

namespace NormKit.Onnx.Tests;

/// <summary>NormKit and ONNX Runtime, each against the formula.</summary>
internal static class ThreeWay
{
    /// <summary>
    /// Both are right: NormKit to its own tolerance, ONNX Runtime to <paramref name="theirTolerance"/>, so they differ by no more than the sum. A reading of the
    /// operator that is wrong in any of the three shows. Where ONNX Runtime may lose nearly all digits, only NormKit is checked.
    /// </summary>
    public static void Agree<T>(T[] ours, T[] theirs, Answer formula, double theirTolerance, string what) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double our = formula.ErrorOf(ours), their = formula.ErrorOf(theirs);
        Assert.True(
            our <= Allowed.Ours<T>() && (their <= theirTolerance || theirTolerance >= Allowed.NoClaim),
            $"{what}: NormKit's error is {our:g3}, allowed {Allowed.Ours<T>():g3}; ONNX Runtime's is {their:g3}, allowed {theirTolerance:g3}");
    }

    /// <summary>
    /// NormKit is right and ONNX Runtime is not, by at least <paramref name="least"/>. Fails too when a new version of ONNX Runtime has mended it: then the
    /// test, and its line in docs/onnx.md, can go.
    /// </summary>
    public static void OnlyOursIsRight<T>(T[] ours, T[] theirs, Answer formula, double least, string what) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double our = formula.ErrorOf(ours), their = formula.ErrorOf(theirs);
        Assert.True(our <= Allowed.Ours<T>(), $"{what}: NormKit's error is {our:g3}, allowed {Allowed.Ours<T>():g3}");
        Assert.True(their >= least, $"{what}: ONNX Runtime's error is {their:g3}, no longer {least:g3} and more");
    }
}
