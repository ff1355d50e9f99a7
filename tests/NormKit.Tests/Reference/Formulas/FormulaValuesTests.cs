namespace NormKit.Tests.Reference.Formulas;

/// <summary>The formulas that no golden file holds, on numbers that can be checked by hand.</summary>
public class FormulaValuesTests
{
    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 7)]
    [InlineData(2, 5)]
    [InlineData(3, 4.497941445275415)]
    [InlineData(double.PositiveInfinity, 4)]
    public void Lp_OfThreeAndMinusFour(double p, double norm) =>
        Are([3 / norm, -4 / norm], UncentredFormulas.LpNormalize(Var.Of([3, -4]), [0, 0], p, 1e-12));

    [Fact]
    public void LpNormalize_BelowEps_DividesByEps() => Are([0.3, 0.4], UncentredFormulas.LpNormalize(Var.Of([3, 4]), [0, 0], 2, 10));

    [Fact]
    public void ScaleNormAndWeightNorm_OfThreeAndFour()
    {
        Are([6, 8], UncentredFormulas.ScaleNorm(Var.Of([3, 4]), [0, 0], 10, 1e-5));
        Are([6, 8, 0, -2], UncentredFormulas.WeightNorm(Var.Of([10, 2]), Var.Of([3, 4, 0, -7]), [0, 0, 1, 1]));
    }

    [Fact]
    public void CosineSimilarity_OfTwoPairs() =>
        Are([24 / 25.0, -1], UncentredFormulas.CosineSimilarity(Var.Of([3, 4, 1, 0]), Var.Of([4, 3, -2, 0]), [0, 0, 1, 1], 1e-8));

    /// <summary>Of size 2: PyTorch takes {c - 1, c}, ONNX {c, c + 1}.</summary>
    [Fact]
    public void LocalResponse_OfAnEvenWindow_HasEachLibrarysEnds()
    {
        Are([1 / 1.0, 2 / 5.0, 3 / 13.0, 4 / 25.0], UncentredFormulas.LocalResponse(Var.Of([1, 2, 3, 4]), [1, 4, 1], 2, 2, 1, 0));
        Are([1 / 5.0, 2 / 13.0, 3 / 25.0, 4 / 16.0], UncentredFormulas.LocalResponse(Var.Of([1, 2, 3, 4]), [1, 4, 1], 2, 2, 1, 0, onnx: true));
    }

    /// <summary>The mean square of 1 and 7 is 25.</summary>
    [Fact]
    public void FilterResponse_IsBoundedByTau() =>
        Are([1, 2.9], UncentredFormulas.FilterResponse(Var.Of([1, 7]), [1, 1, 2], 0, [2], [0.1], [1]));

    /// <summary>Norms 5 and 13, whose mean is 9.</summary>
    [Fact]
    public void GlobalResponse_DividesByTheMeanOverChannels() => Are(
        [3 + (2 * 3 * 5 / 9.0) + 0.5, 4 + (2 * 4 * 5 / 9.0) + 0.5, 5 + (5 * 13 / 9.0), 12 + (12 * 13 / 9.0)],
        UncentredFormulas.GlobalResponse(Var.Of([3, 4, 5, 12]), [1, 2, 2], 0, [2, 1], [0.5, 0]));

    /// <summary>tanh(ln 3) is (3 - 1/3) / (3 + 1/3).</summary>
    [Fact]
    public void DynamicTanh_OfALogarithm() => Are([(2 * 0.8) + 0.5], UncentredFormulas.DynamicTanh(Var.Of([2 * Math.Log(3)]), [0], 0.5, [2], [0.5]));

    /// <summary>The group's variance is 5; sigmoid(ln 3) is 3 / 4.</summary>
    [Fact]
    public void EvoNormS0_OfOneGroup()
    {
        Are([1 / Math.Sqrt(5) / 2, 3 / Math.Sqrt(5) / 2, 5 / Math.Sqrt(5) / 2, 7 / Math.Sqrt(5) / 2], EvoNormFormulas.S0(Var.Of([1, 3, 5, 7]), [1, 2, 2], 1, 0, [1, 1], [0, 0], [0, 0]));
        Are([3 / Math.Sqrt(5) * 0.75], EvoNormFormulas.S0(Var.Of([1, 3, 5, 7]), [1, 2, 2], 1, 0, [1, 1], [0, 0], [Math.Log(3) / 3, 0])[1..2]);
    }

    /// <summary>The batch's variance is 5, each instance's 1.</summary>
    [Fact]
    public void EvoNormB0_TakesTheLargerDivisor()
    {
        Are([1 / Math.Sqrt(5), 3 / 4.0, 5 / 6.0, 7 / 8.0], EvoNormFormulas.B0(Var.Of([1, 3, 5, 7]), [2, 1, 2], 0, [1], [0], [1]));
        Are([1 / 7.0, 3 / 7.0, 5 / 7.0, 7 / 8.0], EvoNormFormulas.B0(Var.Of([1, 3, 5, 7]), [2, 1, 2], 0, [1], [0], [1], [49]));
    }

    /// <summary>Mean 2 and deviation 1, running 1 and 2: without bounds the result is (x - 1) / 2.</summary>
    [Fact]
    public void BatchRenorm_WithinAndBeyondItsBounds()
    {
        (double[] r, double[] d) = CentredFormulas.Renormalization([1, 3], [2, 1], [1], [4], 0, 3, 5);
        Assert.Equal((0.5, 0.5), (r[0], d[0]));
        Are([0, 1], CentredFormulas.BatchRenorm(Var.Of([1, 3]), [2, 1], r, d, 0, [1], [0]));
        (r, d) = CentredFormulas.Renormalization([1, 3], [2, 1], [101], [0.01], 0, 2.5, 5);
        Assert.Equal((2.5, -5), (r[0], d[0]));
    }

    [Fact]
    public void GhostSets_OfTwoParts_AreNormalizedApart() =>
        Are([-1, 1, -1, 1], CentredFormulas.Normalize(Var.Of([1, 3, 10, 14]), CentredFormulas.GhostSets([4, 1], 2), 0));

    /// <summary>Style: mean 25, variance 125.</summary>
    [Fact]
    public void AdaptiveInstance_TakesTheStylesMoments() => Are(
        [25 - Math.Sqrt(125), 25 + Math.Sqrt(125)], CentredFormulas.AdaptiveInstance(Var.Of([1, 3]), [1, 1, 2], Var.Of([10, 20, 30, 40]), [1, 1, 4], 0));

    [Fact]
    public void Adaptive_ScalesBySample() => Are(
        [-3 + 1, 3 + 2, (0.5 * -1) + 3, (0.5 * 1) + 4],
        CentredFormulas.Adaptive(CentredFormulas.Normalize(Var.Of([1, 3, 5, 9]), [0, 0, 1, 1], 0), [2, 1, 2], Var.Of([2, 2, -0.5, -0.5]), Var.Of([1, 2, 3, 4])));

    /// <summary>
    /// Sample 0 has channels {0, 2} and {4, 4}, sample 1 {2, 4} and {8, 12}. Mixed 1/2 of instance, 1/4 of layer, 1/4 of batch, in both softmaxes; the first
    /// element has instance mean 1 and variance 1, layer mean 2.5 and variance 11/4, batch mean 2 and variance 2.
    /// </summary>
    [Fact]
    public void Switchable_MixesThreeKindsOfMoments()
    {
        Var[] mix = [Math.Log(2), 0, 0];
        Var[] y = CentredFormulas.Switchable(Var.Of([0, 2, 4, 4, 2, 4, 8, 12]), [2, 2, 2], mix, mix, 0, [1, 1], [0, 0]);
        double mean = (0.5 * 1) + (0.25 * 2.5) + (0.25 * 2), variance = (0.5 * 1) + (0.25 * 2.75) + (0.25 * 2);
        Are([(0 - mean) / Math.Sqrt(variance)], y[..1]);
    }

    /// <summary>The mask leaves 1 and 3; a set without elements gives zeros.</summary>
    [Fact]
    public void Normalize_Masked_LeavesOut() =>
        Are([-1, 0, 1, 0, 0], CentredFormulas.Normalize(Var.Of([1, 50, 3, 7, 9]), [0, 0, 0, 1, 1], 1e-32, [true, false, true, false, false]));

    /// <summary>Values of the standard normal distribution and of the logistic function at 1.</summary>
    [Fact]
    public void Activations_AtOne()
    {
        Are([0.8413447460685429], [ActivationFormulas.Gelu(1)]);
        Are([0.8411919906082768], [ActivationFormulas.GeluTanh(1)]);
        Are([0.7310585786300049], [ActivationFormulas.Silu(1)]);
        Are([-0.2, 3, 0, 3], [ActivationFormulas.LeakyRelu(-2, 0.1), ActivationFormulas.LeakyRelu(3, 0.1), ActivationFormulas.Relu(-2), ActivationFormulas.Relu(3)]);
    }

    private static void Are(double[] expected, Var[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], (double)actual[i].Value, 1e-15 * Math.Max(1, Math.Abs(expected[i])));
    }
}
