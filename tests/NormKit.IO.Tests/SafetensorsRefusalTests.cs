using System.Text;

namespace NormKit.IO.Tests;

public class SafetensorsRefusalTests
{
    [Theory]
    [InlineData(ulong.MaxValue, "exceeds 100000000")]
    [InlineData(1UL << 63, "exceeds 100000000")]
    [InlineData(100_000_001UL, "exceeds 100000000")]
    [InlineData(100_000_000UL, "needs 100000000 bytes")]
    [InlineData(3UL, "needs 3 bytes but only 2 follow")]
    [InlineData(0UL, "does not begin with '{'")]
    public void Names_BadHeaderLength_IsRefused(ulong length, string rule) =>
        Refuse(HandMade.Safetensors("{}", [], length), "header", rule);

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void Names_FileShorterThanItsLengthField_IsRefused(int length) => Refuse(new byte[length], "header length", "needs 8 bytes");

    [Theory]
    [InlineData(" {}", "does not begin with '{'")]
    [InlineData("\n{}", "does not begin with '{'")]
    [InlineData("[]", "does not begin with '{'")]
    [InlineData("null", "does not begin with '{'")]
    [InlineData("{", "not valid JSON near byte 9:")]
    [InlineData("{}x", "not valid JSON near byte 10:")]
    [InlineData("{}{}", "not valid JSON near byte 10:")]
    [InlineData("{}\0\0", "not valid JSON near byte 10:")]
    [InlineData("{'a':1}", "not valid JSON near byte 9:")]
    [InlineData("{\"a\":1,}", "tensor 'a': expected an object")]
    [InlineData("{/* */}", "not valid JSON near byte 9:")]
    [InlineData("{\"\\ud800\":1}", "a string near byte 18 is no valid Unicode text.")]
    [InlineData("{\"a\":null}", "tensor 'a': expected an object")]
    [InlineData("{\"a\":[[[[[]]]]]}", "tensor 'a': expected an object")]
    [InlineData("{\"a\\nERROR\":1}", "tensor 'a?ERROR'")]
    [InlineData("{\"__metadata__\":1}", "'__metadata__': expected an object of strings")]
    [InlineData("{\"__metadata__\":{\"a\":1}}", "'__metadata__': expected a string for 'a'")]
    [InlineData("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "'__metadata__': the key 'a' occurs twice")]
    [InlineData("{\"__metadata__\":{},\"__metadata__\":{}}", "'__metadata__': the key occurs twice")]
    public void Names_BadHeader_IsRefused(string header, string rule) => Refuse(HandMade.Safetensors(header, []), "header", rule);

    [Theory]
    [InlineData("""{"shape":[1],"data_offsets":[0,4]}""", "the field dtype is missing")]
    [InlineData("""{"dtype":"F32","data_offsets":[0,4]}""", "the field shape is missing")]
    [InlineData("""{"dtype":"F32","shape":[1]}""", "the field data_offsets is missing")]
    [InlineData("""{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":0}""", "the field 'x' is unknown")]
    [InlineData("""{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}""", "the field dtype occurs twice")]
    [InlineData("""{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}""", "the field shape occurs twice")]
    [InlineData("""{"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_offsets":[0,4]}""", "the field data_offsets occurs twice")]
    [InlineData("""{"dtype":"f32","shape":[1],"data_offsets":[0,4]}""", "dtype 'f32' is not one of the format")]
    [InlineData("""{"dtype":7,"shape":[1],"data_offsets":[0,4]}""", "expected a string for dtype")]
    [InlineData("""{"dtype":"F32","shape":1,"data_offsets":[0,4]}""", "expected an array for shape")]
    [InlineData("""{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}""", "shape has an element that is not an integer")]
    [InlineData("""{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}""", "shape has an element that is not an integer")]
    [InlineData("""{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}""", "shape has an element that is not an integer")]
    [InlineData("""{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}""", "shape has an element that is not an integer")]
    [InlineData("""{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}""", "shape has an element that is not an integer")]
    [InlineData("""{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}""", "shape has an element that is not an integer")]
    [InlineData("""{"dtype":"F32","shape":[2,18446744073709551614],"data_offsets":[0,4]}""", "shape has an element that is not an integer")]
    [InlineData("""{"dtype":"F32","shape":[2,9223372036854775807],"data_offsets":[0,4]}""", "shape [2, 9223372036854775807]")]
    [InlineData("""{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}""", "shape [4611686018427387905]")]
    [InlineData("""{"dtype":"F32","shape":[2],"data_offsets":[0,4]}""", "shape [2] of F32 has 64 bits but data_offsets")]
    [InlineData("""{"dtype":"F32","shape":[0],"data_offsets":[0,4]}""", "shape [0] of F32 has 0 bits")]
    [InlineData("""{"dtype":"F4","shape":[7],"data_offsets":[0,4]}""", "shape [7] of F4 has 28 bits")]
    [InlineData("""{"dtype":"F32","shape":[1],"data_offsets":[4,0]}""", "data_offsets [4, 0]")]
    [InlineData("""{"dtype":"F32","shape":[1],"data_offsets":[0]}""", "data_offsets [0]")]
    [InlineData("""{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}""", "data_offsets has more than 2")]
    [InlineData("""{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}""", "data_offsets has an element")]
    [InlineData("""{"dtype":"F32","shape":[1],"data_offsets":[1,5]}""", "a hole of 1 bytes")]
    public void Names_BadTensor_IsRefused(string tensor, string rule) =>
        Refuse(HandMade.Safetensors($$$"""{"w":{{{tensor}}}}""", new byte[4]), "header, tensor 'w'", rule);

    [Theory]
    [InlineData(0, 4, 2, 6, 6, "tensor 'b': data_offsets [2, 6] leave an overlap")]
    [InlineData(0, 4, 0, 4, 4, "an overlap")]
    [InlineData(0, 4, 5, 9, 9, "tensor 'b': data_offsets [5, 9] leave a hole of 1 bytes")]
    [InlineData(0, 4, 4, 12, 12, "tensor 'b': shape [1] of F32 has 32 bits but data_offsets [4, 12] span 8 bytes")]
    [InlineData(0, 4, 4, 8, 9, "data_offsets end at 8 but the data section has 9 bytes")]
    [InlineData(0, 4, 4, 8, 7, "data_offsets end at 8 but the data section has 7 bytes")]
    public void Names_TensorsThatDoNotCoverTheData_AreRefused(int begin, int end, int begin2, int end2, int length, string rule) => Refuse(
        HandMade.Safetensors(
            $$$"""{"b":{"dtype":"F32","shape":[1],"data_offsets":[{{{begin2}}},{{{end2}}}]},"a":"""
            + $$$"""{"dtype":"F32","shape":[1],"data_offsets":[{{{begin}}},{{{end}}}]}}""",
            new byte[length]),
        rule);

    [Fact]
    public void Names_NameTwice_IsRefused() => Refuse(
        HandMade.Safetensors(
            """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", [1, 2]),
        "tensor 'a'", "the name occurs twice");

    [Fact]
    public void Names_HeaderThatIsNotUtf8_IsRefused() =>
        Refuse(HandMade.Safetensors([(byte)'{', (byte)'"', 0xFF, (byte)'"'], []), "not valid UTF-8");

    [Fact]
    public void Names_DeepNesting_IsRefused() => Refuse(
        HandMade.Safetensors($$$"""{"__metadata__":{"a":{{{new string('[', 100_000)}}}}}""", []), "expected a string for 'a'");

    [Fact]
    public void Names_SixtyFiveDimensions_AreRefused() => Refuse(
        HandMade.Safetensors($$$"""{"a":{"dtype":"U8","shape":[{{{string.Join(',', new int[65])}}}],"data_offsets":[0,0]}}""", []),
        "shape has more than 64 elements");

    [Fact]
    public void Names_AHundredThousandAliases_AreRefusedAtTheCostOfTheirHeader()
    {
        StringBuilder header = new("{");
        for (int i = 0; i < 100_000; i++)
            header.Append(null, $"\"{i}\":{{\"dtype\":\"U8\",\"shape\":[64],\"data_offsets\":[0,64]}},");
        header[^1] = '}';
        using TemporaryDirectory directory = new();
        byte[] file = HandMade.Safetensors(header.ToString(), new byte[64]);
        string path = directory.Write("bad.safetensors", file);
        long before = GC.GetAllocatedBytesForCurrentThread();

        TensorFileException error = Assert.Throws<TensorFileException>(() => SafetensorsFile.ReadAll(path));

        Assert.Contains("an overlap", error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16L * file.Length);
    }

    [Fact]
    public void Read_TensorLargerThanAnArray_IsRefused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "needs a file system with sparse files");
        using TemporaryDirectory directory = new();
        const long length = 3L << 30;
        byte[] start = HandMade.Safetensors(
            $$$"""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[{{{length}}}],"data_offsets":[1,{{{length + 1}}}]},"z":"""
            + $$$"""{"dtype":"U8","shape":[1],"data_offsets":[{{{length + 1}}},{{{length + 2}}}]}}""", []);
        string path = directory.Write("bad.safetensors", start);
        using (FileStream stream = File.OpenWrite(path))
            stream.SetLength(start.Length + length + 2);

        Assert.Equal(["a", "w", "z"], SafetensorsFile.Names(path));
        Assert.Equal([0f], SafetensorsFile.Read(path, "z").ToArray<float>());
        Refusal.Of(() => SafetensorsFile.Read(path, "w"), path, $"tensor 'w': shape [{length}] of U8: {length} bytes, larger than an array can be here");
    }

    [Fact]
    public void Names_PathThatCannotBeOpened_SaysWhyInOneLine()
    {
        using TemporaryDirectory directory = new();

        Refusal.Of(() => SafetensorsFile.Names(directory["none.safetensors"]), "none.safetensors", "there is no such file");
        Refusal.Of(() => SafetensorsFile.Metadata(directory.Root), directory.Root, "it is a directory");
    }

    private static void Refuse(byte[] file, params string[] fragments)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("bad.safetensors", file);

        Refusal.Of(() => SafetensorsFile.Names(path), [path, .. fragments]);
        Refusal.Of(() => SafetensorsFile.Read(path, "w"), [path, .. fragments]);
    }
}
