using System.Numerics.Tensors;

namespace NormKit.IO.Tests;

public class StoredTensorTests
{
    [Fact]
    public void From_FloatsAndDoubles_AreStoredAsTheyAre()
    {
        StoredTensor single = StoredTensor.From<float>([1, -0f, float.NaN, float.PositiveInfinity], [2, 2]);
        StoredTensor real = StoredTensor.From<double>([0.1], []);

        Assert.Equal(ElementType.Float32, single.ElementType);
        Assert.Equal(Convert.FromHexString("0000803F" + "00000080" + "0000C0FF" + "0000807F"), single.Bytes);
        Assert.Equal([2, 2], single.Shape);
        Assert.Equal(ElementType.Float64, real.ElementType);
        Assert.Equal(Convert.FromHexString("9A9999999999B93F"), real.Bytes);
        Assert.Equal(1, real.Count);
        Assert.True(real.Shape.IsEmpty);
    }

    [Fact]
    public void From_TheCallersArrays_AreCopied()
    {
        float[] values = [1, 2];
        nint[] shape = [2];
        StoredTensor tensor = StoredTensor.From<float>(values, shape);

        values[0] = 9;
        shape[0] = 7;
        tensor.ToArray<float>()[1] = 9;

        Assert.Equal([1f, 2f], tensor.ToArray<float>());
        Assert.Equal([2], tensor.Shape);
    }

    [Fact]
    public void From_TensorSpanOfAnyStrides_TakesTheLogicalOrder()
    {
        Tensor<float> dense = Tensor.Create(Enumerable.Range(0, 24).Select(i => (float)i).ToArray(), [2, 3, 4]);
        Tensor<float> permuted = Tensor.PermuteDimensions(dense, [1, 0, 2]);

        StoredTensor whole = StoredTensor.From<float>(dense);
        StoredTensor slice = StoredTensor.From<float>(dense[.., 1..2, ..], ElementType.Float64);
        StoredTensor turned = StoredTensor.From<float>(permuted, ElementType.Float16);
        StoredTensor repeated = StoredTensor.From(new ReadOnlyTensorSpan<float>([1f, 2f, 3f], [2, 3], [0, 1]));

        Assert.Equal(Enumerable.Range(0, 24).Select(i => (float)i), whole.ToArray<float>());
        Assert.Equal([4f, 5, 6, 7, 16, 17, 18, 19], slice.ToArray<float>());
        Assert.Equal([2, 1, 4], slice.Shape);
        Assert.Equal([0f, 1, 2, 3, 12, 13, 14, 15, 4, 5], turned.ToArray<float>()[..10]);
        Assert.Equal([3, 2, 4], turned.Shape);
        Assert.Equal([1f, 2, 3, 1, 2, 3], repeated.ToArray<float>());
    }

    [Fact]
    public void From_EmptyTensorSpan_KeepsItsShape()
    {
        Assert.Equal([2, 0, 3], StoredTensor.From<double>(Tensor.Create(Array.Empty<double>(), [2, 0, 3])).Shape);
        Assert.Equal([0], StoredTensor.From<double>(default(ReadOnlyTensorSpan<double>)).Shape);
    }

    [Fact]
    public void To_Scalar_BecomesATensorOfOneElement()
    {
        Tensor<double> tensor = StoredTensor.From<float>([1.5f], []).To<double>();

        Assert.Equal([1], tensor.Lengths);
        Assert.Equal(1.5, tensor[0]);
    }

    [Fact]
    public void ToAndFrom_OtherTypes_AreNotSupported()
    {
        StoredTensor tensor = StoredTensor.From<float>([1], [1]);

        Assert.Contains("Int32", Assert.Throws<NotSupportedException>(() => tensor.To<int>()).Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => tensor.ToArray<decimal>());
        Assert.Throws<NotSupportedException>(() => StoredTensor.From<long>([1], [1]));
        Assert.Throws<NotSupportedException>(() => StoredTensor.From<byte>(Tensor.Create(new byte[1])));
        Assert.Throws<NotSupportedException>(() => StoredTensor.From(new ReadOnlyTensorSpan<byte>([1], [1 << 20, 1 << 12], [0, 0])));
    }

    [Theory]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.UInt64)]
    [InlineData(ElementType.Boolean)]
    [InlineData((ElementType)99)]
    public void From_StoredAsNoFloatingPointType_Throws(ElementType type) =>
        Assert.Contains(
            $"not as {type}.", Assert.Throws<ArgumentException>("storedAs", () => StoredTensor.From<float>([1], [1], type)).Message, StringComparison.Ordinal);

    [Fact]
    public void From_ShapeThatDoesNotHoldTheValues_Throws()
    {
        string message = Shape(() => StoredTensor.From<float>(new float[3], [2, 2]));
        Assert.Contains("3 values do not fill shape [2, 2]", message, StringComparison.Ordinal);
        Shape(() => StoredTensor.From<float>(new float[2], []));
        Shape(() => StoredTensor.From<float>(new float[1], [-1, -1]));
        Shape(() => StoredTensor.From<float>([], [nint.MaxValue, 2]));
        message = Shape(() => StoredTensor.From<float>(new float[1], Enumerable.Repeat<nint>(1, 65).ToArray()));
        Assert.Contains("65 dimensions, at most 64 can be", message, StringComparison.Ordinal);

        static string Shape(Action action) => Assert.Throws<ArgumentException>("shape", action).Message;
    }

    [Fact]
    public void From_MoreThanAnArrayHolds_Throws()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => StoredTensor.From(new ReadOnlyTensorSpan<float>([1f], [1 << 20, 1 << 12], [0, 0])));

        Assert.Contains("larger than an array can be here", error.Message, StringComparison.Ordinal);
    }
}
