using System.Runtime.InteropServices;
using System.Text;
using NormKit.Onnx.Tests;

namespace NormKit.IO.Tests.Models;

public sealed class ModelFileTests
{
    private static readonly float[] Six = [1, -2, 3.5f, 0.25f, 65504, -0.125f];

    [Fact]
    public void Open_Safetensors_GivesTensorsInTheirTypes()
    {
        using TemporaryDirectory directory = new();
        string path = directory["m.safetensors"];
        SafetensorsFile.Write(path, [new("a", StoredTensor.From<float>(Six, [2, 3])), new("b", StoredTensor.From<float>(Six, [6], ElementType.BFloat16))], new Dictionary<string, string> { ["format"] = "pt" });
        using ModelFile model = ModelFile.Open(path);
        Assert.Equal((ModelFormat.Safetensors, "pt", 2), (model.Format, model.Metadata["format"], model.Tensors.Count));
        ModelTensor a = model.Tensors.Single(tensor => tensor.Name == "a"), b = model.Tensors.Single(tensor => tensor.Name == "b");
        Assert.Equal(Six, a.ToArray<float>());
        Assert.Equal([2, 3], a.Shape.ToArray());
        Assert.Equal(("F32", ElementType.Float32, 6L), (a.TypeName, a.ElementType, a.Count));
        Assert.Equal("BF16", b.TypeName);
        Assert.Equal(Six.Select(value => (double)(float)(BFloat16)value), b.ToArray<double>());
    }

