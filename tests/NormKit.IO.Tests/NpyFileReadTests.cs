using System.Numerics.Tensors;

namespace NormKit.IO.Tests;

public class NpyFileReadTests
{
    private const string OneTwo = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
    private static readonly byte[] OneTwoData = [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40];

    [Theory]
    [InlineData("<f2", new byte[] { 0x00, 0x3E }, 1.5)]
    [InlineData(">f2", new byte[] { 0x3E, 0x00 }, 1.5)]
    [InlineData("<f4", new byte[] { 0, 0, 0x20, 0xC0 }, -2.5)]
    [InlineData(">f4", new byte[] { 0xC0, 0x20, 0, 0 }, -2.5)]
    [InlineData("<f8", new byte[] { 0, 0, 0, 0, 0, 0, 0xE0, 0x3F }, 0.5)]
    [InlineData(">f8", new byte[] { 0x3F, 0xE0, 0, 0, 0, 0, 0, 0 }, 0.5)]
    [InlineData("|i1", new byte[] { 0xFE }, -2)]
    [InlineData("<i1", new byte[] { 0xFE }, -2)]
    [InlineData("<i2", new byte[] { 0xFE, 0xFF }, -2)]
    [InlineData(">i2", new byte[] { 0x01, 0x02 }, 258)]
    [InlineData("<i4", new byte[] { 1, 0, 0, 0x80 }, -2147483647)]
    [InlineData(">i4", new byte[] { 0x80, 0, 0, 1 }, -2147483647)]
    [InlineData("<i8", new byte[] { 1, 0, 0, 0, 0, 1, 0, 0 }, 1099511627777)]
    [InlineData(">i8", new byte[] { 0, 0, 1, 0, 0, 0, 0, 1 }, 1099511627777)]
    [InlineData("|u1", new byte[] { 0xFE }, 254)]
    [InlineData("<u2", new byte[] { 0xFE, 0xFF }, 65534)]
    [InlineData(">u2", new byte[] { 0xFF, 0xFE }, 65534)]
    [InlineData("<u4", new byte[] { 1, 0, 0, 0x80 }, 2147483649)]
    [InlineData(">u4", new byte[] { 0x80, 0, 0, 1 }, 2147483649)]
    [InlineData("<u8", new byte[] { 0, 0, 0, 0, 0, 0, 0, 0x80 }, 9223372036854775808)]
    [InlineData(">u8", new byte[] { 0x80, 0, 0, 0, 0, 0, 0, 0 }, 9223372036854775808)]
    [InlineData("|b1", new byte[] { 2 }, 1)]
    [InlineData("|b1", new byte[] { 0 }, 0)]
    public void Read_EveryElementTypeAndByteOrder_GivesItsValue(string descr, byte[] data, double expected)
    {
        StoredTensor tensor = Read(HandMade.Npy(descr, "()", data));

        Assert.Equal([expected], tensor.ToArray<double>());
        Assert.Equal([(float)expected], tensor.ToArray<float>());
        Assert.True(tensor.Shape.IsEmpty);
        Assert.Equal(1, tensor.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Read_EveryVersion_GivesTheSame(byte major)
    {
        StoredTensor tensor = Read(HandMade.Npy(OneTwo, OneTwoData, major));

        Assert.Equal([1f, 2f], tensor.ToArray<float>());
        Assert.Equal(ElementType.Float32, tensor.ElementType);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}")]
    [InlineData("{\"shape\": (2L,), \"fortran_order\": True, \"descr\": \"<f4\"}   \n")]
    [InlineData(" \t{ 'descr' : '<f4' ,\n'fortran_order':False,'shape':( 2 , ) , }\n")]
    [InlineData("{'shape':(1,2),'descr':'<f4','fortran_order':False}")]
    [InlineData("{'shape':(1,2,),'descr':'<f4','fortran_order':False}")]
    public void Read_OtherSpellingsOfTheHeader_AreAccepted(string header) =>
        Assert.Equal([1f, 2f], Read(HandMade.Npy(header, OneTwoData)).ToArray<float>());

    [Fact]
    public void Read_FortranOrder_BecomesCOrder()
    {
        StoredTensor tensor = Read(HandMade.Npy("|u1", "(2, 3)", [1, 4, 2, 5, 3, 6], fortranOrder: true));

        Assert.Equal([1d, 2, 3, 4, 5, 6], tensor.ToArray<double>());
        Assert.Equal([2, 3], tensor.Shape);
    }

    [Theory]
    [InlineData("|u1", 1)]
    [InlineData(">u2", 2)]
    [InlineData("<u4", 4)]
    [InlineData(">u8", 8)]
    public void Read_FortranOrderOfAnyRank_FollowsTheIndexFormula(string descr, int size)
    {
        foreach (int[] shape in new int[][] { [5], [1, 5], [5, 1], [17, 33], [3, 1, 5], [2, 3, 4, 5], [1, 2, 1, 3, 1], [2, 3, 1, 2, 1, 4] })
        {
            int count = shape.Aggregate(1, (product, length) => product * length);
            byte[] data = new byte[count * size];
            for (int i = 0; i < count; i++)
                data[(i * size) + (descr[0] == '>' ? size - 1 : 0)] = (byte)(i % 251);

            double[] actual = Read(HandMade.Npy(descr, $"({string.Join(", ", shape)},)", data, fortranOrder: true)).ToArray<double>();

            for (int c = 0; c < count; c++)
            {
                // From the C position to the index, last dimension first, and from there to the Fortran position.
                int rest = c, fortran = 0, stride = count;
                for (int d = shape.Length - 1; d >= 0; d--)
                {
                    stride /= shape[d];
                    fortran += rest % shape[d] * stride;
                    rest /= shape[d];
                }

                Assert.Equal(fortran % 251, actual[c]);
            }
        }
    }

    [Theory]
    [InlineData("(0,)", new long[] { 0 })]
    [InlineData("(0, 3)", new long[] { 0, 3 })]
    [InlineData("(2, 0, 4)", new long[] { 2, 0, 4 })]
    [InlineData("(0, 9223372036854775807)", new[] { 0, long.MaxValue })]
    [InlineData("(9223372036854775807, 4294967296, 0)", new[] { long.MaxValue, 1L << 32, 0 })]
    public void Read_ZeroDimension_IsAnEmptyTensorOfThatShape(string shape, long[] expected)
    {
        foreach (bool fortranOrder in new[] { false, true })
        {
            StoredTensor tensor = Read(HandMade.Npy("<f8", shape, [], fortranOrder));

            Assert.Equal(expected, tensor.Shape.ToArray().Select(length => (long)length));
            Assert.Equal(0, tensor.Count);
            Assert.Equal(0, tensor.To<float>().FlattenedLength);
        }
    }

    [Fact]
    public void Read_SixtyFourDimensions_IsTheMost()
    {
        string shape = $"({string.Concat(Enumerable.Repeat("1,", 64))})";

        Assert.Equal(64, Read(HandMade.Npy("|u1", shape, [7])).Shape.Length);
    }

    [Fact]
    public void Read_HeaderOfTheLargestLength_IsAccepted()
    {
        string header = OneTwo.PadRight(10_000);

        Assert.Equal(2, Read(HandMade.Npy(header, OneTwoData)).Count);
    }

    [Theory]
    [InlineData(1_500_001)] // more than the first block and no multiple of it
    [InlineData(3_000_001)]
    public void Read_StreamThatCannotSeek_ReadsToTheEnd(int length)
    {
        byte[] data = new byte[length];
        new Random(5).NextBytes(data);
        using MemoryStream memory = new(HandMade.Npy("|u1", $"({length},)", data));
        using BufferedStream buffered = new(new ForwardOnlyStream(memory));

        StoredTensor tensor = NpyFile.Read(buffered, "pipe");

        Assert.Equal(data, tensor.Bytes);
    }

    [Fact]
    public void Read_StreamBehindItsStart_ReadsFromWhereItStands()
    {
        using MemoryStream stream = new([1, 2, 3, .. HandMade.Npy(OneTwo, OneTwoData)]);
        stream.Position = 3;

        Assert.Equal([1f, 2f], NpyFile.Read(stream, "stream").ToArray<float>());
    }

    [Fact]
    public void To_Tensor_HasTheShapeAndOrderOfTheFile()
    {
        Tensor<float> tensor = Read(HandMade.Npy("|u1", "(2, 3)", [1, 2, 3, 4, 5, 6])).To<float>();

        Assert.Equal([2, 3], tensor.Lengths);
        Assert.True(tensor.IsDense);
        Assert.Equal(6f, tensor[1, 2]);
        Assert.Equal(4f, tensor[1, 0]);
    }

    private static StoredTensor Read(byte[] file)
    {
        using MemoryStream stream = new(file);
        return NpyFile.Read(stream, "hand-made.npy");
    }
}
