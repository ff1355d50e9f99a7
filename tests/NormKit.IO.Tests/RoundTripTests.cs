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

    private static StoredTensor Random(ElementType type, int[] shape, int seed)
    {
        byte[] bytes = new byte[shape.Aggregate(type.SizeInBytes(), (product, length) => product * length)];
        new Random(seed).NextBytes(bytes);
        return new StoredTensor(type, [.. shape.Select(length => (nint)length)], bytes);
    }
}