    [Fact]
    public void Open_Index_GivesTheTensorsOfAllShards()
    {
        using TemporaryDirectory directory = new();
        string index = Shards(directory, """{"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}""");
        using ModelFile model = ModelFile.Open(index);
        Assert.Equal(["a", "b"], model.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([1f, 2], model.Tensors[0].ToArray<float>());
        Assert.Equal([3f], model.Tensors[1].ToArray<float>());
    }

    [Theory]
    [InlineData("""{"weight_map": {"a": "m-1.safetensors", "b": "m-1.safetensors"}}""", "tensor 'b' is not in 'm-1.safetensors'")]
    [InlineData("""{"weight_map": {"a": "../m-1.safetensors"}}""", "must lie beside its index")]
    [InlineData("""{"weight_map": {"a": "/etc/passwd"}}""", "must lie beside its index")]
    [InlineData("""{"weight_map": {"a": "m-3.safetensors"}}""", "there is no such file")]
    [InlineData("""{"weight_map": {"a": 1}}""", "'a' names no file")]
    [InlineData("""{"weight_map": []}""", "has no object weight_map")]
    [InlineData("""[]""", "has no object weight_map")]
    [InlineData("""{"weight_map": {"a": "m-1.safetensors", "a": "m-1.safetensors"}}""", "'a' occurs twice")]
    [InlineData("""{""", "not valid JSON")]
    public void Open_BadIndex_IsRefused(string json, string rule)
    {
        using TemporaryDirectory directory = new();
        string index = Shards(directory, json);
        Refusal.Of(() => ModelFile.Open(index).Dispose(), rule);
    }

    [Theory]
    [InlineData(2u, 32)]
    [InlineData(3u, 32)]
    [InlineData(3u, 64)]
    public void Open_Gguf_GivesTensorsAndMetadata(uint version, int alignment)
    {
        using TemporaryDirectory directory = new();
        byte[] bfloats = MemoryMarshal.AsBytes(Six.Select(value => Bits(value)).ToArray().AsSpan()).ToArray();
        string path = directory.Write("m.gguf", new GgufBuilder(version, alignment).Text("general.architecture", "llama").UInt32("llama.block_count", 2).Single("llama.attention.layer_norm_rms_epsilon", 1e-5f)
            .Texts("tokenizer.ggml.tokens", "a", "", "long text").Value("flag", 7, writer => writer.Write((byte)1)).Value("wide", 12, writer => writer.Write(0.1))
            .Tensor("a.weight", Six, 2, 3).Halves("b.weight", Six).Raw("c.weight", 30, bfloats, 6).Raw("d.weight", 12, new byte[144 * 2], 2, 256).Raw("e.weight", 99, [], 5).Build());
        using ModelFile model = ModelFile.Open(path);
        Assert.Equal(["a.weight", "b.weight", "c.weight", "d.weight", "e.weight"], model.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(["F32", "F16", "BF16", "Q4_K", "type 99"], model.Tensors.Select(tensor => tensor.TypeName));
        Assert.Equal([2, 3], model.Tensors[0].Shape.ToArray());
        Assert.Equal(Six, model.Tensors[0].ToArray<float>());
        Assert.Equal(Six.Select(value => (float)(Half)value), model.Tensors[1].ToArray<float>());
        Assert.Equal(Six.Select(value => (float)(BFloat16)value), model.Tensors[2].ToArray<float>());
        Assert.Equal(("llama", "2", "1E-05", "true", "0.1"), (model.Metadata["general.architecture"], model.Metadata["llama.block_count"], model.Metadata["llama.attention.layer_norm_rms_epsilon"], model.Metadata["flag"], model.Metadata["wide"]));
        Assert.False(model.Metadata.ContainsKey("tokenizer.ggml.tokens"));
        Refusal.Of(() => model.Tensors[3].ToArray<float>(), "'d.weight' is stored as Q4_K", "convert it");
    }

    [Fact]
    public void Open_SplitGguf_IsReadWhole()
    {
        using TemporaryDirectory directory = new();
        string first = directory.Write("m-00001-of-00002.gguf", new GgufBuilder().Text("general.architecture", "llama").UInt32("split.count", 2).Tensor("a.weight", [1, 2]).Build());
        string second = directory.Write("m-00002-of-00002.gguf", new GgufBuilder().UInt32("split.count", 2).Tensor("b.weight", [3]).Build());
        foreach (string path in (string[])[first, second])
        {
            using ModelFile model = ModelFile.Open(path);
            Assert.Equal(["a.weight", "b.weight"], model.Tensors.Select(tensor => tensor.Name));
            Assert.Equal("llama", model.Metadata["general.architecture"]);
        }
        string lost = directory.Write("renamed.gguf", File.ReadAllBytes(first));
        Refusal.Of(() => ModelFile.Open(lost).Dispose(), "is one of 2 parts of a split model");
    }

    public static TheoryData<byte[], string> BadGguf() => new()
    {
        { [], "magic" },
        { "GGML\x03\0\0\0"u8.ToArray(), "does not begin with 'GGUF'" },
        { Header(1, 0, 0), "version 1" },
        { Header(0x03000000, 0, 0), "big-endian" },
        { Header(4, 0, 0), "version 4" },
        { Header(3, 0, ulong.MaxValue), "18446744073709551615 metadata values" },
        { Header(3, ulong.MaxValue, 0), "18446744073709551615 tensors" },
        { [.. Header(3, 0, 1), .. Number(ulong.MaxValue), .. new byte[32]], "18446744073709551615 bytes of the key" },
        { [.. Header(3, 0, 1), .. Text("k"), 13, 0, 0, 0, .. new byte[32]], "type 13 is not in the format" },
        { [.. Header(3, 0, 1), .. Text("k"), 9, 0, 0, 0, 4, 0, 0, 0, .. Number(1UL << 62)], "cannot fit" },
        { [.. Header(3, 0, 1), .. Text("k"), 9, 0, 0, 0, 9, 0, 0, 0, .. Number(1)], "arrays of type 9" },
        { [.. Header(3, 0, 1), .. Text("k"), 9, 0, 0, 0, 8, 0, 0, 0, .. Number(2), .. Number(9), .. new byte[8]], "cannot fit" },
        { new GgufBuilder().Text("k", "1").Text("k", "2").Build(), "metadata 'k' occurs twice" },
        { new GgufBuilder().UInt32("general.alignment", 24).Tensor("w", [1]).Build(), "power of two" },
        { new GgufBuilder().Tensor("w", [1]).Tensor("w", [1]).Build(), "tensor 'w' occurs twice" },
        { [.. Header(3, 1, 0), .. Text("w"), 5, 0, 0, 0, .. new byte[64]], "5 dimensions" },
        { [.. Header(3, 1, 0), .. Text("w"), 2, 0, 0, 0, .. Number(1UL << 62), .. Number(1UL << 62), 0, 0, 0, 0, .. Number(0), .. new byte[64]], "needs" },
        { [.. Header(3, 1, 0), .. Text("w"), 1, 0, 0, 0, .. Number(1UL << 63), 0, 0, 0, 0, .. Number(0), .. new byte[64]], "dimension of 9223372036854775808" },
        { [.. Header(3, 1, 0), .. Text("w"), 1, 0, 0, 0, .. Number(31), 2, 0, 0, 0, .. Number(0), .. new byte[64]], "blocks of 32" },
        { [.. Header(3, 1, 0), .. Text("w"), 1, 0, 0, 0, .. Number(4), 0, 0, 0, 0, .. Number(ulong.MaxValue - 3), .. new byte[64]], "needs 16 bytes" },
        { new GgufBuilder().Tensor("w", new float[64]).Build()[..200], "truncated" },
    };

    [Theory]
    [MemberData(nameof(BadGguf))]
    public void Open_BadGguf_IsRefused(byte[] bytes, string rule)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("m.gguf", bytes);
        Refusal.Of(() => ModelFile.Open(path).Dispose(), path, rule);
    }

    [Fact]
    public void Open_Onnx_ReadsEachWayToStoreATensor()
    {
        using TemporaryDirectory directory = new();
        directory.Write("w.bin", [9, 9, 9, 9, .. MemoryMarshal.AsBytes(Six.AsSpan())]);
        string path = new OnnxBuilder().Initializer("raw", Six, 2, 3)
            .Tensor(tensor => Floats(tensor, "typed", Six))
            .Tensor(tensor => Varints(tensor, "half", OnnxBuilder.Half, Six.Select(value => (ulong)BitConverter.HalfToUInt16Bits((Half)value))))
            .Tensor(tensor => Varints(tensor, "bfloat", OnnxBuilder.BFloat16, Six.Select(value => (ulong)Bits(value))))
            .Doubles("wide", [0.1]).Scalar("scalar", 4).External("far", "w.bin", 4, 24, OnnxBuilder.Float, 6)
            .Node("If", ["c"], ["y"], "branch", "", ("then_branch", new OnnxBuilder().Initializer("inner", [7f])), ("else_branch", new OnnxBuilder().Initializer("inner2", [8f])))
            .Input("c").Output("y").Write(directory["m.onnx"]);
        using ModelFile model = ModelFile.Open(path);
        double[] Of(string name) => model.Tensors.Single(tensor => tensor.Name == name).ToArray<double>();
        Assert.Equal(Six.Select(value => (double)value), Of("raw"));
        Assert.Equal(Of("raw"), Of("typed"));
        Assert.Equal(Six.Select(value => (double)(Half)value), Of("half"));
        Assert.Equal(Six.Select(value => (double)(float)(BFloat16)value), Of("bfloat"));
        Assert.Equal(0.1, Of("wide")[0]);
        Assert.Equal(4, Of("scalar")[0]);
        Assert.Equal(Of("raw"), Of("far"));
        Assert.Equal([7, 8], [Of("inner")[0], Of("inner2")[0]]);
        Assert.Equal([path, directory["w.bin"]], model.Files);
        Assert.Equal("the tests", model.Metadata["producer_name"]);
    }

    [Theory]
    [InlineData("../w.bin", 0, 4, "must lie in the model's directory")]
    [InlineData("/etc/passwd", 0, 4, "must lie in the model's directory")]
    [InlineData("w.bin", 5, 4, "needs 4 bytes from byte 5 on")]
    [InlineData("w.bin", 9, 4, "begins at byte 9")]
    [InlineData("w.bin", -1, 4, "is no number")]
    [InlineData("w.bin", 0, 8, "needs 4 bytes but has 8")]
    [InlineData("no.bin", 0, 4, "there is no such file")]
    public void Open_BadExternalData_IsRefused(string location, long offset, long length, string rule)
    {
        using TemporaryDirectory directory = new();
        directory.Write("w.bin", new byte[8]);
        string path = new OnnxBuilder().External("w", location, offset, length, OnnxBuilder.Float, 1).Write(directory["m.onnx"]);
        Refusal.Of(() => ModelFile.Open(path).Dispose(), rule);
    }

    public static TheoryData<byte[], string> BadOnnx() => new()
    {
        { [], "holds no graph" },
        { [0x08, 0x08], "holds no graph" },
        { [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], "its message has" },
        { [0x3A], "a number ends behind its message" },
        { [0x3A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], "more than ten bytes" },
        { [0x3B], "wire type 3" },
        { [0x00, 0x00], "field number 0" },
        { [0x38, 0x01], "the graph is written as Varint" },
        { [0x3A, 0, 0x3A, 0], "two graphs" },
        { new OnnxBuilder().Raw("w", 1, new byte[4], [2]).Build(), "needs 8 bytes but has 4" },
        { new OnnxBuilder().Raw("w", 1, new byte[4], [long.MaxValue, long.MaxValue]).Build(), "needs" },
        { new OnnxBuilder().Raw("w", 1, new byte[4], [-1]).Build(), "a dimension of -1" },
        { new OnnxBuilder().Initializer("w", [1]).Initializer("w", [1]).Build(), "'w' occurs twice" },
        { Deep(34), "more than 32 deep" },
    };

    [Theory]
    [MemberData(nameof(BadOnnx))]
    public void Open_BadOnnx_IsRefused(byte[] bytes, string rule)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("m.onnx", bytes);
        Refusal.Of(() => ModelFile.Open(path).Dispose(), path, rule);
    }

