using NormKit.Cli.Compare;

namespace NormKit.Cli.Tests;

public sealed class FormulaTests
{
    /// <summary>1, 3, 5, 7 has mean 4, population variance 5 and sample variance 20/3; with an eps of 4 and of 4 - 5/3 the roots are 3.</summary>
    [Fact]
    public void Apply_HandWorkedNumbers_DivideByNAndByNMinusOne()
    {
        double[] population = new double[4], sample = new double[4];
        Sharing one = Sharing.Of(LayerKind.Layer, [1, 4], 1);
        Formula.Apply([1, 3, 5, 7], one, 4, population, sample, TestContext.Current.CancellationToken);
        Near.Equal([-1, -1.0 / 3, 1.0 / 3, 1], population, 1e-15);
        Formula.Apply([1, 3, 5, 7], one, 9 - (20.0 / 3), population, sample, TestContext.Current.CancellationToken);
        Near.Equal([-1, -1.0 / 3, 1.0 / 3, 1], sample, 1e-15);
    }

    /// <summary>Two samples, two channels, two positions: 0 2 | 4 6 and 10 12 | 20 24.</summary>
    [Theory]
    [InlineData(LayerKind.Batch, new double[] { 6, 6, 13.5, 13.5, 6, 6, 13.5, 13.5 })]
    [InlineData(LayerKind.Layer, new double[] { 3, 3, 3, 3, 16.5, 16.5, 16.5, 16.5 })]
    [InlineData(LayerKind.Instance, new double[] { 1, 1, 5, 5, 11, 11, 22, 22 })]
    [InlineData(LayerKind.Group, new double[] { 1, 1, 5, 5, 11, 11, 22, 22 })]
    public void Apply_EachLayer_SubtractsTheMeanOfItsGroup(object kind, double[] means)
    {
        double[] x = [0, 2, 4, 6, 10, 12, 20, 24];
        double[] population = new double[8], sample = new double[8];

        // With an eps this large the root is 1e10, whatever the variance.
        Formula.Apply(x, Sharing.Of((LayerKind)kind, [2, 2, 2], 2), 1e20, population, sample, TestContext.Current.CancellationToken);
        Near.Equal([.. x.Zip(means, (a, b) => a - b)], [.. population.Select(y => y * 1e10)], 1e-14);
    }

    [Fact]
    public void Apply_OneElement_HasNoSampleVariance()
    {
        double[] population = new double[2], sample = new double[2];
        Formula.Apply([3, 8], Sharing.Of(LayerKind.Group, [1, 2], 2), 1e-5, population, sample, TestContext.Current.CancellationToken);
        Assert.Equal([0, 0], population);
        Assert.All(sample, y => Assert.True(double.IsNaN(y)));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(1e6)]
    public void Apply_Constants_GiveZero(double constant)
    {
        double[] population = new double[35], sample = new double[35];
        Formula.Apply([.. Enumerable.Repeat(constant, 35)], Sharing.Of(LayerKind.Layer, [5, 7], 1), 0, population, sample, TestContext.Current.CancellationToken);
        Assert.Equal(new double[35], population);
        Assert.Equal(new double[35], sample);
    }

    /// <summary>The offset is a power of two and the values multiples of 2^-10, so that shifting them is exact.</summary>
    [Fact]
    public void Apply_LargeOffset_ChangesNothing()
    {
        double[] x = [.. Near.Random(999, 41).Select(v => Math.Round(v * 1024) / 1024)];
        double[] plain = new double[999], shifted = new double[999], sample = new double[999];
        Sharing one = Sharing.Of(LayerKind.Layer, [1, 999], 1);
        Formula.Apply(x, one, 1e-5, plain, sample, TestContext.Current.CancellationToken);
        Formula.Apply([.. x.Select(v => v + (1L << 40))], one, 1e-5, shifted, sample, TestContext.Current.CancellationToken);
        Near.Equal(plain, shifted, 1e-15);
    }

    [Theory]
    [InlineData(LayerKind.Batch, 12, 105)]
    [InlineData(LayerKind.Layer, 3, 420)]
    [InlineData(LayerKind.Instance, 36, 35)]
    [InlineData(LayerKind.Group, 12, 105)]
    public void Sharing_EachLayer_CoversEachElementOnce(object kind, int groups, int elements)
    {
        Sharing sharing = Sharing.Of((LayerKind)kind, [3, 12, 5, 7], 4);
        Assert.Equal((groups, elements), (sharing.Groups, sharing.ElementsPerGroup));
        int[] seen = [.. from g in Enumerable.Range(0, groups)
                         from run in Enumerable.Range(0, sharing.Runs)
                         from i in Enumerable.Range(sharing.Start(g, run), sharing.RunLength)
                         select i];
        Assert.Equal(Enumerable.Range(0, 3 * 12 * 5 * 7), seen.Order());
    }
}
