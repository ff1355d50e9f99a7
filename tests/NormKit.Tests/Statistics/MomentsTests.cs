using CsCheck;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class MomentsTests
{
    private static readonly Gen<double[]> Values =
        Gen.Select(Gen.Double[-1e6, 1e6], Gen.Double[0.001, 1000], Gen.Int[0, 1 << 20], Gen.OneOf(Gen.Int[1, 70], Gen.Int[4000, 9000]))
            .Select((offset, scale, seed, count) => Inputs<double>.Normal(new(seed), count, scale, offset));

    [Fact]
    public void Of_AnyNumbers_AreTheirMeanAndSquares() => Values.Sample(
        values =>
        {
            Check(Moments.Of<double>(values), values, Tolerances.MomentsDouble);
            float[] floats = Array.ConvertAll(values, v => (float)v);
            Check(Moments.Of<float>(floats), Inputs<float>.Doubles(floats)!, Tolerances.MomentsFloat);
        },
        iter: 200, threads: 1);

    [Theory]
    [InlineData(255)]
    [InlineData(1023)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(8193)]
    public void Of_NumbersAroundABlock_AreTheirMeanAndSquares(int count)
    {
        float[] values = Inputs<float>.Normal(new(count), count, 1, 1e5);
        Check(Moments.Of<float>(values), Inputs<float>.Doubles(values)!, Tolerances.MomentsFloat);
    }

    /// <summary>Any cut and any order of merging give the moments of the whole, and counts exactly.</summary>
    [Fact]
    public void Combine_PartsInAnyOrder_IsTheWhole() => Gen.Select(Values, Gen.Int[1, 9], Gen.Int[0, 1 << 20]).Sample(
        (values, parts, seed) =>
        {
            Random random = new(seed);
            int[] cuts = [0, .. Enumerable.Range(1, parts).Select(_ => random.Next(values.Length + 1)).Order(), values.Length];
            Moments[] pieces = [.. cuts.Zip(cuts.Skip(1), (from, to) => Moments.Of<double>(values.AsSpan(from..to)))];
            random.Shuffle(pieces);
            Moments merged = default;
            foreach (Moments piece in pieces)
                merged = random.Next(2) == 0 ? Moments.Combine(merged, piece) : Moments.Combine(piece, merged);
            Check(merged, values, 4 * Tolerances.MomentsDouble);
        },
        iter: 200, threads: 1);

    [Fact]
    public void Combine_WithNothing_IsTheOther()
    {
        Moments some = Moments.Of<float>([1, 2, 4]);
        Assert.Equal(some, Moments.Combine(some, default));
        Assert.Equal(some, Moments.Combine(default, some));
        Assert.Equal(default, Moments.Combine(default, default));
    }

    /// <summary>1, 2, 4, 9: mean 4, squared deviations 9 + 4 + 0 + 25.</summary>
    [Fact]
    public void Variance_OfFourNumbers_IsDividedByCountOrOneLess()
    {
        Moments moments = Moments.Of<float>([1, 2, 4, 9]);
        Assert.Equal((4L, 4.0, 38.0, 9.5, 38.0 / 3), (moments.Count, moments.Mean, moments.M2, moments.Variance, moments.SampleVariance));
    }

    [Fact]
    public void Variance_OfTooFewNumbers_IsNaN()
    {
        Assert.Equal(default, Moments.Of<double>([]));
        Assert.True(double.IsNaN(Moments.Of<double>([]).Variance));
        Assert.Equal(0, Moments.Of<double>([3.5]).Variance);
        Assert.True(double.IsNaN(Moments.Of<double>([3.5]).SampleVariance));
        Assert.True(double.IsNaN(default(Moments).SampleVariance));
    }

    /// <summary>2^53 + 1 is no double; the mean of 2^53 and 2^53 + 2 is, as a sum of two.</summary>
    [Fact]
    public void MeanLow_OfAMeanBetweenDoubles_IsTheRest()
    {
        Moments moments = Moments.Of<double>([Math.Pow(2, 53), Math.Pow(2, 53) + 2]);
        Assert.Equal(Math.Pow(2, 53) + 1, (double)((System.Numerics.BigInteger)moments.Mean + (System.Numerics.BigInteger)moments.MeanLow));
        Assert.Equal(1, Math.Abs(moments.MeanLow));
        Assert.Equal(2, moments.M2);
    }

    /// <summary>From 2^53: 0, 2 and 2, 4, whose means 1 and 3 are no doubles and are rounded to either side. Together: mean 2, squares 4 + 0 + 0 + 4.</summary>
    [Fact]
    public void CombineEqual_OfMeansBetweenDoubles_LosesNothing()
    {
        double far = Math.Pow(2, 53);
        Moments[] parts = [Moments.Of<double>([far, far + 2]), Moments.Of<double>([far + 2, far + 4])];
        Assert.Equal([1, -1], parts.Select(p => p.MeanLow));
        Assert.Equal(new Moments(4, far + 2, 8), Moments.CombineEqual(parts));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Of_NumbersWithASpecialOne_HaveNoVariance(float special)
    {
        Moments moments = Moments.Of<float>([1, special, 3]);
        Assert.True(double.IsNaN(moments.Variance));
        Assert.False(double.IsFinite(moments.Mean));
    }

    [Fact]
    public void Of_HugeAndTinyFloats_NeitherOverflowsNorVanishes()
    {
        float[] huge = [3e38f, 2e38f, 3e38f, 1e38f], tiny = [3e-38f, 2e-38f, 3e-38f, 1e-38f];
        Check(Moments.Of<float>(huge), Inputs<float>.Doubles(huge)!, Tolerances.MomentsFloat);
        Check(Moments.Of<float>(tiny), Inputs<float>.Doubles(tiny)!, Tolerances.MomentsFloat);
    }

    [Fact]
    public void Of_OtherTypes_Throws() => Assert.Throws<NotSupportedException>(() => Moments.Of<Half>([(Half)1]));

    private static void Check(Moments actual, double[] values, double tolerance)
    {
        Expected expected = NormFormula.Of(new(Norm.Layer, [1, values.Length]), values);
        double spread = Math.Sqrt(expected.Variance[0]);
        Assert.Equal(values.Length, actual.Count);
        // Both means are rounded to double, half a unit each; the low part holds the rest.
        Assert.Equal(expected.Mean[0], actual.Mean, (tolerance * spread) + Math.Abs(expected.Mean[0] * 2.3e-16));
        Assert.Equal(expected.Variance[0], actual.Variance, 2 * tolerance * expected.Variance[0]);
    }
}
