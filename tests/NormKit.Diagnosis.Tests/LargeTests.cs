using NormKit.Diagnosis.Search;
using NormKit.Diagnosis.Sharing;
using NormKit.Diagnosis.Tests.Generator;

namespace NormKit.Diagnosis.Tests;

public sealed class LargeTests
{
    /// <summary>Sampled first; the figures are of all elements.</summary>
    [Fact]
    public void Diagnose_LargeInput_IsCheckedOnEverything()
    {
        int[] shape = [8, 32, 40, 40];
        double[] x = Formulas.Uniform(8 * 32 * 1600, 51, 0, 1);
        Program program = new() { Layer = Layer.Group, Groups = 8, Shape = shape, Faults = [Fault.SampleVariance] };
        double[] y = program.Run(x);
        y[^1] += 0.5;
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = shape });
        Assert.Equal((NormalizationKind.GroupNorm, (int?)8), (result.Best.Kind, result.Best.Groups));
        Assert.Equal([CauseKind.SampleVariance], result.Best.Causes());
        Assert.InRange(result.Best.Residual.MaxAbs, 0.49, 0.51);
    }

    /// <summary>A sample's statistics are those of whole sets.</summary>
    [Fact]
    public void View_OfASample_HasTheMomentsOfWholeSets()
    {
        int[] shape = [6, 10, 30, 30];
        double[] x = Formulas.Normal(6 * 10 * 900, 52, offset: 3);
        Problem problem = new(new() { Input = x, Output = x, Shape = shape }, x);
        View part = problem.ViewOf(1024, 1, TestContext.Current.CancellationToken), whole = problem.ViewOf(0, 0, TestContext.Current.CancellationToken);
        Assert.InRange(part.Length, 256, 4096);
        foreach (Grouping grouping in problem.Groupings)
        {
            SetMoments some = part.MomentsOf(grouping.Sets, NumberFormat.Float64), all = whole.MomentsOf(grouping.Sets, NumberFormat.Float64);
            Cells cells = part.CellsOf(grouping.Sets);
            Assert.Equal(cells.Count, some.Mean.Length);
            for (int cell = 0; cell < cells.Count; cell++)
            {
                int set = cells.Numbers![cell];
                Assert.Equal(all.Mean[set], some.Mean[cell], 1e-12);
                Assert.Equal(all.Variance[set], some.Variance[cell], 1e-12);
            }
        }
    }

    [Fact]
    public void IndexMap_NumbersElements_AsCoordinatesSay()
    {
        IndexMap map = IndexMap.Keeping([2, 3, 4, 5], [true, false, true, false]);
        Assert.Equal((120, 8), (map.Length, map.Count));
        int element = 0;
        for (int a = 0; a < 2; a++)
        {
            for (int b = 0; b < 3; b++)
            {
                for (int c = 0; c < 4; c++)
                {
                    for (int d = 0; d < 5; d++)
                        Assert.Equal((a * 4) + c, map.At(element++));
                }
            }
        }
        Assert.Equal(IndexMap.Keeping([6, 20], [true, false]), IndexMap.Keeping([2, 3, 4, 5], [true, true, false, false]));
        Assert.NotEqual(IndexMap.Keeping([6, 20], [true, false]), IndexMap.Keeping([6, 20], [false, true]));
    }
}
