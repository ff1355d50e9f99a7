using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class SavedStatisticsTests
{
    /// <summary>Sets in the documented order, the same in both formats.</summary>
    [Theory, CombinatorialNorms]
    public void Moments_OfAForward_AreThoseOfEachSetInOrder(Norm norm, MemoryFormat format)
    {
        Problem problem = Problem.Usual(norm, eps: 0.25);
        Inputs<double> inputs = Inputs<double>.Draw(problem, 4, offset: 3);
        SavedStatistics saved = new();
        double[] x = format == MemoryFormat.ChannelsLast ? Placing.ToChannelsLast(inputs.X, problem.Shape) : inputs.X;
        Results<double>.Forward(problem, x, new double[x.Length], default, default, saved, format);
        Expected expected = inputs.By(problem);
        Assert.Equal(problem.Sets, saved.Moments.Length);
        for (int set = 0; set < problem.Sets; set++)
        {
            Assert.Equal(expected.Mean[set], saved.Moments[set].Mean, 1e-14);
            Assert.Equal(expected.Variance[set], saved.Moments[set].Variance, 1e-14);
            Assert.Equal(1 / Math.Sqrt(expected.Variance[set] + 0.25), saved.InvStd(set), 1e-14);
        }
        Assert.Equal((0.25, false, $"{norm}Norm"), (saved.Eps, saved.Fixed, saved.Layer));
        foreach (int none in (int[])[-1, problem.Sets])
            Assert.Contains($"there are {problem.Sets} sets, counted from 0", Assert.Throws<ArgumentOutOfRangeException>("set", () => saved.InvStd(none)).Message, StringComparison.Ordinal);
        Assert.Equal(problem.Shape, saved.Shape.ToArray());
    }

    /// <summary>The running ones, which all samples share.</summary>
    [Fact]
    public void Moments_OfInstanceNormInEvaluation_AreThoseOfEachChannel()
    {
        InstanceNorm1d<double> layer = new(4, eps: 0.25, trackRunningStats: true);
        Tensor<double> x = Tensor.Create(Inputs<double>.Normal(new(1), 60, 2, 5), [3, 4, 5]);
        layer.Forward(x);
        layer.Eval();
        SavedStatistics saved = new();
        layer.Forward(x, saved);
        Assert.True(saved.Fixed);
        Assert.Equal(Placing.Logical(layer.RunningMean!), saved.Moments.ToArray().Select(m => m.Mean));
        Assert.Equal(Placing.Logical(layer.RunningVar!), saved.Moments.ToArray().Select(m => m.Variance));
        Assert.All(saved.Moments.ToArray(), m => Assert.Equal(1, m.Count));
    }

    /// <summary>The weight that backward takes is stored as that of the forward call was.</summary>
    [Fact]
    public void Backward_OfALayerWithAUnitOffset_TakesItsWeightAsItIsStored()
    {
        RmsNorm<float> layer = new(9, unitOffset: true);
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 36), [4, 9]), dy = Tensor.Create(Inputs<float>.Normal(new(2), 36), [4, 9]);
        Tensor.Create(Inputs<float>.Normal(new(3), 9)).CopyTo(layer.Weight!.Value);
        SavedStatistics saved = new();
        layer.Forward(x, saved);
        float[] dx = new float[36];
        Functional.Backward<float>(dy, x, saved, layer.Weight.Value, Tensor.Create(dx, [4, 9]));
        Assert.Equal(layer.Backward(dy, x, saved), dx);
    }

    [Fact]
    public void Properties_BeforeForward_AreEmpty()
    {
        SavedStatistics saved = new();
        Assert.Equal((0, 0, ""), (saved.Moments.Length, saved.Shape.Length, saved.Layer));
    }

    /// <summary>Saved in one format, used in the other.</summary>
    [Theory, CombinatorialNorms]
    public void Backward_InAnotherLayoutThanForward_MatchesFormula(Norm norm, MemoryFormat format)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 4, offset: 3);
        Expected expected = inputs.By(problem);
        float[] last = Placing.ToChannelsLast(inputs.X, problem.Shape), dyLast = Placing.ToChannelsLast(inputs.Dy, problem.Shape), dx = new float[last.Length];
        SavedStatistics saved = new();
        bool forwardLast = format == MemoryFormat.ChannelsLast;
        Results<float>.Forward(problem, forwardLast ? last : inputs.X, new float[last.Length], inputs.Weight, inputs.Bias, saved, format);
        if (forwardLast)
            Functional.Backward<float>(inputs.Dy, inputs.X, problem.Shape, saved, inputs.Weight, dx);
        else
            Functional.Backward<float>(dyLast, last, problem.Shape, saved, inputs.Weight, dx, format: MemoryFormat.ChannelsLast);
        Closeness.Near<float>(forwardLast ? dx : Placing.FromChannelsLast(dx, problem.Shape), expected.Dx, Tolerances.InputGradientFloat, "dx");
    }
}
