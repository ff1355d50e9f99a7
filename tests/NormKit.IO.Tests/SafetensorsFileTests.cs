using System.Text;

namespace NormKit.IO.Tests;

public class SafetensorsFileTests
{
    private const string TwoTensors = """{"b":{"dtype":"F32","shape":[2],"data_offsets":[2,10]},"a":"""
        + """{"dtype":"U8","shape":[1,2],"data_offsets":[0,2]}}""";

    private static readonly byte[] TwoTensorsData = [7, 8, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40];

    [Theory]
    [InlineData("BOOL", ElementType.Boolean, new byte[] { 1 }, 1)]
    [InlineData("U8", ElementType.UInt8, new byte[] { 254 }, 254)]
    [InlineData("I8", ElementType.Int8, new byte[] { 254 }, -2)]
    [InlineData("I16", ElementType.Int16, new byte[] { 0xFE, 0xFF }, -2)]
    [InlineData("U16", ElementType.UInt16, new byte[] { 0xFE, 0xFF }, 65534)]
    [InlineData("F16", ElementType.Float16, new byte[] { 0x00, 0x3E }, 1.5)]
    [InlineData("BF16", ElementType.BFloat16, new byte[] { 0xC0, 0x3F }, 1.5)]
    [InlineData("I32", ElementType.Int32, new byte[] { 0, 1, 0, 0x80 }, -2147483392)]
    [InlineData("U32", ElementType.UInt32, new byte[] { 0, 1, 0, 0x80 }, 2147483904)]
    [InlineData("F32", ElementType.Float32, new byte[] { 0, 0, 0x20, 0xC0 }, -2.5)]
    [InlineData("F64", ElementType.Float64, new byte[] { 0, 0, 0, 0, 0, 0, 0xE0, 0x3F }, 0.5)]
    [InlineData("I64", ElementType.Int64, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0x80 }, -9223372036854775808)]
    [InlineData("U64", ElementType.UInt64, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0x80 }, 9223372036854775808)]
    public void Read_EveryElementType_GivesItsValue(string dtype, ElementType type, byte[] data, double expected)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("a.safetensors", HandMade.Safetensors(
            $$$"""{"x":{"dtype":"{{{dtype}}}","shape":[],"data_offsets":[0,{{{data.Length}}}]}}""", data));

        StoredTensor tensor = SafetensorsFile.Read(path, "x");

        Assert.Equal(type, tensor.ElementType);
        Assert.True(tensor.Shape.IsEmpty);
        Assert.Equal([expected], tensor.ToArray<double>());
        Assert.Equal([(float)expected], tensor.ToArray<float>());
    }

    [Fact]
    public void ReadAll_TensorsInAnyOrder_AreFoundByTheirOffsets()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("a.safetensors", HandMade.Safetensors(TwoTensors + "   ", TwoTensorsData));

        IReadOnlyDictionary<string, StoredTensor> tensors = SafetensorsFile.ReadAll(path);

        Assert.Equal(["b", "a"], SafetensorsFile.Names(path));
        Assert.Equal(2, tensors.Count);
        Assert.Equal([1f, 2f], tensors["b"].ToArray<float>());
        Assert.Equal([7f, 8f], tensors["a"].ToArray<float>());
        Assert.Equal([1, 2], tensors["a"].Shape);
        Assert.Empty(SafetensorsFile.Metadata(path));
        Refusal.Of(() => SafetensorsFile.Read(path, "c"), "a.safetensors", "'c'", "'b', 'a'");
    }

    [Fact]
    public void Read_ZeroDimensionsAndEscapedNames_AreAccepted()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("a.safetensors", HandMade.Safetensors(
            """{"e":{"dtype":"F64","shape":[0,9223372036854775807],"data_offsets":[0,0]},"\u00e9\n":"""
            + """{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[3,0],"data_offsets":[1,1]}}""",
            [9]));

        Assert.Equal(["e", "é\n", "f"], SafetensorsFile.Names(path));
        Assert.Equal([9f], SafetensorsFile.Read(path, "é\n").ToArray<float>());
        Assert.Equal([0, nint.MaxValue], SafetensorsFile.Read(path, "e").Shape);
        Assert.Equal(0, SafetensorsFile.Read(path, "f").To<double>().FlattenedLength);
    }

    [Fact]
    public void Read_NoTensors_IsAValidFile()
    {
        using TemporaryDirectory directory = new();

        Assert.Empty(SafetensorsFile.Names(directory.Write("a.safetensors", HandMade.Safetensors("{}", []))));
    }

    [Theory]
    [InlineData("F4", "[3,2]", 3)]
    [InlineData("F6_E2M3", "[4]", 3)]
    [InlineData("F6_E3M2", "[4]", 3)]
    [InlineData("F8_E8M0", "[3]", 3)]
    [InlineData("C64", "[2]", 16)]
    public void Read_TypeWithoutCounterpart_IsRefusedAloneAndTheRestIsRead(string dtype, string shape, int bytes)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("a.safetensors", HandMade.Safetensors(
            $$$"""{"q":{"dtype":"{{{dtype}}}","shape":{{{shape}}},"data_offsets":[0,{{{bytes}}}]},"w":"""
            + $$$"""{"dtype":"U8","shape":[1],"data_offsets":[{{{bytes}}},{{{bytes + 1}}}]}}""",
            [.. new byte[bytes], 5]));

        Assert.Equal(["q", "w"], SafetensorsFile.Names(path));
        Assert.Equal([5f], SafetensorsFile.Read(path, "w").ToArray<float>());
        Refusal.Of(() => SafetensorsFile.Read(path, "q"), path, "tensor 'q'", $"dtype {dtype} is not supported");
        Refusal.Of(() => SafetensorsFile.ReadAll(path), path, "tensor 'q'");
    }

    /// <summary>Every pattern of 8 bits, against the definition of the format: sign, exponent, mantissa, and which patterns are no number.</summary>
    [Theory]
    [InlineData("F8_E4M3", 3, 7)]
    [InlineData("F8_E5M2", 2, 15)]
    [InlineData("F8_E4M3FNUZ", 3, 8)]
    [InlineData("F8_E5M2FNUZ", 2, 16)]
    public void Read_FloatsOf8Bits_AreWidened(string dtype, int mantissaBits, int bias)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("a.safetensors", HandMade.Safetensors(
            $$$"""{"q":{"dtype":"{{{dtype}}}","shape":[16,16],"data_offsets":[0,256]}}""", [.. Enumerable.Range(0, 256).Select(i => (byte)i)]));
        StoredTensor tensor = SafetensorsFile.Read(path, "q");
        Assert.Equal((ElementType.Float32, 256), (tensor.ElementType, tensor.Count));
        float[] values = tensor.ToArray<float>();
        for (int bits = 0; bits < 256; bits++)
        {
            int exponent = (bits & 0x7F) >> mantissaBits, mantissa = bits & ((1 << mantissaBits) - 1);
            double magnitude = exponent == 0
                ? mantissa * Math.Pow(2, 1 - bias - mantissaBits) : (1 + (mantissa * Math.Pow(2, -mantissaBits))) * Math.Pow(2, exponent - bias);
            double expected = dtype switch
            {
                "F8_E4M3" when (bits & 0x7F) == 0x7F => double.NaN,
                "F8_E5M2" when exponent == 31 => mantissa == 0 ? double.PositiveInfinity : double.NaN,
                "F8_E4M3FNUZ" or "F8_E5M2FNUZ" when bits == 0x80 => double.NaN,
                _ => magnitude,
            };
            Assert.Equal((float)(bits < 0x80 ? expected : -expected), values[bits]);
        }
    }

    /// <summary>The upper byte of an IEEE half is E5M2.</summary>
    [Fact]
    public void Read_E5M2_IsTheUpperByteOfAHalf()
    {
        using TemporaryDirectory directory = new();
        byte[] bytes = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        string path = directory.Write("a.safetensors", HandMade.Safetensors("""{"q":{"dtype":"F8_E5M2","shape":[256],"data_offsets":[0,256]}}""", bytes));
        Assert.Equal(bytes.Select(b => (float)BitConverter.UInt16BitsToHalf((ushort)(b << 8))), SafetensorsFile.Read(path, "q").ToArray<float>());
    }

    [Fact]
    public void Write_MixedTypes_AreOrderedAsTheReferenceOrdersThem()
    {
        using TemporaryDirectory directory = new();
        string path = directory["a.safetensors"];

        SafetensorsFile.Write(
            path,
            [
                new("h", StoredTensor.From<float>([1.5f], [1], ElementType.Float16)),
                new("b", StoredTensor.From<float>([1.5f], [1], ElementType.BFloat16)),
                new("z", StoredTensor.From<float>([1, 2], [2])),
                new("é\"", StoredTensor.From<double>([0.5], [])),
                new("a", StoredTensor.From<float>([], [0, 4])),
                new("n", new StoredTensor(ElementType.Int64, [1], [1, 0, 0, 0, 0, 0, 0, 0])),
            ],
            new Dictionary<string, string> { ["k"] = "v", ["format"] = "pt" });

        string header = """{"__metadata__":{"format":"pt","k":"v"},"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"é\"":"""
            + """{"dtype":"F64","shape":[],"data_offsets":[8,16]},"a":{"dtype":"F32","shape":[0,4],"data_offsets":[16,16]},"z":"""
            + """{"dtype":"F32","shape":[2],"data_offsets":[16,24]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[24,26]},"h":"""
            + """{"dtype":"F16","shape":[1],"data_offsets":[26,28]}}""";
        byte[] text = Encoding.UTF8.GetBytes(header);
        text = [.. text, .. Enumerable.Repeat((byte)' ', (8 - (text.Length % 8)) % 8)];
        byte[] data = Convert.FromHexString("0100000000000000" + "000000000000E03F" + "0000803F00000040" + "C03F" + "003E");
        Assert.Equal(HandMade.Safetensors(text, data), File.ReadAllBytes(path));
        Assert.Equal("pt", SafetensorsFile.Metadata(path)["format"]);
    }

    [Theory]
    [InlineData("abc", 64)] // {"abc":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}} has 55 characters
    [InlineData("abcd", 64)]
    [InlineData("abcde", 72)]
    public void Write_HeaderOfAnyLength_IsPaddedToEightBytes(string name, int fileLength)
    {
        using TemporaryDirectory directory = new();

        SafetensorsFile.Write(directory["a.safetensors"], [new(name, new StoredTensor(ElementType.UInt8, [0], []))]);

        Assert.Equal(fileLength, new FileInfo(directory["a.safetensors"]).Length);
    }

    [Fact]
    public void Write_NamesThatNoFileCanHold_Throw()
    {
        using TemporaryDirectory directory = new();
        string path = directory["a.safetensors"];
        StoredTensor tensor = StoredTensor.From<float>([1], [1]);

        Assert.Throws<ArgumentException>("name", () => SafetensorsFile.Write(path, [new("__metadata__", tensor)]));
        Assert.Throws<ArgumentException>("name", () => SafetensorsFile.Write(path, [new("x", tensor), new("x", tensor)]));
        Assert.Throws<ArgumentException>("name", () => SafetensorsFile.Write(path, [new("a\udc00", tensor)]));
        Dictionary<string, string> metadata = new() { ["k"] = "\ud800" };
        string message = Assert.Throws<ArgumentException>("metadata", () => SafetensorsFile.Write(path, [], metadata)).Message;
        Assert.StartsWith("The metadata 'k' is null or no valid Unicode text.", message, StringComparison.Ordinal);
        Assert.Empty(directory.FileNames);
    }

    [Fact]
    public void Write_HeaderLongerThanTheFormatAllows_IsRefused()
    {
        using TemporaryDirectory directory = new();
        string path = directory["a.safetensors"];
        string value = new('x', 99_990);
        Dictionary<string, string> metadata = Enumerable.Range(0, 1000).ToDictionary(i => $"{i:000}", _ => value);

        // {"__metadata__":{}} has 19 characters, each "000":"", has 9 (the last no comma), and this one has what is left.
        metadata["000"] = new('x', 100_000_000 - 19 - 8_999 - (999 * value.Length));
        SafetensorsFile.Write(path, [], metadata);
        Assert.Equal(8 + 100_000_000, new FileInfo(path).Length);
        metadata["000"] += 'x';
        TensorFileException error = Assert.Throws<TensorFileException>(() => SafetensorsFile.Write(path, [], metadata));
        Assert.Equal($"{path}: the header has 100000008 bytes, the format allows 100000000.", error.Message); // padded to eight
        Assert.Equal(8 + 100_000_000, new FileInfo(path).Length); // the file that was there is left
    }
}
