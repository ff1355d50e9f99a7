using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests.PainPoints;

/// <summary>Spectral norm. Numbers are those of docs/differences.md.</summary>
public class SpectralPainPoints
{
    private static readonly double[] Weight = Inputs<double>.Normal(new(1), 60);

    /// <summary>pytorch/pytorch #51800: evaluated before it was trained, the weight came out unscaled.</summary>
    [Fact]
    public void PainPoint29_EvaluationBeforeTraining_IsScaled()
    {
        SpectralNorm<double> norm = new(Tensor.Create([.. Weight], [6, 10]));
        norm.Eval();
        double[] scaled = Placing.Logical(norm.Forward());
        (double[] u, double[] v) = SpectralFormula.SingularVectors(Weight, 6);
        double[] expected = Gradients.Value(x => SpectralFormula.Of(x[0], u, v), Weight);
        // Fifteen iterations come near the true norm; one of them would not.
        Closeness.Near<double>(scaled, expected, 0.02, "w / sigma");
    }

    /// <summary>pytorch/pytorch #20192: a weight of zeros gave NaN.</summary>
    [Fact]
    public void PainPoint29_WeightOfZeros_StaysZero()
    {
        SpectralNorm<float> norm = new(Tensor.CreateFromShape<float>([3, 4]));
        for (int call = 0; call < 2; call++)
            Assert.All(Placing.Logical(norm.Forward()), w => Assert.Equal(0, w));
        norm.Backward(Tensor.Create([.. Enumerable.Range(1, 12).Select(i => (float)i)], [3, 4]));
        Assert.All(norm.State.SelectMany(e => Placing.Logical(e.Value!)).Concat(Placing.Logical(norm.Weight.Grad)), v => Assert.True(float.IsFinite(v)));
    }

    /// <summary>pytorch/pytorch #8208: evaluation moved the vectors.</summary>
    [Fact]
    public void PainPoint29_Evaluation_MovesNothingAndTrainingDoes()
    {
        SpectralNorm<double> norm = new(Tensor.Create([.. Weight], [6, 10]));
        double[] before = Vectors();
        norm.Eval();
        double[] first = Placing.Logical(norm.Forward()), second = Placing.Logical(norm.Forward());
        Assert.Equal(first, second);
        Assert.Equal(before, (IEnumerable<double>)Vectors());
        norm.Train();
        norm.Forward();
        (double[] u, double[] v) = SpectralFormula.Iterate(Weight, before[..6], before[6..], 1);
        Closeness.Near<double>(Vectors(), [.. u, .. v], 1e-13, "u and v");
        Assert.NotEqual(before, (IEnumerable<double>)Vectors());

        double[] Vectors() => [.. Placing.Logical(norm.U!), .. Placing.Logical(norm.V!)];
    }

    /// <summary>pytorch/pytorch, PR #13350: two forward passes, then backward. The gradient is that of the last one.</summary>
    [Fact]
    public void PainPoint29_BackwardAfterTwoForwards_IsTheLastOnes()
    {
        SpectralNorm<double> norm = new(Tensor.Create([.. Weight], [6, 10]));
        norm.Forward();
        double[] w = Placing.Logical(norm.Forward()), dw = Inputs<double>.Normal(new(2), 60);
        norm.Backward(Tensor.Create([.. dw], [6, 10]));
        double[] u = Placing.Logical(norm.U!), v = Placing.Logical(norm.V!);
        Gradients expected = Gradients.By(x => SpectralFormula.Of(x[0], u, v), dw, Weight);
        Closeness.Near<double>(w, expected.Y, 1e-14, "w / sigma");
        Closeness.Near<double>(Placing.Logical(norm.Weight.Grad), expected.Of[0], 1e-13, "gradient");
    }
}
