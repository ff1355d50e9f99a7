using System.Numerics;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>The numeric contract: forward, backward and statistics against the formula, at every offset, scale and layout.</summary>
public class FunctionalAccuracyTests
{
    [Theory, AtEachOffset]
    public void Float_AnyOffsetAndLayout_MatchesFormula(Norm norm, Placement placement, double offset) => Check<float>(Problem.Usual(norm), placement, offset, 1);

    [Theory, AtEachOffset]
    public void Double_AnyOffsetAndLayout_MatchesFormula(Norm norm, Placement placement, double offset) => Check<double>(Problem.Usual(norm), placement, offset, 1);

    [Theory, AtEachOffset]
    public void Float_SetsOfSeveralBlocks_MatchFormula(Norm norm, MemoryFormat format, double offset) => Check<float>(Problem.Large(norm), PlacementOf(format), offset, 1);

    [Theory, AtEachOffset]
    public void Double_SetsOfSeveralBlocks_MatchFormula(Norm norm, MemoryFormat format, double offset) => Check<double>(Problem.Large(norm), PlacementOf(format), offset, 1);

    [Theory, AtEachOffset]
    public void Float_WithoutWeightAndBias_MatchesFormula(Norm norm, MemoryFormat format, double offset) =>
        Check<float>(Problem.Usual(norm), PlacementOf(format), offset, 1, affine: false);

    /// <summary>Sets of 65,536 to 400,003 elements: a hundred blocks to merge.</summary>
    [Theory, CombinatorialNorms]
    public void LargeSets_FarFromZero_MatchFormula(Norm norm)
    {
        Problem problem = norm == Norm.Layer ? new(norm, [1, 400_003]) : new(norm, [16, 6, 64, 64], Groups: 2);
        Check<float>(problem, Placement.Contiguous, 1e6, 1);
        Check<double>(problem, Placement.Contiguous, 1e6, 1);
        if (norm != Norm.Layer)
            Check<float>(problem, Placement.ChannelsLast, 1e6, 1);
    }

    /// <summary>Offsets of 0 and 8 spreads at scales from float's smallest numbers to its largest, with eps 0, so that all scales look alike.</summary>
    [Theory, CombinatorialNorms]
    public void Float_AnyScaleWithoutEps_MatchesFormula(Norm norm, Placement placement)
    {
        foreach (double scale in (double[])[1e-41, 1e-38, 1e-30, 1e-20, 1e-14, 1e-8, 1e8, 1e16, 1e17, 1e19, 1e30, 3e37])
        {
            Check<float>(Problem.Usual(norm, eps: 0), placement, 0, scale);
            if (scale < 1e37)
                Check<float>(Problem.Usual(norm, eps: 0), placement, 8 * scale, scale);
        }
    }

    [Theory, CombinatorialNorms]
    public void Float_AnyScaleWithEps_MatchesFormula(Norm norm, MemoryFormat format)
    {
        foreach ((double scale, double eps) in (ReadOnlySpan<(double, double)>)
            [(1e-20, 1e-12), (1e-20, 1e-40), (1e-15, 1e-30), (1e-14, 1e-28), (1e-10, 1e-5), (1e-30, 1e-5), (1e15, 1e-5), (1e17, 1e30), (5e37, 1e-5), (1, 1e34), (1, 1e40)])
        {
            Check<float>(Problem.Usual(norm, eps), PlacementOf(format), 0, scale, bias: false);
        }
    }

    /// <summary>Denormal deviations under an eps that dwarfs their square.</summary>
    [Theory, CombinatorialNorms]
    public void Float_DenormalsWithEps_MatchFormula(Norm norm, MemoryFormat format) =>
        Check<float>(Problem.Usual(norm, eps: 1e-5), PlacementOf(format), 0, 1e-40, bias: false);

    [Theory, CombinatorialNorms]
    public void Double_AnyScaleWithoutEps_MatchesFormula(Norm norm, MemoryFormat format)
    {
        foreach (double scale in (double[])[1e-120, 1e-50, 1e-20, 1e20, 1e50, 1e120])
            Check<double>(Problem.Usual(norm, eps: 0), PlacementOf(format), 3 * scale, scale);
    }

