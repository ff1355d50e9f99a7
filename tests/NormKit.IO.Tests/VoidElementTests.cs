namespace NormKit.IO.Tests;

/// <summary>Two bytes without a meaning, as which NumPy saves bfloat16: read on request, and refused otherwise.</summary>
public class VoidElementTests
{
    private static readonly byte[] Bytes = [0xC0, 0x3F, 0x20, 0xC0, 0x80, 0x7F];

    [Theory]
    [InlineData("<V2")]
    [InlineData("|V2")]
    public void Read_V2AsBFloat16_HasItsValues(string descr)
    {
        using TemporaryDirectory directory = new();
        byte[] npy = HandMade.Npy(descr, "(3,)", Bytes);
        string path = directory.Write("x.npy", npy), archive = directory.Write("x.npz", HandMade.Zip(ZipEntry.Stored("x.npy", npy)));
        foreach (StoredTensor tensor in (StoredTensor[])[
            NpyFile.Read(path, ElementType.BFloat16), TensorFile.Read(path, ElementType.BFloat16), TensorFile.Read(archive + ":x", ElementType.BFloat16)])
        {
            Assert.Equal(ElementType.BFloat16, tensor.ElementType);
            Assert.Equal([1.5f, -2.5f, float.PositiveInfinity], tensor.ToArray<float>());
        }
        Refusal.Of(() => NpyFile.Read(path), path, "may be bfloat16");
        Refusal.Of(() => TensorFile.Read(archive + ":x"), archive, "may be bfloat16");
    }

    [Fact]
    public void Read_OtherTypesWithTheRequest_StayWhatTheyAre()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("x.npy", HandMade.Npy("<f2", "(3,)", Bytes));
        Assert.Equal(ElementType.Float16, NpyFile.Read(path, ElementType.BFloat16).ElementType);
    }

    [Fact]
    public void Read_V2AsATypeOfOtherSize_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => NpyFile.Read("x.npy", ElementType.Float32));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorFile.Read("x.npy", ElementType.Int8));
    }
}
