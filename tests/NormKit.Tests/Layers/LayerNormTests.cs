using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class LayerNormTests
{
    [Fact]
    public void Constructor_Defaults_ArePyTorchs()
    {
        LayerNorm<float> layer = new([2, 3]);
        Assert.Equal(1e-5, layer.Eps);
        Assert.True(layer.ElementwiseAffine);
        Assert.Equal([2, 3], layer.NormalizedShape.ToArray());
        Assert.Equal([2, 3], layer.Weight!.Value.Lengths.ToArray());
        Assert.Equal([2, 3], layer.Bias!.Grad.Lengths.ToArray());
        Assert.All(Placing.Logical(layer.Weight.Value), v => Assert.Equal(1, v));
        Assert.All(Placing.Logical(layer.Bias.Value), v => Assert.Equal(0, v));
        Assert.Equal([5], new LayerNorm<float>(5).NormalizedShape.ToArray());
    }

    [Fact]
    public void Forward_WithoutBias_HasWeightOnly()
    {
        Problem problem = Problem.Usual(Norm.Layer);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 5) with { Bias = null };
        LayerNorm<float> layer = new(problem.NormalizedShape, bias: false);
        Assert.Null(layer.Bias);
        Results<float>.Load(layer.Weight, inputs.Weight);
        SavedStatistics saved = new();
        Tensor<float> x = Tensor.Create(inputs.X, problem.Shape);
        Tensor<float> y = layer.Forward(x, saved), dx = layer.Backward(Tensor.Create(inputs.Dy, problem.Shape), x, saved);
        Expected expected = inputs.By(problem);
        Closeness.Near<float>(Placing.Logical(y), expected.Y, Tolerances.ForwardFloat, "y");
        Closeness.Near<float>(Placing.Logical(dx), expected.Dx, Tolerances.InputGradientFloat, "dx");
        Closeness.Near<float>(Placing.Logical(layer.Weight!.Grad), expected.DWeight, Tolerances.ParameterGradientFloat, "dweight");
    }

    [Fact]
    public void Forward_WithoutAffine_HasNeither()
    {
        LayerNorm<float> layer = new(11, elementwiseAffine: false);
        Assert.Null(layer.Weight);
        Assert.Null(layer.Bias);
        layer.ZeroGrad();
        Problem problem = new(Norm.Layer, [7, 11]);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 5, affine: false);
        Closeness.Near<float>(Placing.Logical(layer.Forward(Tensor.Create(inputs.X, problem.Shape))), inputs.By(problem).Y, Tolerances.ForwardFloat, "y");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Forward_AnyNumberOfNormalizedDimensions_MatchesFormula(int rank)
    {
        Problem problem = new(Norm.Layer, [3, 10, 7, 11], NormalizedRank: rank);
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            Inputs<float> inputs = Inputs<float>.Draw(problem, 5, offset: 30);
            Closeness.Near(Results<float>.OfLayer(problem, inputs, placement), inputs.By(problem), $"{placement}");
        }
    }

    [Theory]
    [InlineData(new[] { 0, 7, 11 })]
    [InlineData(new[] { 3, 0, 11 })]
    public void Forward_NoRows_IsEmptyAndHasNoGradient(int[] lengths)
    {
        nint[] shape = [.. lengths.Select(n => (nint)n)];
        LayerNorm<float> layer = new(11);
        SavedStatistics saved = new();
        Tensor<float> x = Tensor.CreateFromShape<float>(shape);
        Assert.Equal(shape, layer.Forward(x, saved).Lengths.ToArray());
        Assert.Equal(shape, layer.Backward(x, x, saved).Lengths.ToArray());
        Assert.Equal(new float[11], Placing.Logical(layer.Weight!.Grad));
        Assert.Equal(0, saved.Moments.Length);
    }

    [Fact]
    public void Forward_NormalizedLengthZero_IsEmpty()
    {
        LayerNorm<float> layer = new([3, 0]);
        SavedStatistics saved = new();
        Tensor<float> x = Tensor.CreateFromShape<float>([5, 3, 0]);
        Assert.Equal([5, 3, 0], layer.Forward(x, saved).Lengths.ToArray());
        Assert.Equal([5, 3, 0], layer.Backward(x, x, saved).Lengths.ToArray());
    }

    /// <summary>A row of one element is its own mean: the result is the bias.</summary>
    [Fact]
    public void Forward_RowsOfOne_GiveTheBias()
    {
        LayerNorm<float> layer = new(1);
        layer.Weight!.Value[0] = 3.25f;
        layer.Bias!.Value[0] = -0.375f;
        Assert.All(Placing.Logical(layer.Forward(Tensor.Create(Inputs<float>.Normal(new(1), 7, 1e6), [7, 1]))), v => Assert.Equal(-0.375f, v));
    }

    [Fact]
    public void Constructor_BadArguments_Throw()
    {
        Assert.Throws<ArgumentException>("normalizedShape", () => new LayerNorm<float>([]));
        Assert.Throws<ArgumentException>("normalizedShape", () => new LayerNorm<float>([3, -1]));
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new LayerNorm<float>(3, eps: -1));
    }

    [Fact]
    public void Forward_OtherTrailingDimensions_Throws()
    {
        ArgumentException thrown = Assert.Throws<ArgumentException>("input", () => new LayerNorm<float>([7, 11]).Forward(Tensor.CreateFromShape<float>([3, 7, 12])));
        Assert.Contains("LayerNorm: given normalizedShape [7, 11], expected input with shape [*, 7, 11], but got input of size [3, 7, 12]", thrown.Message, StringComparison.Ordinal);
    }
}
