using CsCheck;

namespace NormKit.IO.Tests;

/// <summary>Whatever is written is read again, in each format, with each element type and many shapes.</summary>
public class RoundTripTests
{
    private static readonly Gen<StoredTensor> AnyTensor =
        from type in Gen.Enum<ElementType>()
        from shape in Gen.Int[0, 5].Array[0, 5]
        from seed in Gen.Int
        select Random(type, shape, seed);

    [Fact]
    public void Npy_AnyTensor_ComesBack() => AnyTensor.Where(tensor => tensor.ElementType != ElementType.BFloat16).Sample(tensor =>
    {
        using MemoryStream stream = new();
        NpyFile.Write(stream, tensor);
        stream.Position = 0;
        return Same(tensor, NpyFile.Read(stream, "round trip"));
    }, iter: 2000, threads: 1);

    [Theory]
    [InlineData(".npz", false)]
    [InlineData(".npz", true)]
    [InlineData(".safetensors", false)]
    public void Archives_AnyTensors_ComeBack(string extension, bool compress)
    {
        using TemporaryDirectory directory = new();
        string path = directory["a" + extension];
        bool bfloat16 = extension == ".safetensors";
        Gen<StoredTensor> storable = AnyTensor.Where(tensor => bfloat16 || tensor.ElementType != ElementType.BFloat16);
        Gen.Dictionary(Gen.String, storable)[0, 6].Where(IsUnicode).Sample(
            tensors =>
            {
                if (bfloat16)
                    SafetensorsFile.Write(path, tensors);
                else
                    NpzFile.Write(path, tensors, compress);

                IReadOnlyDictionary<string, StoredTensor> read = bfloat16 ? SafetensorsFile.ReadAll(path) : NpzFile.ReadAll(path);
                return read.Count == tensors.Count && tensors.All(named => Same(named.Value, read[named.Key]));
            },
            iter: 300,
            threads: 1);
    }

    private static bool IsUnicode(Dictionary<string, StoredTensor> tensors) =>
        tensors.Keys.All(name => !name.Any(char.IsSurrogate) && name != "__metadata__");

    private static bool Same(StoredTensor a, StoredTensor b) =>
        a.ElementType == b.ElementType && a.Shape.SequenceEqual(b.Shape) && a.Bytes.SequenceEqual(b.Bytes);

    /// <summary>What is written to a stream is the file, byte for byte, and is read back from where the stream stands.</summary>
    [Fact]
    public void Streams_OfNpzAndSafetensors_HoldTheFiles()
    {
        using TemporaryDirectory directory = new();
        KeyValuePair<string, StoredTensor>[] tensors = [new("b", StoredTensor.From<float>([1, 2, 3], [3])), new("a", StoredTensor.From<double>([0.5], []))];
        Dictionary<string, string> metadata = new() { ["format"] = "pt" };
        NpzFile.Write(directory["a.npz"], tensors, compress: true);
        SafetensorsFile.Write(directory["a.safetensors"], tensors, metadata);

        using MemoryStream npz = new(), safetensors = new();
        NpzFile.Write(npz, tensors, compress: true);
        safetensors.Write([9, 9, 9]);
        SafetensorsFile.Write(safetensors, tensors, metadata);

        Assert.Equal(File.ReadAllBytes(directory["a.npz"]), npz.ToArray());
        Assert.Equal(File.ReadAllBytes(directory["a.safetensors"]), safetensors.ToArray()[3..]);
        Assert.Equal(["b", "a"], NpzFile.Names(npz, "npz"));
        Assert.Equal([1f, 2, 3], NpzFile.Read(npz, "npz", "b", NpzLimits.None).ToArray<float>());
        Assert.Equal(2, NpzFile.ReadAll(npz, "npz", NpzLimits.None).Count);
        Assert.Equal(["a", "b"], AtThree(stream => SafetensorsFile.Names(stream, "st")));
        Assert.Equal("pt", AtThree(stream => SafetensorsFile.Metadata(stream, "st"))["format"]);
        Assert.Equal([1f, 2, 3], AtThree(stream => SafetensorsFile.Read(stream, "st", "b")).ToArray<float>());
        Assert.Equal([0.5], AtThree(stream => SafetensorsFile.ReadAll(stream, "st"))["a"].ToArray<double>());

        T AtThree<T>(Func<Stream, T> read)
        {
            safetensors.Position = 3;
            return read(safetensors);
        }
    }

    private static StoredTensor Random(ElementType type, int[] shape, int seed)
    {
        byte[] bytes = new byte[shape.Aggregate(type.SizeInBytes(), (product, length) => product * length)];
        new Random(seed).NextBytes(bytes);
        return new StoredTensor(type, [.. shape.Select(length => (nint)length)], bytes);
    }
}
