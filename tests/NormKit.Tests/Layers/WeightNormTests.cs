using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

public class WeightNormTests
{
    private static readonly nint[] Shape = [6, 5, 7];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(null)]
    public void Pass_AlongEachDimension_MatchesFormula(int? dim)
    {
        MatchesFormula<float>(dim);
        MatchesFormula<double>(dim);
    }

    private static void MatchesFormula<T>(int? dim) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] slices = dim is int d ? Over.Sets(Shape, d < 0 ? d + 3 : d) : new int[210];
        T[] initial = Inputs<T>.Normal(new(1), 210);
        WeightNorm<T> norm = new(Tensor.Create(initial, Shape), dim);

        // At first it gives back what it was made from, and its magnitude is the length of each slice.
        Closeness.Near<T>(Placing.Logical(norm.Forward()), Inputs<T>.Doubles(initial)!, Tolerances.Forward<T>(), "initial weight");
        double[] lengths = [.. Enumerable.Range(0, Over.Count(slices)).Select(k => Math.Sqrt(initial.Where((_, i) => slices[i] == k).Sum(v => double.CreateTruncating(v) * double.CreateTruncating(v))))];
        Closeness.Near<T>(Placing.Logical(norm.Magnitude.Value), lengths, Tolerances.Forward<T>(), "initial magnitude");
        Assert.Equal(dim is null ? [1] : Enumerable.Range(0, 3).Select(i => i == (dim + 3) % 3 ? Shape[i] : 1), norm.Magnitude.Value.Lengths.ToArray());

        Random random = new(2);
        T[] g = Inputs<T>.Normal(random, lengths.Length, 1, 1), v = Inputs<T>.Normal(random, 210), dw = Inputs<T>.Normal(random, 210, 1, 0.25);
        Tensor.Create(g, norm.Magnitude.Value.Lengths).CopyTo(norm.Magnitude.Value);
        Tensor.Create(v, Shape).CopyTo(norm.Direction.Value);
        Gradients expected = Gradients.By(x => UncentredFormulas.WeightNorm(x[0], x[1], slices), Inputs<T>.Doubles(dw)!, Inputs<T>.Doubles(g)!, Inputs<T>.Doubles(v)!);
        SavedStatistics saved = new();
        Closeness.Near<T>(Placing.Logical(norm.Forward(saved)), expected.Y, Tolerances.Forward<T>(), "weight");
        norm.Backward(Tensor.Create(dw, Shape), saved);
        Closeness.Near<T>(Placing.Logical(norm.Magnitude.Grad), expected.Of[0], Tolerances.ParameterGradient<T>(), "gradient of the magnitude");
        Closeness.Near<T>(Placing.Logical(norm.Direction.Grad), expected.Of[1], Tolerances.InputGradient<T>(), "gradient of the direction");

        // Gradients add up until they are cleared.
        norm.Backward(Tensor.Create(dw, Shape), saved);
        Closeness.Near<T>(Placing.Logical(norm.Direction.Grad), [.. expected.Of[1].Select(x => 2 * x)], 2 * Tolerances.InputGradient<T>(), "twice");
        norm.ZeroGrad();
        Assert.All(Placing.Logical(norm.Direction.Grad).Concat(Placing.Logical(norm.Magnitude.Grad)), x => Assert.Equal(T.Zero, x));
    }

    /// <summary>A gradient joins the one that is there in double and is rounded once: what double adds, from the same statistics, to the nearest float.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(null)]
    public void Backward_ToGradientsThatAreThere_RoundsTheirSumOnce(int? dim)
    {
        float[] v = Inputs<float>.Normal(new(1), 210), dw = Inputs<float>.Normal(new(2), 210), ofDirection = Inputs<float>.Normal(new(3), 210);
        WeightNorm<float> norm = new(Tensor.Create(v, Shape), dim);
        WeightNorm<double> wide = new(Tensor.Create(Inputs<float>.Doubles(v)!, Shape), dim);
        Tensor.Create(Inputs<float>.Doubles(Placing.Logical(norm.Magnitude.Value))!, norm.Magnitude.Value.Lengths).CopyTo(wide.Magnitude.Value);
        SavedStatistics saved = new();
        norm.Forward(saved);
        float[] ofMagnitude = Inputs<float>.Normal(new(4), (int)norm.Magnitude.Grad.FlattenedLength);
        Tensor.Create(ofDirection, Shape).CopyTo(norm.Direction.Grad);
        Tensor.Create(ofMagnitude, norm.Magnitude.Grad.Lengths).CopyTo(norm.Magnitude.Grad);
        norm.Backward(Tensor.Create(dw, Shape), saved);
        wide.Backward(Tensor.Create(Inputs<float>.Doubles(dw)!, Shape), saved);
        Assert.Equal(Placing.Logical(wide.Direction.Grad).Select((g, i) => (float)(ofDirection[i] + g)), Placing.Logical(norm.Direction.Grad));
        Assert.Equal(Placing.Logical(wide.Magnitude.Grad).Select((g, i) => (float)(ofMagnitude[i] + g)), Placing.Logical(norm.Magnitude.Grad));
    }

    [Fact]
    public void State_IsPyTorchs()
    {
        WeightNorm<float> norm = new(Tensor.Create(Inputs<float>.Normal(new(1), 210), Shape));
        Assert.Equal(
            [("parametrizations.weight.original0", "weight_g"), ("parametrizations.weight.original1", "weight_v")],
            norm.State.Select(e => (e.Key, e.OtherKeys.Single())));
        Assert.Equal([[6, 1, 1], [6, 5, 7]], norm.State.Select(e => e.Shape.ToArray()));
    }

    [Fact]
    public void Forward_DirectionOfZeros_GivesZeros()
    {
        WeightNorm<float> norm = new(Tensor.Create([0f, 0, 3, 4], [2, 2]));
        SavedStatistics saved = new();
        Assert.Equal([0f, 0, 3, 4], Placing.Logical(norm.Forward(saved)));
        norm.Backward(Tensor.Create([1f, 2, 3, 4], [2, 2]), saved);
        Assert.All(Placing.Logical(norm.Direction.Grad).Concat(Placing.Logical(norm.Magnitude.Grad)), g => Assert.True(float.IsFinite(g)));
    }

    [Fact]
    public void BadArguments_Throw()
    {
        Tensor<float> weight = Tensor.Create(Inputs<float>.Normal(new(1), 210), Shape);
        Assert.ThrowsAny<ArgumentException>(() => new WeightNorm<float>(weight, 3));
        Assert.ThrowsAny<ArgumentException>(() => new WeightNorm<float>(weight, -4));
        WeightNorm<float> norm = new(weight);
        SavedStatistics saved = new();
        Assert.Throws<InvalidOperationException>(() => norm.Backward(weight, saved));
        norm.Forward(saved);
        Assert.Throws<ArgumentException>(() => norm.Backward(Tensor.CreateFromShape<float>([6, 35]), saved));
        Assert.All(Placing.Logical(norm.Direction.Grad), g => Assert.Equal(0, g));
    }
}
