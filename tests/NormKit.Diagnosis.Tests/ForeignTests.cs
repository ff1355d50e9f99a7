namespace NormKit.Diagnosis.Tests;

/// <summary>Functions that are no normalization.</summary>
public sealed class ForeignTests
{
    private const int N = 4;
    private const int C = 6;
    private const int S = 35;
    private static readonly int[] Shape = [N, C, 5, 7];

    [Theory]
    [InlineData("softmax over channels")]
    [InlineData("softmax over the last dimension")]
    [InlineData("convolution over positions")]
    [InlineData("convolution over channels")]
    [InlineData("noise")]
    [InlineData("square")]
    [InlineData("another input")]
    public void Diagnose_ForeignFunction_IsNoneOfThese(string name)
    {
        for (int seed = 0; seed < 3; seed++)
        {
            double[] x = Formulas.Normal(N * C * S, 11 + seed, scale: 1.2, offset: 0.3);
            double[] y = Formulas.Floats(Apply(name, x, seed));
            DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = Shape });
            Assert.Equal((name, Verdict.NoneOfThese), (name, result.Verdict));
            Assert.StartsWith("None of these: the nearest, ", result.Sentence, StringComparison.Ordinal);
            Assert.True(result.Best.Residual.RootMeanSquare > 0);
            Assert.Empty(result.Ties);
            Assert.Empty(result.Advice);
        }
    }

    private static IEnumerable<double> Apply(string name, double[] x, int seed)
    {
        switch (name)
        {
            case "softmax over channels":
                return Softmax(x, i => ((i / (C * S)) * S) + (i % S));
            case "softmax over the last dimension":
                return Softmax(x, i => i / 7);
            case "convolution over positions":
                return x.Select((_, i) => (0.5 * x[i]) - (i % S >= 1 ? 0.7 * x[i - 1] : 0) + (i % S >= 7 ? 0.9 * x[i - 7] : 0));
            case "convolution over channels":
                double[] kernel = Formulas.Normal(C * C, 90 + seed);
                return x.Select((_, i) => Enumerable.Range(0, C).Sum(c => kernel[((i / S % C) * C) + c] * x[((i / (C * S)) * C * S) + (c * S) + (i % S)]));
            case "square":
                return x.Select(value => value * value);
            case "another input":
                return Formulas.Normalize(Formulas.Normal(x.Length, 500 + seed), i => i / S, 1e-5);
            default:
                return Formulas.Normal(x.Length, 700 + seed);
        }
    }

    private static double[] Softmax(double[] x, Func<int, int> set)
    {
        double[] exp = [.. x.Select(Math.Exp)];
        double[] y = new double[x.Length];
        foreach (IGrouping<int, int> group in Enumerable.Range(0, x.Length).GroupBy(set))
        {
            double sum = group.Sum(i => exp[i]);
            foreach (int i in group)
                y[i] = exp[i] / sum;
        }
        return y;
    }
}
