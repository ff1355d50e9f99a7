using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Weights and biases that broadcast to the normalized dimensions give the bits of the same ones written out.</summary>
public class BroadcastParameterTests
{
    private static readonly nint[] Shape = [2, 6, 5, 7];

    public static TheoryData<int[], nint[]> AxesAndShapes => new()
    {
        { [1], [1, 6, 1, 1] }, { [1], [6, 1, 1] }, { [1], [1] }, { [1], [1, 1, 1, 1] }, { [1, 3], [7] }, { [1, 3], [6, 1] }, { [1, 3], [1, 6, 1, 7] }, { [1, 3], [6, 1, 1] },
        { [1, 3], [1, 1, 1, 7] }, { [2, 3], [5, 1] }, { [2, 3], [1, 1, 5, 7] }, { [2, 3], [1, 7] }, { [1, 2, 3], [5, 1] }, { [1, 2, 3], [1, 6, 1, 1] }, { [3], [1, 1, 7] },
    };

    [Theory, MemberData(nameof(AxesAndShapes))]
    public void LayerNormAndRmsNorm_ParametersThatBroadcast_AreThoseWrittenOut(int[] axes, nint[] given)
    {
        nint[] normalized = [.. axes.Select(d => Shape[d])];
        float[] x = Inputs<float>.Normal(new(1), 420, 2, 3);
        Tensor<float> input = Tensor.Create(x, Shape);
        Tensor<float> weight = Tensor.Create(Inputs<float>.Normal(new(2), (int)Shapes(given)), given), bias = Tensor.Create(Inputs<float>.Normal(new(3), (int)Shapes(given)), given);
        Tensor<float> whole = Written(weight, axes, normalized), wholeBias = Written(bias, axes, normalized);

        Assert.Equal(
            Placing.Logical(Functional.LayerNorm<float>(input, normalized, whole, wholeBias, axes: axes)),
            Placing.Logical(Functional.LayerNorm<float>(input, normalized, weight, bias, axes: axes)));
        Assert.Equal(
            Placing.Logical(Functional.RmsNorm<float>(input, normalized, whole, axes: axes)),
            Placing.Logical(Functional.RmsNorm<float>(input, normalized, weight, axes: axes)));
    }

    [Theory]
    [InlineData(new[] { 1, 3 }, new[] { 7, 6 })]
    [InlineData(new[] { 1, 3 }, new[] { 6 })]
    [InlineData(new[] { 1 }, new[] { 1, 1, 6, 1 })]
    [InlineData(new[] { 1 }, new[] { 2, 6, 1, 1 })]
    [InlineData(new[] { 1 }, new[] { 2, 1, 6, 1, 1 })]
    public void LayerNorm_AParameterThatDoesNotBroadcast_Throws(int[] axes, int[] given)
    {
        nint[] shape = [.. given.Select(n => (nint)n)];
        ArgumentException error = Assert.Throws<ArgumentException>(() => Functional.LayerNorm<float>(
            Tensor.Create(new float[420], Shape), [.. axes.Select(d => Shape[d])], Tensor.Create(new float[Shapes(shape)], shape), axes: axes));
        Assert.Contains($"weight has shape [{string.Join(", ", given)}]", error.Message, StringComparison.Ordinal);
    }

    /// <summary>By the index of each element: the parameter's coordinates, from the last on, are those of the input or, without it, of the normalized ones.</summary>
    private static Tensor<float> Written(Tensor<float> given, int[] axes, nint[] normalized)
    {
        nint[] shape = given.Lengths.ToArray();
        float[] values = Placing.Logical(given);
        bool ofInput = shape.Length > normalized.Length;
        float[] whole = new float[Shapes(normalized)];
        for (int i = 0; i < whole.Length; i++)
        {
            nint[] at = new nint[ofInput ? Shape.Length : normalized.Length];
            nint rest = i;
            for (int d = normalized.Length - 1; d >= 0; d--)
            {
                at[ofInput ? axes[d] : d] = rest % normalized[d];
                rest /= normalized[d];
            }
            nint from = 0;
            for (int d = 0; d < shape.Length; d++)
                from = (from * shape[d]) + (shape[d] == 1 ? 0 : at[at.Length - shape.Length + d]);
            whole[i] = values[from];
        }
        return Tensor.Create(whole, normalized);
    }

    private static nint Shapes(nint[] shape) => shape.Aggregate((nint)1, (a, b) => a * b);
}
