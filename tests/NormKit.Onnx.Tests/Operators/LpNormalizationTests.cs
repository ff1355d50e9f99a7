using System.Numerics;
using CsCheck;
using Microsoft.ML.OnnxRuntime;

namespace NormKit.Onnx.Tests;

public class LpNormalizationTests : OnnxRuntimeTests
{
    private static readonly Gen<(Shape, Data, int, int, int)> Cases = Gen.Select(Shape.OfRank(1, 4), Data.Usual, Gen.OneOf(1, 22), Gen.OneOf(1, 2), Gen.Int[0, 23]);

    [Fact]
    public void LpNormalization_AnyAxis_IsLpNormalize() => Cases.Sample(AnyAxis<float>, iter: 300);

    [Fact]
    public void LpNormalization_AnyAxisOnDoubles_IsLpNormalize() => Cases.Sample(AnyAxis<double>, iter: 100);

    /// <summary>No epsilon in one, one of 1e-12 in the other; both give zeros.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void LpNormalization_NormOfZero_IsZeroInBoth(int p)
    {
        Assert.Equal(Hard.Zeros, new OnnxNode("LpNormalization", 22).With("p", p).Input(Hard.Zeros, 1, 4).Run<float>());
        Assert.Equal(Hard.Zeros, new LpNormalize<float>(p, dim: -1).Apply(Hard.Zeros, new(1, 4)));
    }

    /// <summary>A norm below 1e-12 counts as 1e-12 in NormKit and PyTorch, and as what it is in ONNX.</summary>
    [Fact]
    public void LpNormalization_NormBelowEpsilon_NeedsAnEpsilonOfZero()
    {
        float[] x = [1e-13f, -3e-13f, 2e-13f, 5e-14f];
        float[] theirs = new OnnxNode("LpNormalization", 22).With("p", 1).Input(x, 1, 4).Run<float>();
        Answer formula = Formula(Data.Doubles(x), _ => 0, 1);
        ThreeWay.Agree(new LpNormalize<float>(1, dim: -1, eps: 0).Apply(x, new(1, 4)), theirs, formula, Allowed.Linear<float>(formula), "tiny");
        Assert.True(formula.ErrorOf(new LpNormalize<float>(1, dim: -1).Apply(x, new(1, 4))) > 0.1);
    }

    /// <summary>The sum of the squares overflows, and 1 over infinity is 0.</summary>
    [Fact]
    public void LpNormalization_HugeValues_AreZeroInOnnxRuntime()
    {
        float[] theirs = new OnnxNode("LpNormalization", 22).Input(Hard.Huge, 1, 4).Run<float>();
        ThreeWay.OnlyOursIsRight(new LpNormalize<float>(2, dim: -1).Apply(Hard.Huge, new(1, 4)), theirs, Formula(Data.Doubles(Hard.Huge), _ => 0, 2), 1, "huge");
        Assert.All(theirs, v => Assert.Equal(0, v));
    }

    [Fact]
    public void LpNormalization_OtherP_IsRefusedByOnnxRuntime() =>
        Assert.Throws<OnnxRuntimeException>(() => new OnnxNode("LpNormalization", 22).With("p", 3).Input(Hard.Ones, 1, 4).Run<float>());

    private static void AnyAxis<T>(Shape shape, Data data, int opset, int p, int axisSeed) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rank = shape.Lengths.Length, axis = (axisSeed % (2 * rank)) - rank, along = axis < 0 ? axis + rank : axis;
        int inner = Shape.Product(shape.Lengths.AsSpan(along + 1)), length = (int)shape.Lengths[along];
        T[] x = data.Input<T>(shape.Count);
        T[] theirs = new OnnxNode("LpNormalization", opset).With("axis", axis).With("p", p).Input(x, shape.Lengths).Run<T>();
        Answer formula = Formula(Data.Doubles(x), i => (i / inner / length * inner) + (i % inner), p);
        ThreeWay.Agree(new LpNormalize<T>(p, axis).Apply(x, shape), theirs, formula, Allowed.Linear<T>(formula), $"opset {opset} {shape} axis {axis} p {p} {data}");
    }

    private static Answer Formula(double[] x, Func<int, int> set, int p)
    {
        double[] norm = new double[Enumerable.Range(0, x.Length).Max(set) + 1];
        for (int i = 0; i < x.Length; i++)
            norm[set(i)] += p == 1 ? Math.Abs(x[i]) : x[i] * x[i];
        double[] y = [.. x.Select((v, i) => v / (p == 1 ? norm[set(i)] : Math.Sqrt(norm[set(i)])))];
        return new(y, y.Max(Math.Abs), 1, 0, [], []);
    }
}
