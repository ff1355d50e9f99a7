namespace NormKit.Diagnosis.Tests;

/// <summary>Layer and RMS norm over dimensions that are neither the last ones nor one.</summary>
public sealed class AxesTests
{
    private static readonly int[] Shape = [5, 6, 7, 8];
    private static readonly double[] X = Formulas.Normal(5 * 6 * 7 * 8, 91, scale: 0.8, offset: 0.3);

    [Theory]
    [InlineData(new[] { 1, 3 }, true, false)]
    [InlineData(new[] { 1, 3 }, false, true)]
    [InlineData(new[] { 1, 2 }, true, true)]
    [InlineData(new[] { 0, 3 }, false, false)]
    [InlineData(new[] { 0, 1, 3 }, false, true)]
    public void Diagnose_LayerOverAnyDimensions_IsNamed(int[] axes, bool hasWeight, bool isExpected)
    {
        int[] index = [.. Enumerable.Range(0, X.Length).Select(i => Index(i, axes))];
        double[] weight = Formulas.Uniform(index.Max() + 1, 92, 0.4, 1.9);
        double[] normalized = Formulas.Normalize(X, i => Index(i, [.. Enumerable.Range(0, 4).Except(axes)]), 1e-5);
        double[] y = Formulas.Floats(normalized.Select((value, i) => hasWeight ? value * weight[index[i]] : value));
        DiagnosisResult result = Formulas.Diagnose(new()
        {
            Input = X,
            Output = y,
            Shape = Shape,
            Weight = hasWeight ? weight : null,
            Expected = isExpected ? new(NormalizationKind.LayerNorm) { Axes = axes } : null,
        });
        Assert.Equal((Verdict.Explained, NormalizationKind.LayerNorm), (result.Verdict, result.Best.Kind));
        Assert.Equal(axes, result.Best.Axes);
        Assert.Empty(result.Best.Causes());
        Assert.Contains($"over dimensions {string.Join(", ", axes[..^1])} and {axes[^1]}", result.Sentence, StringComparison.Ordinal);
    }

    /// <summary>The place in the dimensions named, row-major.</summary>
    private static int Index(int element, int[] dims)
    {
        int[] at = new int[4];
        for (int d = 3; d >= 0; d--)
            (element, at[d]) = Math.DivRem(element, Shape[d]);
        return dims.Aggregate(0, (index, d) => (index * Shape[d]) + at[d]);
    }
}
