using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Interop;

/// <summary>Tensors as callers have them: slices, permuted views, and dimensions of length 1, whose stride says nothing.</summary>
public class OperandTests
{
    [Theory]
    [InlineData(new[] { 2, 3, 5, 7 }, new[] { 105, 35, 7, 1 }, Layouts.Contiguous)]
    [InlineData(new[] { 2, 3, 5, 7 }, new[] { 105, 1, 21, 3 }, Layouts.ChannelsLast)]
    [InlineData(new[] { 2, 3, 5, 7 }, new[] { 210, 35, 7, 1 }, Layouts.Strided)]
    [InlineData(new[] { 2, 3, 5, 7 }, new[] { 0, 35, 7, 1 }, Layouts.Strided)]
    [InlineData(new[] { 2, 1, 5, 7 }, new[] { 35, 0, 7, 1 }, Layouts.Contiguous | Layouts.ChannelsLast)]
    [InlineData(new[] { 2, 3, 1, 1 }, new[] { 3, 1, 0, 0 }, Layouts.Contiguous | Layouts.ChannelsLast)]
    [InlineData(new[] { 1, 3, 1, 7 }, new[] { 0, 7, 0, 1 }, Layouts.Contiguous)]
    [InlineData(new[] { 1, 3, 1, 7 }, new[] { 0, 1, 0, 3 }, Layouts.ChannelsLast)]
    [InlineData(new[] { 1, 1, 1 }, new[] { 0, 0, 0 }, Layouts.Contiguous | Layouts.ChannelsLast)]
    [InlineData(new[] { 5, 7 }, new[] { 7, 1 }, Layouts.Contiguous)]
    [InlineData(new[] { 5, 7 }, new[] { 1, 5 }, Layouts.Strided)]
    public void Of_TensorOfAnyStrides_KnowsItsLayouts(int[] lengths, int[] strides, object layouts)
    {
        Tensor<float> tensor = Tensor.Create(new float[500], 0, [.. lengths.Select(n => (nint)n)], [.. strides.Select(n => (nint)n)]);
        Assert.Equal(layouts, Operand<float>.Of(tensor).Layouts);
    }

    /// <summary>Every shape of ones and others, in every placement: lengths and strides of length-1 dimensions must mislead nobody.</summary>
    [Theory, CombinatorialNorms]
    public void Forward_ShapesWithOnes_MatchFormula(Norm norm, Placement placement)
    {
        for (int ones = 0; ones < 16; ones++)
        {
            nint[] shape = [.. ((nint[])[3, 4, 5, 7]).Select((n, d) => (ones >> d & 1) == 1 ? 1 : n)];
            Problem problem = new(norm, shape, Groups: shape[1] == 1 ? 1 : 2, NormalizedRank: 2);
            if (problem.Elements / problem.Sets == 1)
                continue;
            Inputs<float> inputs = Inputs<float>.Draw(problem, ones, offset: 4);
            Results<float> results = Results<float>.OnTensors(problem, inputs, placement);
            Expected expected = inputs.By(problem);
            Closeness.Near<float>(results.Y, expected.Y, Tolerances.ForwardFloat, $"[{string.Join(", ", shape)}] y");
            // Gradients of a set of two or three all but cancel, so they are held to their largest term.
            double term = inputs.Dy.Max(Math.Abs) * inputs.Weight!.Max(Math.Abs) * Enumerable.Range(0, problem.Sets).Max(k => 1 / Math.Sqrt(expected.Variance[k] + problem.Eps));
            for (int i = 0; i < problem.Elements; i++)
                Assert.Equal(expected.Dx[i], results.Dx[i], Tolerances.InputGradientFloat * term);
        }
    }

    [Theory, CombinatorialNorms]
    public void Forward_SlicesAndPermutedViews_MatchTheirCopies(Norm norm)
    {
        Problem problem = Problem.Usual(norm);
        float[] memory = Inputs<float>.Normal(new(5), 5 * 12 * 9 * 13, 2, 3);
        Tensor<float> larger = Tensor.Create(memory, [5, 12, 9, 13]);
        Tensor<float> slice = larger.Slice([1..4, 2.., 0..7, 1..12]);
        Tensor<float> permuted = Tensor.Create(memory[..2310], [11, 3, 7, 10]).PermuteDimensions([1, 3, 2, 0]);
        Tensor<float> channelsLast = Tensor.Create(memory[..2310], [3, 7, 11, 10]).PermuteDimensions([0, 3, 1, 2]);
        foreach (Tensor<float> view in (Tensor<float>[])[slice, permuted, channelsLast])
        {
            Assert.Equal(problem.Shape, view.Lengths.ToArray());
            float[] copy = Placing.Logical(view);
            Tensor<float> y = Results<float>.Forward(problem, view, default, default);
            Closeness.Near<float>(Placing.Logical(y), NormFormula.Of(problem, Inputs<float>.Doubles(copy)!).Y, Tolerances.ForwardFloat, "y");
            Assert.Equal(copy, (IEnumerable<float>)Placing.Logical(view));
        }
    }

    /// <summary>A write into a slice writes the slice alone.</summary>
    [Theory, CombinatorialNorms]
    public void Forward_DestinationIsASlice_WritesNothingBeside(Norm norm)
    {
        Problem problem = Problem.Usual(norm);
        float[] x = Inputs<float>.Normal(new(5), 2310), memory = Inputs<float>.Normal(new(6), 5 * 12 * 9 * 13), before = [.. memory];
        Tensor<float> slice = Tensor.Create(memory, [5, 12, 9, 13]).Slice([1..4, 2.., 0..7, 1..12]);
        NormLayer<float> layer = Results<float>.LayerOf(problem);
        layer.Forward(Tensor.Create(x, problem.Shape), slice);
        Closeness.Near<float>(Placing.Logical(slice), NormFormula.Of(problem, Inputs<float>.Doubles(x)!).Y, Tolerances.ForwardFloat, "y");
        Tensor.Create(Enumerable.Repeat(0f, 2310).ToArray(), problem.Shape).CopyTo(slice);
        Tensor<float> same = Tensor.Create(before, [5, 12, 9, 13]).Slice([1..4, 2.., 0..7, 1..12]);
        Tensor.Create(new float[2310], problem.Shape).CopyTo(same);
        Assert.Equal(before, (IEnumerable<float>)memory);
    }

    [Theory, CombinatorialNorms]
    public void Forward_ChannelsLastInput_GivesAChannelsLastResult(Norm norm, Placement placement)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 5);
        Tensor<float> x = Placing.Place(inputs.X, problem.Shape, placement);
        SavedStatistics saved = new();
        Tensor<float> y = Results<float>.Forward(problem, x, default, default, saved);
        nint[] expected = placement == Placement.ChannelsLast ? [770, 1, 110, 10] : [770, 77, 11, 1];
        Assert.Equal(expected, y.Strides.ToArray());
        Assert.Equal(expected, Functional.Backward<float>(x, x, saved).GradInput.Strides.ToArray());
    }

    /// <summary>A channels-last tensor cut to no samples keeps its strides.</summary>
    [Theory, CombinatorialNorms]
    public void Forward_EmptySlice_IsEmpty(Norm norm, Placement placement)
    {
        Problem problem = Problem.Usual(norm);
        Tensor<float> empty = Placing.Place(new float[2310], problem.Shape, placement).Slice([1..1, 0..10, 0..7, 0..11]);
        Assert.Equal([0, 10, 7, 11], Results<float>.Forward(problem, empty, default, default).Lengths.ToArray());
        Results<float>.LayerOf(problem).Forward(empty, empty);
    }
}