    [Theory]
    [InlineData("m.bin", "unknown kind of model file")]
    [InlineData("m.pt", "unknown kind of model file")]
    [InlineData("none.onnx", "there is no such file")]
    [InlineData("none.gguf", "there is no such file")]
    [InlineData("none.safetensors", "there is no such file")]
    public void Open_NoModel_IsRefused(string name, string rule)
    {
        using TemporaryDirectory directory = new();
        Refusal.Of(() => ModelFile.Open(directory[name]).Dispose(), rule);
    }

    /// <summary>Truncated, and with a byte changed: a model or a refusal, and no allocation beyond the file.</summary>
    [Theory]
    [InlineData("gguf")]
    [InlineData("onnx")]
    [InlineData("safetensors")]
    public void Open_DamagedFile_IsReadOrRefused(string format)
    {
        using TemporaryDirectory directory = new();
        byte[] sound = format switch
        {
            "gguf" => new GgufBuilder().Text("general.architecture", "llama").Single("llama.attention.layer_norm_rms_epsilon", 1e-5f).Texts("tokens", "a", "b").Tensor("blk.0.attn_norm.weight", Six).Halves("output_norm.weight", Six).Build(),
            "onnx" => new OnnxBuilder().Initializer("s", Six).Initializer("b", Six).Initializer("m", Six).Initializer("v", [1, 1, 1, 1, 1, 1]).Input("x", 2, 6).Output("y", 2, 6)
                .Node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], "bn", "", ("epsilon", 1e-3f), ("momentum", 0.9f)).Build(),
            _ => HandMade.Safetensors("""{"bn.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"bn.running_var":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"bn.running_mean":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", new byte[12]),
        };
        Random random = new(7);
        string path = directory[$"m.{format}"];
        for (int i = 0; i < 2 * sound.Length; i += 2)
        {
            byte[] bytes = [.. sound];
            if (i < sound.Length)
                bytes = bytes[..i];
            else
                bytes[random.Next(sound.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(path, bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ModelInspector.Inspect(path);
            }
            catch (TensorFileException error)
            {
                Assert.Contains("m.", error.Message, StringComparison.Ordinal);
            }
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2 << 20);
        }
    }

    /// <summary>A sparse file: a header, and ten gigabytes that take no room on the disk.</summary>
    [Fact]
    public void Inspect_TenGigabytes_ReadsTheNormsOnly()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Sparse files are made here on Linux only.");
        using TemporaryDirectory directory = new();
        const long large = 10_000_000_000;
        string path = directory["m.safetensors"];
        byte[] header = Encoding.UTF8.GetBytes($$$"""{"model.embed_tokens.weight":{"dtype":"BF16","shape":[{{{large / 2}}}],"data_offsets":[0,{{{large}}}]},"model.norm.weight":{"dtype":"F32","shape":[4],"data_offsets":[{{{large}}},{{{large + 16}}}]}}""");
        using (FileStream file = File.Create(path))
        {
            file.Write(BitConverter.GetBytes((ulong)header.Length));
            file.Write(header);
            file.Position += large;
            file.Write(MemoryMarshal.AsBytes(new float[] { 1, 1.5f, float.NaN, 2 }.AsSpan()));
        }
        long before = Environment.WorkingSet;
        ModelInspection inspection = ModelInspector.Inspect(path);
        Assert.True(Environment.WorkingSet - before < 300L << 20);
        Assert.Equal(NormFindingKind.NotFinite, Assert.Single(Assert.Single(inspection.Norms).Findings).Kind);
    }

    /// <summary>An initializer of three gigabytes within the .onnx file itself, more than protobuf's own readers take.</summary>
    [Fact]
    public void Open_OnnxBeyondTwoGigabytes_IsRead()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Sparse files are made here on Linux only.");
        using TemporaryDirectory directory = new();
        const long large = 3_000_000_000;
        string path = directory["m.onnx"];
        byte[] norm = new ProtobufWriter().Message(1, node =>
        {
            foreach (string input in (string[])["x", "s", "s", "s", "s"])
                node.Text(1, input);
            node.Text(2, "y").Text(4, "BatchNormalization");
        }).Message(5, tensor =>
        {
            OnnxBuilder.Head(tensor, "s", 1, [2]);
            tensor.Bytes(9, MemoryMarshal.AsBytes(new float[] { 1, 2 }.AsSpan()).ToArray());
        }).ToArray();
        byte[] head = [.. new ProtobufWriter().Integer(1, large / 4).Integer(2, 1).Text(8, "big").ToArray(), 0x4A, .. Varint(large)];
        using (FileStream file = File.Create(path))
        {
            file.Write([0x3A, .. Varint(norm.Length + 1 + Varint(head.Length + large).Length + head.Length + large), .. norm, 0x2A, .. Varint(head.Length + large), .. head]);
            file.SetLength(file.Position + large);
        }
        using ModelFile model = ModelFile.Open(path);
        Assert.Equal(["s", "big"], model.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([1, 2], model.Tensors[0].ToArray<double>());
        Assert.Equal(large / 4, model.Tensors[1].Count);
    }

    /// <summary>The upper half of a float, rounded to even.</summary>
    private static ushort Bits(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static byte[] Varint(long value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }

    private static byte[] Deep(int depth)
    {
        OnnxBuilder graph = new();
        for (int i = 0; i < depth; i++)
            graph = new OnnxBuilder().Node("If", ["c"], ["y"], "", "", ("then_branch", graph));
        return graph.Build();
    }

    private static string Shards(TemporaryDirectory directory, string json)
    {
        SafetensorsFile.Write(directory["m-1.safetensors"], [new("a", StoredTensor.From<float>([1, 2], [2]))]);
        SafetensorsFile.Write(directory["m-2.safetensors"], [new("b", StoredTensor.From<float>([3], [1]))]);
        return directory.Write("m.safetensors.index.json", Encoding.UTF8.GetBytes(json));
    }

    private static void Floats(ProtobufWriter tensor, string name, float[] values)
    {
        OnnxBuilder.Head(tensor, name, OnnxBuilder.Float, [values.Length]);
        tensor.Bytes(4, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
    }

    private static void Varints(ProtobufWriter tensor, string name, int type, IEnumerable<ulong> values)
    {
        List<byte> packed = [];
        ulong[] all = [.. values];
        foreach (ulong value in all)
            packed.AddRange(Varint((long)value));
        OnnxBuilder.Head(tensor, name, type, [all.Length]);
        tensor.Bytes(5, [.. packed]);
    }

    private static byte[] Header(uint version, ulong tensors, ulong values) => [.. "GGUF"u8, .. BitConverter.GetBytes(version), .. Number(tensors), .. Number(values)];

    private static byte[] Number(ulong value) => BitConverter.GetBytes(value);

    private static byte[] Text(string text) => [.. Number((ulong)text.Length), .. Encoding.UTF8.GetBytes(text)];
}
