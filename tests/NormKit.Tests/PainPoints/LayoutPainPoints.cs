using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests.PainPoints;

/// <summary>What channels-last and other layouts cost users of other libraries. Numbers are those of docs/differences.md.</summary>
public class LayoutPainPoints
{
    /// <summary>pytorch/pytorch #70529, #81985: sequences of different lengths in one batch; padding must not count, whatever is in it.</summary>
    [Fact]
    public void PainPoint18_PaddedSequences_AreNormalizedWithoutTheirPadding()
    {
        // (N, C, L) with lengths 9, 4 and 6.
        int[] lengths = [9, 4, 6];
        float[] x = Inputs<float>.Normal(new(1), 3 * 5 * 9, 2, 10);
        bool[] mask = [.. Enumerable.Range(0, 27).Select(i => i % 9 < lengths[i / 9])];
        for (int i = 0; i < x.Length; i++)
            x[i] = i % 9 < lengths[i / 45] ? x[i] : float.NaN;
        Tensor<float> y = new BatchNorm<float>(5).Forward(Tensor.Create(x, [3, 5, 9]), mask: Tensor.Create(mask, [3, 9]));
        for (int c = 0; c < 5; c++)
        {
            (int N, int L)[] valid = [.. Enumerable.Range(0, 27).Where(i => mask[i]).Select(i => (i / 9, i % 9))];
            double mean = valid.Average(at => (double)x[(at.N * 45) + (c * 9) + at.L]);
            double variance = valid.Average(at => Math.Pow(x[(at.N * 45) + (c * 9) + at.L] - mean, 2));
            Closeness.Near<float>(
                [.. valid.Select(at => y[at.N, c, at.L])], [.. valid.Select(at => (x[(at.N * 45) + (c * 9) + at.L] - mean) / Math.Sqrt(variance + 1e-5))], Tolerances.ForwardFloat, "y");
        }
        Assert.All(Enumerable.Range(0, 135).Where(i => i % 9 >= lengths[i / 45]), i => Assert.Equal(0, y[i / 45, i / 9 % 5, i % 9]));
    }

    /// <summary>pytorch/pytorch #71465, ConvNeXt #101: over the channels of each position, not over channels and positions.</summary>
    [Theory, CombinatorialNorms]
    public void PainPoint19_LayerNormOverChannels_NormalizesEachPosition(Placement placement)
    {
        float[] x = Inputs<float>.Normal(new(1), 2310, 2, 10);
        Tensor<float> y = new LayerNorm<float>([10], axes: [1], eps: 0).Forward(Placing.Place(x, [3, 10, 7, 11], placement));
        for (int position = 0; position < 231; position++)
        {
            double[] channels = [.. Enumerable.Range(0, 10).Select(c => (double)y[position / 77, c, position / 11 % 7, position % 11])];
            Assert.Equal(0, channels.Sum(), 1e-5);
            Assert.Equal(10, channels.Sum(v => v * v), 1e-5);
        }
    }

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
