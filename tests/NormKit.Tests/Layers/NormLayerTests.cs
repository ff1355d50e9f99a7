using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>What all layers have in common.</summary>
public class NormLayerTests
{
    [Theory, CombinatorialNorms]
    public void Backward_TwiceAndAfterZeroGrad_AddsGradients(Norm norm, Placement placement)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 5);
        NormLayer<float> layer = Results<float>.LayerOf(problem);
        Results<float>.Load(layer.Weight, inputs.Weight);
        SavedStatistics saved = new();
        Tensor<float> x = Placing.Place(inputs.X, problem.Shape, placement), dy = Placing.Place(inputs.Dy, problem.Shape, placement);
        layer.Forward(x, saved);
        layer.Backward(dy, x, saved);
        float[] weightOnce = Placing.Logical(layer.Weight!.Grad), biasOnce = Placing.Logical(layer.Bias!.Grad);
        layer.Backward(dy, x, saved);
        Closeness.Near<float>(Placing.Logical(layer.Weight.Grad), [.. weightOnce.Select(v => 2.0 * v)], Tolerances.ParameterGradientFloat, "twice");
        Closeness.Near<float>(Placing.Logical(layer.Bias.Grad), [.. biasOnce.Select(v => 2.0 * v)], Tolerances.ParameterGradientFloat, "twice");
        layer.ZeroGrad();
        Assert.All(Placing.Logical(layer.Weight.Grad).Concat(Placing.Logical(layer.Bias.Grad)), v => Assert.Equal(0, v));
        layer.Backward(dy, x, saved);
        Closeness.SameBits<float>(weightOnce, Placing.Logical(layer.Weight.Grad), "after ZeroGrad");
    }

    /// <summary>One saved per forward: the layer itself keeps nothing, so passes may interleave.</summary>
    [Fact]
    public void Backward_OfInterleavedForwards_TakesEachItsOwnStatistics()
    {
        Problem problem = Problem.Usual(Norm.Group);
        GroupNorm<float> layer = new(5, 10);
        Inputs<float> first = Inputs<float>.Draw(problem, 1, affine: false), second = Inputs<float>.Draw(problem, 2, offset: 5, affine: false);
        Tensor<float> x1 = Tensor.Create(first.X, problem.Shape), x2 = Tensor.Create(second.X, problem.Shape);
        SavedStatistics saved1 = new(), saved2 = new();
        layer.Forward(x1, saved1);
        layer.Forward(x2, saved2);
        Closeness.Near<float>(Placing.Logical(layer.Backward(Tensor.Create(first.Dy, problem.Shape), x1, saved1)), first.By(problem).Dx, Tolerances.InputGradientFloat, "first");
        Closeness.Near<float>(Placing.Logical(layer.Backward(Tensor.Create(second.Dy, problem.Shape), x2, saved2)), second.By(problem).Dx, Tolerances.InputGradientFloat, "second");
    }

    [Fact]
    public void Backward_StatisticsOfNoneOrOfAnotherLayer_Throws()
    {
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 2310), [3, 10, 7, 11]);
        GroupNorm<float> layer = new(5, 10);
        InvalidOperationException unfilled = Assert.Throws<InvalidOperationException>(() => layer.Backward(x, x, new SavedStatistics()));
        Assert.Contains("GroupNorm", unfilled.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>("saved", () => layer.Backward(x, x, null!));
        SavedStatistics foreign = new();
        new BatchNorm2d<float>(10).Forward(x, foreign);
        ArgumentException thrown = Assert.Throws<ArgumentException>("saved", () => layer.Backward(x, x, foreign));
        Assert.Contains("BatchNorm2d", thrown.Message, StringComparison.Ordinal);
        Assert.All(Placing.Logical(layer.Weight!.Grad), v => Assert.Equal(0, v));
    }

    /// <summary>A layer of the same kind that groups otherwise has other statistics, not these.</summary>
    [Fact]
    public void Backward_StatisticsOfALayerWithOtherGroups_Throws()
    {
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 2310), [3, 10, 7, 11]);
        SavedStatistics foreign = new();
        new GroupNorm<float>(2, 10).Forward(x, foreign);
        Assert.Throws<ArgumentException>("saved", () => new GroupNorm<float>(5, 10).Backward(x, x, foreign));
    }

    [Fact]
    public void Backward_Refused_LeavesGradients()
    {
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 2310), [3, 10, 7, 11]);
        GroupNorm<float> layer = new(5, 10);
        SavedStatistics saved = new();
        layer.Forward(x, saved);
        layer.Backward(x, x, saved);
        float[] before = Placing.Logical(layer.Weight!.Grad);
        Assert.Throws<ArgumentException>("gradOutput", () => layer.Backward(Tensor.CreateFromShape<float>([3, 10, 77]), x, saved));
        Assert.Throws<ArgumentException>("input", () => layer.Backward(x, Tensor.CreateFromShape<float>([3, 10, 77]), saved));
        Assert.Throws<ArgumentException>("gradInput", () => layer.Backward(x, x, saved, Tensor.CreateFromShape<float>([3, 10, 77])));
        Closeness.SameBits<float>(before, Placing.Logical(layer.Weight.Grad), "gradient of the weight");
    }

    [Theory, CombinatorialNorms]
    public void Backward_WithoutGradInput_AddsTheSameGradients(Norm norm, MemoryFormat format)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 5);
        Results<float> expected = Results<float>.OnSpans(problem, inputs, format);
        NormLayer<float> layer = Results<float>.LayerOf(problem);
        Results<float>.Load(layer.Weight, inputs.Weight);
        bool last = format == MemoryFormat.ChannelsLast;
        float[] x = last ? Placing.ToChannelsLast(inputs.X, problem.Shape) : inputs.X, dy = last ? Placing.ToChannelsLast(inputs.Dy, problem.Shape) : inputs.Dy;
        SavedStatistics saved = new();
        layer.Forward(x, problem.Shape, new float[x.Length], saved, format);
        layer.Backward(dy, x, problem.Shape, saved, default, format);
        Closeness.SameBits<float>(expected.DWeight, Placing.Logical(layer.Weight!.Grad), "dweight");
        Closeness.SameBits<float>(expected.DBias, Placing.Logical(layer.Bias!.Grad), "dbias");
    }

    [Theory, CombinatorialNorms]
    public async Task Forward_InEvaluationOnManyThreads_GivesEachTheSameBits(Norm norm)
    {
        Problem problem = new(norm, [9, 10, 31, 33], Groups: 5, NormalizedRank: 2);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 5);
        NormLayer<float> layer = Results<float>.LayerOf(problem);
        layer.Eval();
        layer.MaxDegreeOfParallelism = 3;
        Tensor<float> x = Tensor.Create(inputs.X, problem.Shape);
        float[] expected = Placing.Logical(layer.Forward(x));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 10; i++)
                Closeness.SameBits<float>(expected, Placing.Logical(layer.Forward(x)), "y");
        })));
    }

    [Fact]
    public void Value_OfAParameter_IsWhatForwardUses()
    {
        LayerNorm<float> layer = new(3);
        layer.Bias!.Value[1] = 7;
        layer.Weight!.Value[2] = 0;
        float[] y = Placing.Logical(layer.Forward(Tensor.Create([1f, 2, 3], [1, 3])));
        Assert.Equal((7f, 0f), (y[1], y[2]));
    }
}
