using NormKit.Cli.Compare;

namespace NormKit.Cli.Tests;

public sealed class ComparisonTests
{
    [Theory]
    [InlineData("float32", 1.0, 1.1920928955078125e-7)]
    [InlineData("float32", -3.9, 2.384185791015625e-7)]
    [InlineData("float32", 0.0, 1.401298464324817e-45)]
    [InlineData("float32", 1e-44, 1.401298464324817e-45)]
    [InlineData("float64", 1.0, 2.220446049250313e-16)]
    [InlineData("float64", 0.0, double.Epsilon)]
    public void Spacing_AnyValue_IsTheDistanceToTheNeighbour(string type, double value, double spacing) =>
        Assert.Equal(spacing, (type == "float32" ? FloatingType.Float32 : FloatingType.Float64).Spacing(value));

    /// <summary>Differences 3, 0, -1.5 and 4 in two rows of two; distances with 1e-6 added to each.</summary>
    [Fact]
    public void Difference_HandWorkedNumbers_AreSummed()
    {
        Difference difference = Difference.Between([4, 1, 0.5, 8], [1, 1, 2, 4], [2, 2], FloatingType.Float32);
        Assert.Equal(8.5, difference.SumAbs);
        Assert.Equal(4, difference.MaxAbs);
        Assert.Equal(3 / FloatingType.Float32.Spacing(1), difference.MaxUlp);
        double expected = Math.Sqrt((3.000001 * 3.000001) + 1e-12) + Math.Sqrt((1.499999 * 1.499999) + (4.000001 * 4.000001));
        Assert.Equal(expected, difference.PairwiseDistance, 1e-12);
    }

    /// <summary>Outputs 1, -1, 1, -1: q is 1, n is 4, so the share is 1 - 1 / sqrt(4/3).</summary>
    [Fact]
    public void Prediction_HandWorkedNumbers_TakeBesselsShare()
    {
        double share = 1 - Math.Sqrt(0.75);
        Sharing one = Sharing.Of(LayerKind.Layer, [1, 4], 1);
        double[] layer = [1, -1, 1, -1];
        Assert.Equal(share, Prediction.Share(layer, one, 0), 1e-15);

        (double sum, double explained) = Prediction.Of(layer, [1 - share, share - 1, 1 - share, share - 1], one);
        Assert.Equal(4 * share, sum, 1e-14);
        Assert.Equal(1, explained, 1e-14);

        (_, double half) = Prediction.Of(layer, [1 - (2 * share), (2 * share) - 1, 1 - (2 * share), (2 * share) - 1], one);
        Assert.Equal(0.5, half, 1e-14);
    }

    [Fact]
    public void Prediction_NoDifference_HasNothingToExplain() =>
        Assert.Equal(double.NaN, Prediction.Of([2, -2], [2, -2], Sharing.Of(LayerKind.Layer, [1, 2], 1)).Explained);

    /// <summary>1 - 1/sqrt(1 + t) loses all digits at t = 1e-17; t / 2 is right there.</summary>
    [Fact]
    public void Prediction_TinyShare_DoesNotCancel()
    {
        double[] layer = [1e-8, 1e-8];
        double share = Prediction.Share(layer, Sharing.Of(LayerKind.Layer, [1, 2], 1), 0);
        Assert.Equal(5e-17, share, 1e-30);
    }
}
