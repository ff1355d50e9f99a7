using System.Numerics;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Every length around vectors, steps of vectors, blocks and tiles, along rows and down columns.</summary>
public class FunctionalLengthTests
{
    private static readonly int[] Boundaries = [255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 4097, 8191, 8192, 8193];

    [Theory, WithEach(0, 1)]
    public void Rows_AnyLength_MatchFormula(Norm norm, int doubles)
    {
        foreach (int length in Enumerable.Range(0, 131).Concat(Boundaries))
        {
            if (norm == Norm.Instance && length == 1)
                continue;
            Problem problem = norm switch
            {
                Norm.Layer => new(norm, [3, length]),
                Norm.Group => new(norm, [3, 4, length], Groups: 2),
                Norm.Batch => new(norm, [2, 3, length]),
                _ => new(norm, [2, 3, length]),
            };
            Check(problem, Placement.Contiguous, doubles == 1);
        }
    }

    /// <summary>Samples and positions as rows of a matrix, channels as its columns.</summary>
    [Theory, WithEach(0, 1)]
    public void ColumnsDown_AnyLength_MatchFormula(Norm norm, int doubles)
    {
        foreach (int length in Enumerable.Range(0, 131).Concat(Boundaries))
        {
            if (length == 1 && norm is (Norm.Batch or Norm.Instance))
                continue;
            bool matrix = norm is Norm.Batch or Norm.Layer;
            Problem problem = matrix ? new(norm, [length, 5]) : new(norm, [2, 6, length], Groups: 3);
            Check(problem, matrix ? Placement.Contiguous : Placement.ChannelsLast, doubles == 1);
        }
    }

    [Theory, WithEach(0, 1)]
    public void ColumnsAcross_AnyNumber_MatchFormula(Norm norm, int doubles)
    {
        foreach (int channels in Enumerable.Range(1, 130).Concat([255, 256, 257, 511, 513, 1025]))
        {
            Problem problem = norm switch
            {
                Norm.Layer => new(norm, [7, channels, 3], NormalizedRank: 2),
                Norm.Group => new(norm, [2, 2 * channels, 3], Groups: 2),
                Norm.Batch => new(norm, [7, channels]),
                _ => new(norm, [2, channels, 3]),
            };
            Check(problem, norm == Norm.Batch ? Placement.Contiguous : Placement.ChannelsLast, doubles == 1);
        }
    }

    /// <summary>Groups of positions without positions of their own: (N, C), each value with a weight of its own.</summary>
    [Theory, WithEach(0, 1)]
    public void GroupsOfChannels_AnyWidth_MatchFormula(int doubles)
    {
        foreach (int width in Enumerable.Range(2, 129).Concat(Boundaries))
            Check(new(Norm.Group, [3, 2 * width], Groups: 2), Placement.Contiguous, doubles == 1);
    }

    /// <summary>Short segments, several of which are packed into a block of 4,096, and their rest.</summary>
    [Theory, WithEach(1, 2, 7, 15, 16, 17, 49, 63, 64, 65, 1023, 1024)]
    public void PackedSegments_OfManySamples_MatchFormula(int positions)
    {
        foreach (int blocks in (int[])[1, 2, 3])
        {
            int samples = (4096 / positions * blocks) + (blocks == 2 ? 0 : blocks);
            Check(new(Norm.Batch, [samples, 2, positions]), Placement.Contiguous, doubles: false);
            Check(new(Norm.Batch, [samples, 2, positions]), Placement.Transposed, doubles: false);
        }
        Check(new(Norm.Group, [2, 4 * (4096 / positions) + 2, positions], Groups: 2), Placement.Contiguous, doubles: false);
    }

    /// <summary>Weights of layer norm are summed down blocks of 256 rows, in tiles of 256 columns.</summary>
    [Theory, WithEach(2, 3, 4, 5, 63, 64, 65, 67, 255, 256, 257, 511, 513, 1000)]
    public void LayerNormRows_AnyNumber_MatchFormula(int rows)
    {
        foreach (int width in (int[])[5, 33, 255, 257])
        {
            Check(new(Norm.Layer, [rows, width]), Placement.Contiguous, doubles: false);
            Check(new(Norm.Layer, [rows, width]), Placement.Transposed, doubles: true);
        }
    }

    private static void Check(Problem problem, Placement placement, bool doubles)
    {
        if (doubles)
            Check<double>(problem, placement);
        else
            Check<float>(problem, placement);
    }

    private static void Check<T>(Problem problem, Placement placement) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Inputs<T> inputs = Inputs<T>.Draw(problem, problem.Elements, offset: 5);
        Results<T> results = Results<T>.OnTensors(problem, inputs, placement, threads: 2);
        if (problem.Elements == 0)
        {
            Assert.Empty(results.Y);
            Assert.All(results.DWeight, v => Assert.Equal(T.Zero, v));
            return;
        }
        Expected expected = inputs.By(problem);
        string what = $"{problem.Norm} [{string.Join(", ", problem.Shape)}]";
        // In a set of two, x-hat is a sign, and in a set of one it is 0: gradients there are all rounding of what cancels, so they are held to their terms.
        int setSize = problem.Elements / problem.Sets;
        if (setSize > 2)
        {
            Closeness.Near(results, expected, what);
            return;
        }
        Closeness.Near<T>(results.Y, expected.Y, Tolerances.Forward<T>(), $"{what} y");
        double term = inputs.Dy.Max(v => Math.Abs(double.CreateTruncating(v))) * inputs.Weight!.Max(v => Math.Abs(double.CreateTruncating(v))) / Math.Sqrt(problem.Eps);
        for (int i = 0; i < problem.Elements; i++)
            Assert.Equal(expected.Dx[i], double.CreateTruncating(results.Dx[i]), term * Tolerances.InputGradient<T>());
    }
}
