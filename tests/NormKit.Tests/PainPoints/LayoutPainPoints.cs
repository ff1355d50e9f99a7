using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests.PainPoints;

/// <summary>What channels-last and other layouts cost users of other libraries. Numbers are those of docs/differences.md.</summary>
public class LayoutPainPoints
{
    /// <summary>pytorch/pytorch #111824, #72341, #59168: channels-last is kept, so the next layer finds it.</summary>
    [Theory, CombinatorialNorms]
    public void PainPoint20_ChannelsLastInput_GivesChannelsLastOutputAndGradient(Norm norm)
    {
        foreach (nint[] shape in (nint[][])[[3, 10, 7, 11], [3, 10, 2, 5, 3]])
        {
            Problem problem = new(norm, shape, Groups: 5, NormalizedRank: shape.Length - 1);
            Inputs<float> inputs = Inputs<float>.Draw(problem, 3);
            NormLayer<float> layer = Results<float>.LayerOf(problem);
            Tensor<float> x = Placing.Place(inputs.X, shape, Placement.ChannelsLast);
            SavedStatistics saved = new();
            Tensor<float> y = layer.Forward(x, saved);
            Assert.Equal(1, x.Strides[1]);
            Assert.Equal(x.Strides.ToArray(), y.Strides.ToArray());
            Assert.Equal(x.Strides.ToArray(), layer.Backward(y, x, saved).Strides.ToArray());
        }
    }

    /// <summary>pytorch/pytorch #140913: group norm's weight gradient was wrong in channels-last memory, silently.</summary>
    [Theory, WithEach(1, 2, 5, 10)]
    public void PainPoint21_GroupNormGradientsInAnyLayout_MatchFormula(Placement placement, int groups)
    {
        Problem problem = new(Norm.Group, [3, 10, 7, 11], groups);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 3, offset: 10);
        Closeness.Near(Results<float>.OfLayer(problem, inputs, placement), inputs.By(problem), $"{groups} groups");
    }

    /// <summary>oneapi-src/oneDNN #1717: the gradient of the bias alone, where no other is wanted.</summary>
    [Theory, CombinatorialNorms]
    public void PainPoint30_GradientOfTheBiasAlone_IsThatOfAll(Norm norm)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 3);
        Results<float> all = Results<float>.OnSpans(problem, inputs);
        SavedStatistics saved = new();
        Results<float>.Forward(problem, inputs.X, new float[problem.Elements], inputs.Weight, inputs.Bias, saved);
        float[] dBias = new float[problem.Parameters];
        Functional.Backward<float>(inputs.Dy, inputs.X, problem.Shape, saved, inputs.Weight, default, default, dBias);
        Closeness.SameBits<float>(all.DBias, dBias, "dbias");
    }
}
