using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Destinations that are, touch or repeat other tensors.</summary>
[Trait("Tier", "Any")]
public class FunctionalOverlapTests
{
    [Theory, CombinatorialNorms]
    public void Forward_DestinationIsTheInput_GivesTheSameBits(Norm norm, Placement placement)
    {
        foreach (Problem problem in (Problem[])[Problem.Usual(norm), Problem.Large(norm), Problem.Usual(norm, eps: 0)])
        {
            Inputs<float> inputs = Inputs<float>.Draw(problem, 5, scale: problem.Eps == 0 ? 1e-30 : 1);
            Tensor<float> x = Placing.Place(inputs.X, problem.Shape, placement), apart = Placing.Place(new float[problem.Elements], problem.Shape, placement);
            TensorSpan<float> weight = Results<float>.Parameter(inputs.Weight, problem).OrNone(), bias = Results<float>.Parameter(inputs.Bias, problem).OrNone();
            Forward(problem, x, apart, weight, bias);
            Forward(problem, x, x, weight, bias);
            Closeness.SameBits<float>(Placing.Logical(apart), Placing.Logical(x), "y in place");
        }
    }

    [Theory, CombinatorialNorms]
    public void Backward_GradInputIsGradOutputOrInput_GivesTheSameBits(Norm norm, Placement placement)
    {
        foreach (Problem problem in (Problem[])[Problem.Usual(norm), Problem.Large(norm)])
        {
            Inputs<float> inputs = Inputs<float>.Draw(problem, 5);
            Results<float> apart = Results<float>.OnTensors(problem, inputs, placement);
            foreach (bool overInput in (bool[])[true, false])
            {
                Tensor<float> x = Placing.Place(inputs.X, problem.Shape, placement), dy = Placing.Place(inputs.Dy, problem.Shape, placement);
                TensorSpan<float> weight = Results<float>.Parameter(inputs.Weight, problem).OrNone();
                SavedStatistics saved = new();
                Results<float>.Forward(problem, x, weight, default, saved);
                float[] dWeight = new float[problem.Parameters], dBias = new float[problem.Parameters];
                Functional.Backward<float>(
                    dy, x, saved, weight, overInput ? x : dy, Tensor.Create(dWeight, problem.ParameterShape), Tensor.Create(dBias, problem.ParameterShape));
                Closeness.SameBits<float>(apart.Dx, Placing.Logical(overInput ? x : dy), $"dx over {(overInput ? "x" : "dy")}");
                Closeness.SameBits<float>(apart.DWeight, dWeight, "dweight");
                Closeness.SameBits<float>(apart.DBias, dBias, "dbias");
            }
        }
    }