    /// <summary>Squares that no double holds, under an eps that dwarfs them and without one.</summary>
    [Theory, CombinatorialNorms]
    public void Double_ScalesWhoseSquaresUnderflow_MatchFormulaOfAScaledInput(Norm norm, MemoryFormat format)
    {
        // The formula is asked at a scale of 2^-60, where its squares are plain: with an eps of 0.25 the variance says nothing in either.
        Problem problem = Problem.Usual(norm, eps: 0.25);
        Inputs<double> inputs = Inputs<double>.Draw(problem, 3, offset: 1) with { Bias = null };
        double up = Math.Pow(2, -60), down = Math.Pow(2, -700);
        double[] expected = NormFormula.Of(problem, Array.ConvertAll(inputs.X, v => v * up), weight: inputs.Weight).Y;
        double[] y = Results<double>.OnTensors(problem, inputs with { X = Array.ConvertAll(inputs.X, v => v * down) }, PlacementOf(format)).Y;
        Closeness.Near<double>(Array.ConvertAll(y, v => v / down * up), expected, Tolerances.ForwardDouble, "y");
    }

    /// <summary>All |d| alike: roundings of a sum then all point one way. In a board, in halves and at random.</summary>
    [Theory, CombinatorialNorms]
    public void Float_TwoValuedData_MatchesFormula(Norm norm, MemoryFormat format)
    {
        Problem problem = Problem.Large(norm);
        Random random = new(17);
        foreach (Func<int, bool> up in (Func<int, bool>[])[i => i % 2 == 0, i => i / 83 % 2 == 0, i => problem.SetOf(i) % 2 == 0 == i % 3 > 0, _ => random.Next(2) == 0])
        {
            foreach (float level in (float[])[0.1f, 0.7f, 1 / 3f, 1.1f])
            {
                Inputs<float> drawn = Inputs<float>.Draw(problem, 5);
                float[] x = [.. Enumerable.Range(0, problem.Elements).Select(i => up(i) ? level : -level)];
                Compare(problem, drawn with { X = x }, PlacementOf(format), $"level {level}");
                // Two values more, chosen so that no sum of theirs cancels: a gradient that is nothing but rounding has no digits to compare.
                float[] dy = [.. Enumerable.Range(0, problem.Elements).Select(i => (x[i] * (i % 7 < 3 ? 1 : 0.25f)) + (0.3f * level))];
                Compare(problem, drawn with { X = x, Dy = dy }, PlacementOf(format), $"level {level}, dy of four values");
            }
        }
    }

    /// <summary>One value far from all others, whose deviations then all but vanish beside it.</summary>
    [Theory, CombinatorialNorms]
    public void Float_OneOutlier_MatchesFormula(Norm norm, Placement placement)
    {
        Problem problem = Problem.Usual(norm);
        foreach (float outlier in (float[])[1e4f, 1e10f, 1e19f, 1e25f, -3e38f])
        {
            Inputs<float> inputs = Inputs<float>.Draw(problem, 5);
            inputs.X[problem.Elements / 2] = outlier;
            Compare(problem, inputs, placement, $"outlier {outlier}");
        }
    }

    [Theory, AtEachOffset]
    public void Forward_ConstantSets_GiveTheBias(Norm norm, Placement placement, double constant)
    {
        foreach (double eps in (double[])[0, 1e-5])
        {
            Problem problem = Problem.Usual(norm, eps);
            Inputs<float> inputs = Inputs<float>.Draw(problem, 8);
            // A third of a unit has no exact sum, so a mean that is summed up is not the value itself.
            float value = (float)(constant / 3);
            Array.Fill(inputs.X, value);
            Results<float> results = Results<float>.OnTensors(problem, inputs, placement);
            float[] bias = [.. Enumerable.Range(0, problem.Elements).Select(i => inputs.Bias![problem.ParameterOf(i)])];
            Closeness.Near<float>(results.Y, Inputs<float>.Doubles(bias), Tolerances.ForwardFloat, $"constant {value}, eps {eps}");
            Assert.All(results.Moments, m => Assert.Equal(value, (float)m.Mean));
        }
    }

