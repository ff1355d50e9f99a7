using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests.PainPoints;

/// <summary>What users of other libraries lost digits, or all of a result, to. Numbers are those of docs/differences.md.</summary>
public class PrecisionPainPoints
{
    /// <summary>pytorch/pytorch #51102: LayerNorm of randn + 2000 saw a variance of 30822.</summary>
    [Fact]
    public void PainPoint01_LargeMean_VarianceKeepsItsDigits()
    {
        float[] x = Inputs<float>.Normal(new(1), 7 * 257, 1, 2000);
        SavedStatistics saved = new();
        Tensor<float> y = Functional.LayerNorm<float>(Tensor.Create(x, [7, 257]), [257], saved: saved);
        int[] row = Over.Sets([7, 257], 0);
        (double[] mean, double[] variance) = Running.Moments(Inputs<float>.Doubles(x)!, row, unbiased: false);
        Closeness.Near<double>(saved.Moments.ToArray().Select(m => m.Variance).ToArray(), variance, Tolerances.MomentsFloat, "variance");
        Closeness.Near<double>(saved.Moments.ToArray().Select(m => m.Mean).ToArray(), mean, Tolerances.MomentsFloat, "mean");
        Closeness.Near<float>(
            Placing.Logical(y), Gradients.Value(v => CentredFormulas.Normalize(v[0], row, 1e-5), Inputs<float>.Doubles(x)!), Tolerances.ForwardFloat, "y");
    }

    /// <summary>microsoft/onnxruntime #28463: NaN for these four numbers, whose deviations are -1.5, -0.5, 0.5 and 1.5.</summary>
    [Fact]
    public void PainPoint02_FourLargeNeighbours_AreNormalized()
    {
        float[] y = Placing.Logical(Functional.LayerNorm<float>(Tensor.Create([40000f, 40001, 40002, 40003], [1, 4]), [4], eps: 0));
        double unit = 1 / Math.Sqrt(1.25);
        Closeness.Near<float>(y, [-1.5 * unit, -0.5 * unit, 0.5 * unit, 1.5 * unit], Tolerances.ForwardFloat, "y");
    }

    /// <summary>pytorch/pytorch #162489: values of 1e30, whose squares no float holds, gave zeros or NaN.</summary>
    [Theory, CombinatorialNorms]
    public void PainPoint03_ValuesOf1e30_GiveTheFiniteResult(Norm norm, Placement placement)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 2, scale: 1e30);
        Closeness.Near<float>(Results<float>.OnTensors(problem, inputs, placement).Y, inputs.By(problem).Y, Tolerances.ForwardFloat, "y");
    }

    /// <summary>keras-core #866: a fast variance, E[x^2] - E[x]^2, until users report instability. Here no layout has it.</summary>
    [Theory, CombinatorialNorms]
    public void PainPoint06_FastVariance_IsUsedInNoLayout(Norm norm, Placement placement)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 2, offset: 1e5);
        Results<float> results = Results<float>.OnTensors(problem, inputs, placement);
        Closeness.Near<double>(results.Moments.Select(m => m.Variance).ToArray(), inputs.By(problem).Variance, Tolerances.MomentsFloat, "variance");
    }

    /// <summary>pytorch/pytorch #149301, vLLM #48391: a row's bits changed with the batch that it came in.</summary>
    [Theory, WithEach(1, 2, 3, 64)]
    public void PainPoint23_SameRowInAnyBatch_SameBits(int rows)
    {
        float[] row = Inputs<float>.Normal(new(3), 771, 1, 5), weight = Inputs<float>.Normal(new(4), 771), alone = new float[771], y = new float[rows * 771];
        Functional.LayerNorm<float>(row, [1, 771], alone, [771], weight);
        float[] batch = Inputs<float>.Normal(new(5), rows * 771);
        row.CopyTo(batch, (rows - 1) * 771);
        Functional.LayerNorm<float>(batch, [rows, 771], y, [771], weight);
        Closeness.SameBits<float>(alone, y.AsSpan(y.Length - 771), $"the last of {rows} rows");
    }
}