    [Theory, WithEach(-770, -1, 1, 77, 2309)]
    public void Forward_DestinationIsTheInputShifted_Throws(Norm norm, MemoryFormat format, int shift)
    {
        Problem problem = Problem.Usual(norm);
        float[] memory = Inputs<float>.Normal(new(3), 3 * 2310), before = [.. memory];
        ArgumentException thrown = Assert.Throws<ArgumentException>(
            "destination", () => Results<float>.Forward(problem, memory.AsSpan(2310, 2310), memory.AsSpan(2310 + shift, 2310), default, default, format: format));
        Assert.StartsWith($"{norm}Norm: destination overlaps input", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(before, (IEnumerable<float>)memory);
    }

    [Theory, WithEach(-2310, 2310)]
    public void Forward_DestinationBesideTheInput_IsNoOverlap(Norm norm, int shift)
    {
        Problem problem = Problem.Usual(norm);
        float[] memory = Inputs<float>.Normal(new(3), 3 * 2310), x = memory[2310..4620];
        Results<float>.Forward(problem, memory.AsSpan(2310, 2310), memory.AsSpan(2310 + shift, 2310), default, default);
        Closeness.Near<float>(memory.AsSpan(2310 + shift, 2310), NormFormula.Of(problem, Inputs<float>.Doubles(x)!).Y, Tolerances.ForwardFloat, "y");
        Assert.Equal(x, (IEnumerable<float>)memory[2310..4620]);
    }

    /// <summary>The same memory read in another order is an overlap, not the same tensor.</summary>
    [Fact]
    public void Forward_DestinationIsTheInputTransposed_Throws()
    {
        float[] memory = Inputs<float>.Normal(new(3), 2 * 9 * 9);
        Tensor<float> x = Tensor.Create(memory, [2, 9, 9]);
        Assert.Throws<ArgumentException>("destination", () => Functional.BatchNorm<float>(x, x.PermuteDimensions([0, 2, 1]), true));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void BatchNorm_DestinationOverlapsAParameter_Throws(int which)
    {
        float[] memory = Inputs<float>.Normal(new(3), 2310 + 9), before = [.. memory];
        float[][] apart = [.. Enumerable.Range(0, 4).Select(i => Inputs<float>.Normal(new(i), 10).Select(v => 1 + (v * v)).ToArray())];
        Assert.Throws<ArgumentException>("destination", () => Functional.BatchNorm<float>(
            new float[2310], [3, 10, 7, 11], memory.AsSpan(0, 2310), true, Of(0), Of(1), Of(2), Of(3)));
        Assert.Equal(before, (IEnumerable<float>)memory);

        // The parameter's first element is the destination's last.
        Span<float> Of(int parameter) => parameter == which ? memory.AsSpan(2309, 10) : apart[parameter];
    }

    [Fact]
    public void BatchNorm_RunningMeanOverlapsRunningVar_Throws()
    {
        float[] running = new float[15];
        Assert.Throws<ArgumentException>(() => Functional.BatchNorm<float>(new float[2310], [3, 10, 7, 11], new float[2310], true, running.AsSpan(0, 10), running.AsSpan(5)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void BatchNorm_MovedRunningStatisticsAreTheInputOrWeight_Throws(bool input)
    {
        // Running statistics are written: they must not be what the call reads.
        float[] x = Inputs<float>.Normal(new(3), 2310), weight = Inputs<float>.Normal(new(4), 10), variance = [.. Enumerable.Repeat(2f, 10)], y = new float[2310];
        float[] before = [.. x];
        Assert.Throws<ArgumentException>(() => Functional.BatchNorm<float>(x, [3, 10, 7, 11], y, true, input ? x.AsSpan(100, 10) : weight, variance, weight));
        Assert.Equal(before, (IEnumerable<float>)x);
    }

    [Theory]
    [InlineData("gradOutput")]
    [InlineData("input")]
    [InlineData("weight")]
    [InlineData("gradInput")]
    [InlineData("gradBias")]
    public void Backward_GradWeightOverlapsAnother_Throws(string other)
    {
        float[] x = Inputs<float>.Normal(new(3), 2310), dy = Inputs<float>.Normal(new(4), 2310), dx = new float[2310], dBias = new float[10], weight = Inputs<float>.Normal(new(5), 10);
        SavedStatistics saved = new();
        Functional.GroupNorm<float>(x, [3, 10, 7, 11], new float[2310], 5, weight, saved: saved);
        float[] target = other switch { "gradOutput" => dy, "input" => x, "weight" => weight, "gradInput" => dx, _ => dBias };
        float[] before = [.. target];
        Assert.ThrowsAny<ArgumentException>(() => Functional.Backward<float>(dy, x, [3, 10, 7, 11], saved, weight, dx, target.AsSpan(target.Length - 10), dBias));
        Assert.Equal(before, (IEnumerable<float>)target);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Backward_GradInputIsShifted_Throws(bool overInput)
    {
        float[] memory = Inputs<float>.Normal(new(3), 2311), other = Inputs<float>.Normal(new(4), 2310);
        SavedStatistics saved = new();
        float[] x = overInput ? memory[..2310] : other;
        Functional.GroupNorm<float>(x, [3, 10, 7, 11], new float[2310], 5, saved: saved);
        Assert.Throws<ArgumentException>("gradInput", () =>
        {
            if (overInput)
                Functional.Backward<float>(other, memory.AsSpan(0, 2310), [3, 10, 7, 11], saved, default, memory.AsSpan(1));
            else
                Functional.Backward<float>(memory.AsSpan(0, 2310), other, [3, 10, 7, 11], saved, default, memory.AsSpan(1));
        });
    }

    [Theory, CombinatorialNorms]
    public void Forward_BroadcastInput_IsNormalizedAndBroadcastDestinationRefused(Norm norm)
    {
        Problem problem = norm == Norm.Layer ? new(norm, [3, 10, 7, 11], NormalizedRank: 3) : Problem.Usual(norm);
        float[] sample = Inputs<float>.Normal(new(6), 770);
        float[] threeTimes = [.. sample, .. sample, .. sample];
        Tensor<float> broadcast = Tensor.Create(sample, 0, [3, 10, 7, 11], [0, 77, 11, 1]);
        Tensor<float> y = Results<float>.Forward(problem, broadcast, default, default);
        Closeness.Near<float>(Placing.Logical(y), NormFormula.Of(problem, Inputs<float>.Doubles(threeTimes)!).Y, Tolerances.ForwardFloat, "y");
        float[] before = [.. sample];
        ArgumentException thrown = Assert.Throws<ArgumentException>("destination", () => Forward(problem, Tensor.Create(threeTimes, [3, 10, 7, 11]), broadcast, default, default));
        Assert.Contains("broadcast along dimension 0", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(before, (IEnumerable<float>)sample);
    }

    private static void Forward(Problem problem, Tensor<float> x, Tensor<float> y, in TensorSpan<float> weight, in TensorSpan<float> bias)
    {
        switch (problem.Norm)
        {
            case Norm.Batch:
                Functional.BatchNorm<float>(x, y, true, default, default, weight, bias, 0.1, problem.Eps);
                break;
            case Norm.Layer:
                Functional.LayerNorm<float>(x, y, problem.NormalizedShape, weight, bias, problem.Eps);
                break;
            case Norm.Instance:
                Functional.InstanceNorm<float>(x, y, true, default, default, weight, bias, 0.1, problem.Eps);
                break;
            default:
                Functional.GroupNorm<float>(x, y, problem.Groups, weight, bias, problem.Eps);
                break;
        }
    }
}
