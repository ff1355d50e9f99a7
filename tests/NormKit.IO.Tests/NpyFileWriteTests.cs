using System.Text;

namespace NormKit.IO.Tests;

public class NpyFileWriteTests
{
    [Theory]
    [InlineData(ElementType.Float16, "<f2", 2)]
    [InlineData(ElementType.Float32, "<f4", 4)]
    [InlineData(ElementType.Float64, "<f8", 8)]
    [InlineData(ElementType.Int8, "|i1", 1)]
    [InlineData(ElementType.Int16, "<i2", 2)]
    [InlineData(ElementType.Int32, "<i4", 4)]
    [InlineData(ElementType.Int64, "<i8", 8)]
    [InlineData(ElementType.UInt8, "|u1", 1)]
    [InlineData(ElementType.UInt16, "<u2", 2)]
    [InlineData(ElementType.UInt32, "<u4", 4)]
    [InlineData(ElementType.UInt64, "<u8", 8)]
    [InlineData(ElementType.Boolean, "|b1", 1)]
    public void Write_EveryElementType_IsTheFormatsVersion1(ElementType type, string descr, int size)
    {
        byte[] data = [.. Enumerable.Range(1, 3 * size).Select(i => (byte)i)];

        byte[] file = Write(new StoredTensor(type, [3], data));

        // Magic, version 1.0 and the length are 10 bytes; NumPy pads the rest of 128 with spaces and ends it with a line feed.
        string header = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': (3,), }}".PadRight(117) + "\n";
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. Encoding.ASCII.GetBytes(header), .. data], file);
    }

    [Theory]
    [InlineData(0, 1, 1, "()", 128)]
    [InlineData(1, 1, 1, "(1,)", 128)]
    [InlineData(3, 1, 1, "(1, 1, 1)", 128)]
    [InlineData(14, 1, 1, "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)", 128)]
    [InlineData(14, 100, 1, "(100, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)", 128)] // NumPy leaves the first dimension 21 characters to grow; its digits come out of these
    [InlineData(14, 1, 100, "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100)", 192)] // is 128 without padding, so NumPy adds another 64
    [InlineData(15, 1, 1, "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)", 192)]
    public void Write_AnyRank_PadsAsNumpyDoes(int rank, int first, int last, string tuple, int headerLength)
    {
        nint[] shape = [.. Enumerable.Repeat<nint>(1, rank)];
        if (rank > 0)
            (shape[0], shape[^1]) = (first, last);

        byte[] file = Write(new StoredTensor(ElementType.UInt8, shape, new byte[first * last]));

        Assert.Equal(headerLength + (first * last), file.Length);
        Assert.Contains($"'shape': {tuple}, }}", Encoding.ASCII.GetString(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_BFloat16_SaysWhatToDo()
    {
        using TemporaryDirectory directory = new();
        StoredTensor tensor = StoredTensor.From<float>([1], [1], ElementType.BFloat16);

        Refusal.Of(() => NpyFile.Write(directory["x.npy"], tensor), "x.npy", "bfloat16", ".safetensors", "float32");
        Refusal.Of(() => NpzFile.Write(directory["x.npz"], [new("a", tensor)]), "x.npz:a", "bfloat16", ".safetensors");
        Refusal.Of(() => Write(tensor), "stream: the .npy format has no bfloat16");
        Assert.Empty(directory.FileNames);
    }

    [Fact]
    public void Write_SixtyFourLargestDimensions_StillFitsVersion1()
    {
        nint[] shape = [0, .. Enumerable.Repeat(nint.MaxValue, 63)];

        byte[] file = Write(StoredTensor.From<float>([], shape));

        using MemoryStream stream = new(file);
        Assert.Equal(1, file[6]);
        Assert.Equal(shape, NpyFile.Read(stream, "long").Shape);
    }

    private static byte[] Write(StoredTensor tensor)
    {
        using MemoryStream stream = new();
        NpyFile.Write(stream, tensor);
        return stream.ToArray();
    }
}