    /// <summary>
    /// After oneDNN's benchdnn: pairs with x[i] + x[i + 1] = 2 * mean, so every sum of the sample is exact in any order. Eleven of sixteen deviations are 1,
    /// five are 7: their mean square is 16, and 1 / sqrt(16) and all that follows is exact. So nothing is allowed to differ.
    /// </summary>
    [Theory, CombinatorialNorms]
    public void Forward_DataWithExactMoments_IsExact(Norm norm, Placement placement)
    {
        CheckExact<float>(norm, placement, 0);
        CheckExact<float>(norm, placement, 1 << 19);
        CheckExact<double>(norm, placement, 1L << 40);
    }

    private static void CheckExact<T>(Norm norm, Placement placement, double mean) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (nint positions in (nint[])[32, 1024 + 64, 4096 + 32])
        {
            Problem problem = norm == Norm.Layer
                ? new(norm, [3, 1, positions], NormalizedRank: 2, Eps: 0)
                : new(norm, [3, 10, positions], Groups: 5, Eps: 0);
            T[] x = [.. Enumerable.Range(0, problem.Elements).Select(i => T.CreateTruncating(mean + ((i % 32 / 2 < 11 ? 1 : 7) * (i % 2 == 0 ? 1 : -1))))];
            T[] weight = [.. Enumerable.Range(0, problem.Parameters).Select(i => T.CreateTruncating(((i * 5 % 17) - 8) / 4.0))];
            T[] bias = [.. Enumerable.Range(0, problem.Parameters).Select(i => T.CreateTruncating(((i * 7 % 13) - 6) / 8.0))];
            Results<T> results = Results<T>.OnTensors(problem, new(x, x, weight, bias), placement);
            T[] expected = [.. Enumerable.Range(0, problem.Elements).Select(i =>
                ((x[i] - T.CreateTruncating(mean)) * T.CreateTruncating(0.25) * weight[problem.ParameterOf(i)]) + bias[problem.ParameterOf(i)])];
            Assert.Equal(expected, results.Y);
            Assert.All(results.Moments, m => Assert.Equal((mean, 16.0), (m.Mean, m.Variance)));
        }
    }

    private static void Check<T>(Problem problem, Placement placement, double offset, double scale, bool affine = true, bool bias = true)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Inputs<T> inputs = Inputs<T>.Draw(problem, seed: 1, offset, scale, affine);
        if (scale < 1e-28 && problem.Eps == 0)  // dx is dy / scale, and must fit a float
            inputs = inputs with { Dy = Array.ConvertAll(inputs.Dy, v => v * T.CreateTruncating(1e-10)) };
        Compare(problem, bias ? inputs : inputs with { Bias = null }, placement, $"offset {offset}, scale {scale}, eps {problem.Eps}");
    }

    private static void Compare<T>(Problem problem, Inputs<T> inputs, Placement placement, string what) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Results<T> results = Results<T>.OnTensors(problem, inputs, placement);
        Expected expected = inputs.By(problem);
        Closeness.Near(results, expected, what);
        for (int set = 0; set < problem.Sets; set++)
        {
            Moments moments = results.Moments[set];
            // A mean is as good as the deviations from it need, whatever its own size.
            double spread = Math.Sqrt(expected.Variance[set]) + (Math.Abs(expected.Mean[set]) * (typeof(T) == typeof(float) ? 1e-14 : 1e-16));
            Assert.Equal(problem.Elements / problem.Sets, moments.Count);
            Assert.True(Math.Abs(moments.Mean - expected.Mean[set]) <= Tolerances.Moments<T>() * spread, $"{what}: mean {moments.Mean} of set {set}, not {expected.Mean[set]}");
            // A variance serves as variance + eps.
            double served = expected.Variance[set] + problem.Eps;
            Assert.True(Math.Abs(moments.Variance - expected.Variance[set]) <= 2 * Tolerances.Moments<T>() * served, $"{what}: variance {moments.Variance} of set {set}, not {expected.Variance[set]}");
        }
    }

    private static Placement PlacementOf(MemoryFormat format) => format == MemoryFormat.ChannelsLast ? Placement.ChannelsLast : Placement.Contiguous;
}
